"""What L-BFGS remembers in half precision leads where the whole arrays lead, from memory and from a disk."""

import functools

import numpy as np
import pytest

from neural_style.errors import RunError
from neural_style.files import Scratch
from neural_style.painting import remembered
from neural_style.painting.optimizers import LBFGS
from neural_style.painting.remembered import Half, Whole

SHAPE = (1, 3, 20, 30)
GENERATOR = np.random.default_rng(0)
WEIGHTS = np.exp(GENERATOR.normal(0, 2, SHAPE)).astype(np.float32)
TARGET = GENERATOR.normal(0, 50, SHAPE).astype(np.float32)


@pytest.fixture(params=["memory", "disk"])
def half(request, tmp_path, monkeypatch):
    monkeypatch.setattr(remembered, "PIECE", 500)  # several pieces, the last one shorter
    return functools.partial(Half, scratch=Scratch(tmp_path) if request.param == "disk" else None)


def losses(optimizer, image, count):
    found = []
    for _ in range(count):
        difference = image - TARGET
        found.append(float((WEIGHTS * difference**2).sum()))
        image = optimizer.step(image, found[-1], 2 * WEIGHTS * difference)
    return image, found


@pytest.mark.parametrize("factor", [1, 1e-6, 1e6])
def test_an_array_in_half_precision(half, factor):
    one, other = (np.float32(factor) * GENERATOR.normal(size=SHAPE).astype(np.float32) for _ in range(2))
    kept, also, flat = half(one), half(other), other.reshape(-1)
    exact = float(one.astype(np.float64).reshape(-1) @ flat)
    size = np.linalg.norm(one) * np.linalg.norm(other)
    assert abs(kept.dot(flat) - exact) < 1e-3 * size and abs(kept.dot(also) - exact) < 1e-3 * size
    sum_ = flat.copy()
    kept.add_to(sum_, -2.0)
    assert np.abs(sum_ - (flat - 2 * one.reshape(-1))).max() < 4e-3 * np.abs(one).max()
    state = kept.state("step_0", SHAPE)
    assert state["step_0"].dtype == np.float16 and state["step_0"].shape == SHAPE
    again = half(state["step_0"], float(state["step_0_scale"]))
    assert np.array_equal(again[:], kept[:])
    assert np.allclose(Whole(state["step_0"], float(state["step_0_scale"]))[:], kept[:])


def test_nothing_is_an_array_too(half):
    assert half(np.zeros(SHAPE, np.float32)).dot(TARGET.reshape(-1)) == 0


def test_a_descent_with_half_the_bytes_is_about_as_good(half):
    start = np.zeros(SHAPE, np.float32)
    _, right = losses(LBFGS(4.0), start, 40)
    _, found = losses(LBFGS(4.0, remember=half), start, 40)
    assert found[-1] < 1.1 * right[-1] < 0.1 * right[0]


def test_a_state_goes_on_where_it_was(half):
    optimizer = LBFGS(4.0, remember=half)
    image, _ = losses(optimizer, np.zeros(SHAPE, np.float32), 20)
    other = LBFGS(4.0, remember=half)
    other.restore({name: np.array(value) for name, value in optimizer.state().items()})
    assert np.array_equal(losses(optimizer, image, 1)[0], losses(other, image, 1)[0])
    fewer = LBFGS(4.0, history=3, remember=half)
    fewer.restore(optimizer.state())
    assert sum(name.startswith("step_") and not name.endswith("scale") for name in fewer.state()) == 3


def test_a_disk_without_room_is_one_line(tmp_path):
    scratch = Scratch(tmp_path)
    with pytest.raises(RunError, match=r"^--scratch .*: no room for \d+ MB more \(.*\); .*--resume\.$"):
        scratch.allocate(1 << 60)
    with pytest.raises(RunError, match="--scratch"):
        Scratch(tmp_path / "gone").allocate(10)
    assert not list(tmp_path.iterdir())
