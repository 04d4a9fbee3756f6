"""Pictures that are computed piece by piece, in memory or on a disk, are those that are computed at once."""

import functools
import tracemalloc

import numpy as np
import pytest

from neural_style.engines.contract import Statistics
from neural_style.files import Scratch
from neural_style.painting import laplacian, losses, pieces, remembered, starts
from neural_style.painting.objective import Objective, Weights
from neural_style.painting.optimizers import OPTIMIZERS
from neural_style.painting.pieces import Difference, Pieces
from neural_style.painting.remembered import Half
from neural_style.pictures import images

SHAPE = (1, 3, 41, 30)
GENERATOR = np.random.default_rng(0)
IMAGE, OTHER = (GENERATOR.normal(0, 50, SHAPE).astype(np.float32) for _ in range(2))


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(pieces, "PIECE", 1000)  # several pieces, the last one shorter
    monkeypatch.setattr(remembered, "PIECE", 700)


@pytest.fixture(params=["memory", "disk"])
def some(request, tmp_path):
    return Pieces(Scratch(tmp_path) if request.param == "disk" else None)


@pytest.fixture(params=["numpy", "torch"])
def array(request):
    if request.param == "numpy":
        return np.copy
    torch = pytest.importorskip("torch")
    return lambda values: torch.tensor(values)


def test_what_lies_in_another_order_is_computed_as_well(some, array):
    turned = array(np.ascontiguousarray(IMAGE.transpose(0, 2, 3, 1)))
    turned = turned.swapaxes(2, 3).swapaxes(1, 2)
    assert np.array_equal(turned, IMAGE)
    assert np.array_equal(some.made(lambda a, b: a - 2 * b, turned, array(OTHER)), IMAGE - 2 * OTHER)
    assert np.array_equal(some.clipped(turned), images.clip(IMAGE))
    assert some.dot(turned, array(OTHER)) == pytest.approx(np.sum(np.float64(IMAGE) * OTHER), rel=1e-5)


def test_sums_and_what_is_made_of_arrays(some, array):
    one, other, difference = array(IMAGE), array(OTHER), np.float64(IMAGE) - OTHER
    assert some.dot(one, other) == pytest.approx(np.sum(np.float64(IMAGE) * OTHER), rel=1e-5)
    assert some.norm(Difference(one, other)) == pytest.approx(np.linalg.norm(difference), rel=1e-6)
    assert some.rms(Difference(one, other)) == pytest.approx(np.sqrt(np.mean(difference**2)), rel=1e-6)
    assert some.squares(one) == pytest.approx(np.sum(np.float64(IMAGE) ** 2), rel=1e-6)
    assert np.array_equal(some.made(lambda a, b: a - 2 * b, one, other), IMAGE - 2 * OTHER)
    some.change(other, lambda a, b: a + b, one)
    assert np.array_equal(other, OTHER + IMAGE)
    assert np.array_equal(some.clipped(one), images.clip(IMAGE)) and np.array_equal(one, IMAGE)
    some.clip(one)
    assert np.array_equal(one, images.clip(IMAGE)) and some.finite(one)
    one[0, 2, -1, -1] = np.nan
    assert not some.finite(one)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_gives_the_same_bytes_from_a_disk(name, array, tmp_path):
    def descend(scratch):
        more = {"remember": functools.partial(Half, scratch=scratch)} if name == "lbfgs" else {}
        optimizer, image = OPTIMIZERS[name](0.5, pieces=Pieces(scratch), **more), array(IMAGE)
        for _ in range(6):
            difference = image - array(OTHER)
            image = optimizer.step(image, float((difference**2).sum()), 2 * difference)
        return [image, *optimizer.state().values()]

    for one, other in zip(descend(None), descend(Scratch(tmp_path)), strict=True):
        assert np.array_equal(one, other)
    assert not list(tmp_path.iterdir())


def test_a_step_from_a_disk_holds_no_picture_in_memory(tmp_path):
    scratch, shape = Scratch(tmp_path), (1, 3, 300, 400)
    some = Pieces(scratch)
    optimizer = OPTIMIZERS["lbfgs"](4.0, remember=functools.partial(Half, scratch=scratch), pieces=some)
    image = some.array(shape)
    image[:] = 100
    tracemalloc.start()
    for number in range(4):
        image = optimizer.step(image, 10.0 - number, some.made(lambda part: part + 1, image))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < image.nbytes / 8


@pytest.mark.parametrize("loss", [losses.total_variation, lambda x, *rows: laplacian.laplacian(x, OTHER, *rows)])
def test_losses_of_pixels_are_sums_over_rows(loss):
    value, gradient = loss(IMAGE)
    for step in (1, 7, 40):
        parts = [loss(IMAGE, slice(first, min(41, first + step))) for first in range(0, 41, step)]
        assert sum(value for value, _ in parts) == pytest.approx(value, rel=1e-5)
        found = np.concatenate([gradient for _, gradient in parts], axis=2)
        assert np.abs(found - gradient).max() < 1e-5 * np.abs(gradient).max()


class Nothing:
    """An evaluator of a network without layers."""

    size, positions = SHAPE[2:], {}

    def __init__(self, gradient):
        self._gradient = gradient

    def forward(self, image):
        return Statistics({}, {})

    def backward(self, gradients):
        return self._gradient


def test_an_objective_on_a_disk_is_the_one_in_memory(monkeypatch, tmp_path):
    weights = Weights(0, 0, 0.3, {}, {}, laplacian=0.2, temporal=0.1)
    painted, trust = (GENERATOR.uniform(size=SHAPE[2:]).astype(np.float32) for _ in range(2))
    more = {"painted": painted, "photograph": OTHER, "earlier": [(OTHER + 1, trust)], "max_gradient_norm": 100.0}

    def found(some):
        objective = Objective(Nothing(OTHER / 7), {}, weights, pieces=some, **more)
        return objective.losses(IMAGE), *objective.losses_and_gradient(IMAGE), objective.admitted(IMAGE)

    in_pieces, on_disk = found(Pieces()), found(Pieces(Scratch(tmp_path)))
    monkeypatch.setattr(pieces, "PIECE", 1 << 20)
    for values, all_values, gradient, admitted in (in_pieces, on_disk):
        assert values == all_values
        right_values, _, right, right_admitted = found(Pieces())
        assert values == pytest.approx(right_values, rel=1e-5) and set(values) >= {"tv", "laplacian", "temporal"}
        assert np.abs(gradient - right).max() < 1e-5 * np.abs(right).max()
        assert np.array_equal(admitted, right_admitted)
    assert np.array_equal(in_pieces[2], on_disk[2])


@pytest.mark.parametrize("init", ["noise", "content", "pink", "mixed", "recolored"])
def test_a_run_starts_from_the_same_picture_in_pieces(init, monkeypatch, tmp_path):
    content, style = (GENERATOR.uniform(size=(50, 60, 3)).astype(np.float32) for _ in range(2))
    start = functools.partial(starts.start_picture, init, (41, 30), content, style, seed=3, noise=0.5)
    found = start(pieces=Pieces(Scratch(tmp_path)))
    monkeypatch.setattr(pieces, "PIECE", 1 << 20)
    assert np.array_equal(found, start()) and found.shape == SHAPE and found.dtype == np.float32
