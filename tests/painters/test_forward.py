"""A generator's way forward: right by an independent computation, the same on each engine, whole and in strips."""

import numpy as np
import plain_generator as plain
import pytest
from conftest import made_picture

from neural_style.engines import door
from neural_style.painters import forward
from neural_style.painters.generators import GENERATORS, OWN
from neural_style.painters.rows import NOISE, Generator, Row, shapes, sizes

# rows of kinds that no generator of ours has: a residual block that shrinks, groups, a border, blue first
ODD = Generator(
    "odd", "of every other kind",
    (
        Row("a", ("data",), 6, 3, stride=2, norm="instance", activation="relu"),
        Row("b", ("a",), 6, 3, padding="none", norm="instance", activation="relu", groups=2),
        Row("c", ("b",), 6, 3, padding="none", norm="instance", plus="a"),
        Row("d", ("c",), 5, 3, stride=2, pad=1, padding="zero", transposed=True, activation="relu"),
        Row("e", ("d",), 3, 5, padding="edge", activation="tanh"),
    ),
    255.0, (103.9, 116.8, 123.7), 0.6, (0.4, 0.5, 0.6), bgr=True, border=4,
)  # fmt: skip
ALL = [*map(plain.narrow, GENERATORS.values()), ODD]


@pytest.fixture(params=door.installed() or ["auto"])
def engine(request):
    return door.opened(-1, "float32", engine=request.param).engine


def picture(height, width):
    return (made_picture(height, width, 5) / np.float32(255)).astype(np.float32)


def painted(engine, generator, photograph, **how):
    arrays = plain.random_arrays(shapes(generator))
    arrays = {name: engine.array(array) for name, array in arrays.items()}
    return forward.painted(engine, generator, arrays, photograph, **how)


@pytest.mark.parametrize("generator", ALL, ids=lambda generator: generator.name)
def test_it_is_what_the_rows_say(engine, generator):
    photograph = picture(32, 40)
    arrays = plain.random_arrays(shapes(generator))
    noise = None
    if generator.noise:
        noise = forward.noise(sizes(generator, (32, 40))[NOISE]).transpose(2, 0, 1)
    expected = plain.painted(generator, arrays, photograph, noise)
    found = painted(engine, generator, photograph)
    assert found.shape == photograph.shape and found.dtype == np.float32
    assert np.ptp(found) > 0.01
    np.testing.assert_allclose(found, expected, atol=2e-5)


@pytest.mark.parametrize("generator", ALL, ids=lambda generator: generator.name)
def test_strips_give_what_the_whole_picture_gives(engine, generator):
    photograph = picture(61, 45)
    whole = painted(engine, generator, photograph)
    np.testing.assert_allclose(painted(engine, generator, photograph, values=12_000), whole, atol=1e-5)
    np.testing.assert_allclose(painted(engine, generator, photograph, values=1), whole, atol=1e-5)


def test_the_statistics_are_those_of_the_whole_picture(engine):
    """A part that is cut out is painted otherwise: by its own mean and variance."""
    photograph = picture(64, 64)
    photograph[32:] = 0.9
    whole = painted(engine, plain.narrow(OWN), photograph)
    part = painted(engine, plain.narrow(OWN), photograph[:32])
    assert np.abs(whole[:16] - part[:16]).max() > 0.05


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (5, 3), (10, 10), (33, 34)])
def test_any_size_keeps_its_size(engine, size):
    photograph = np.full((*size, 3), 0.5, np.float32)
    for generator in ALL:
        found = painted(engine, generator, photograph)
        assert found.shape == photograph.shape and np.isfinite(found).all()


def test_the_photograph_stays_as_it_was(engine):
    photograph = picture(20, 20)
    before = photograph.copy()
    painted(engine, plain.narrow(OWN), photograph)
    assert (photograph == before).all()


def test_pytorch_multiplies_in_its_precision_and_stays_within_a_level():
    """Of weights as learning begins with: in bfloat16 they give another picture, which nobody would tell apart."""
    pytest.importorskip("torch")
    from neural_style.learn.generator import begun

    photograph, found = picture(96, 120), {}
    for precision in ("float32", "bfloat16"):
        engine = door.opened(-1, precision, engine="torch").engine
        arrays = {name: engine.array(array) for name, array in begun(OWN, 0).items()}
        found[precision] = forward.painted(engine, OWN, arrays, photograph)
    difference = 256 * np.abs(found["bfloat16"] - found["float32"])
    assert found["bfloat16"].dtype == np.float32 and 0 < difference.mean() < 1
