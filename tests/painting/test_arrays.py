"""Losses, optimizers and the loop on tensors of PyTorch: what NumPy's arrays give, in tensors, on their device."""

from types import SimpleNamespace

import numpy as np
import pytest

from neural_style.engines.contract import Statistics
from neural_style.painting import arrays, losses
from neural_style.painting.arrays import to_numpy
from neural_style.painting.descent import State, descend
from neural_style.painting.levels import Level
from neural_style.painting.objective import Objective, Weights
from neural_style.painting.optimizers import OPTIMIZERS
from neural_style.painting.targets import blended, normalized

GENERATOR = np.random.default_rng(5)
FEATURES, OTHER = GENERATOR.normal(size=(2, 6, 30)).astype(np.float32) + np.float32(0.5)
MASK = GENERATOR.uniform(size=30).astype(np.float32)
PAINTED = np.random.default_rng(1).uniform(size=(8, 10)).astype(np.float32)
IMAGE = GENERATOR.uniform(-150, 180, (1, 3, 8, 10)).astype(np.float32)
RATES = {"nag": 0.01, "adam": 4.0, "lbfgs": 4.0}


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def assert_same(found, expected, torch, rtol=1e-5):
    assert isinstance(found, torch.Tensor) and found.dtype == torch.float32
    assert tuple(found.shape) == expected.shape
    np.testing.assert_allclose(to_numpy(found), expected, rtol=rtol, atol=rtol * max(np.abs(expected).max(), 1e-9))


@pytest.mark.parametrize("loss", losses.STYLE_LOSSES.values(), ids=losses.STYLE_LOSSES)
@pytest.mark.parametrize("mask", [None, MASK], ids=["whole picture", "region"])
def test_style_losses(torch, loss, mask):
    def course(convert):
        mine = None if mask is None else convert(mask)
        found, target = losses.moments(convert(FEATURES), mine), losses.moments(convert(OTHER))
        value, gradient = loss(found, target)
        return value, losses.moments_gradient(convert(FEATURES), gradient, mine)

    (value, gradient), (expected, expected_gradient) = course(torch.tensor), course(np.asarray)
    assert isinstance(value, float) and value == pytest.approx(expected, rel=1e-4)
    assert_same(gradient, expected_gradient, torch, rtol=1e-3)


def test_content_total_variation_and_the_range_of_pixels(torch):
    for function, given in (
        (lambda x: losses.content(x, 2 * x), FEATURES),
        (losses.total_variation, IMAGE),
        (lambda x: (0.0, arrays.clipped(x)), IMAGE),
        (lambda x: (0.0, arrays.resized(x, (16, 12))), IMAGE),
    ):
        (value, found), (expected, array) = function(torch.tensor(given)), function(given)
        assert value == pytest.approx(expected, rel=1e-6)
        assert_same(found, array, torch)


def test_blending_and_normalising(torch):
    def course(convert):
        paintings = [{"a": [losses.moments(convert(x))]} for x in (FEATURES, OTHER)]
        styles = blended(paintings, [0.25, 0.75])
        weights = Weights(1.0, 1.0, 2.0, {"a": 3.0}, {"a": 4.0})
        return styles["a"][0], normalized(weights, convert(IMAGE), {"a": convert(IMAGE)}, styles)

    (moments, weights), (expected, expected_weights) = course(torch.tensor), course(np.asarray)
    assert_same(moments.second, expected.second, torch)
    assert_same(moments.mean, expected.mean, torch)
    for layers in ("content_layers", "style_layers"):
        assert getattr(weights, layers)["a"] == pytest.approx(getattr(expected_weights, layers)["a"], rel=1e-5)
    assert weights.tv == pytest.approx(expected_weights.tv, rel=1e-5)


class Bowl:
    """Squared distance to 10, with curvatures from 1 to 9, in the library of what it is given."""

    def __init__(self, size, convert):
        self.curvatures = convert(np.linspace(1, 9, 3 * size[0] * size[1], dtype=np.float32).reshape(1, 3, *size))

    def losses_and_gradient(self, image):
        gradient = self.curvatures * (image - 10)
        return {"total": arrays.total(gradient * (image - 10)) / 2}, gradient

    def admitted(self, image):
        return image


def paint(name, convert, state=None, **options):
    levels = [Level((4, 5), 8), Level((8, 10), 8)]
    state = State(convert(IMAGE)) if state is None else state
    rate = RATES[name]
    options["rate_at"] = lambda epoch: rate
    return list(descend(levels, lambda size: Bowl(size, convert), OPTIMIZERS[name](rate), state, **options))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_run(torch, name):
    found, expected = paint(name, torch.tensor), paint(name, np.asarray)
    for event, other in zip(found, expected):
        assert_same(event.image, other.image, torch, rtol=1e-2)
        assert event.losses["total"] == pytest.approx(other.losses["total"], rel=1e-2, abs=1e-2)
        assert event.relative_change == pytest.approx(other.relative_change, rel=0.05, abs=1e-4)
    assert len(found) == len(expected) == 16
    assert_same(found[-1].state.best.image, expected[-1].state.best.image, torch, rtol=1e-2)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_run_taken_up_by_way_of_numpy_goes_on_byte_for_byte(torch, name):
    whole = paint(name, torch.tensor, average_decay=0.5)
    for stopped in (whole[3], whole[7], whole[12]):
        stored = stopped.mapped(to_numpy)
        arrays_ = [stored.image, stored.state.image, stored.state.average, *stored.state.optimizer.values()]
        assert all(isinstance(array, np.ndarray) for array in arrays_)
        rest = paint(name, torch.tensor, stored.state.mapped(torch.tensor), average_decay=0.5)
        assert len(rest) == 16 - stopped.epoch
        assert to_numpy(rest[-1].image).tobytes() == to_numpy(whole[-1].image).tobytes()


def test_values_that_are_not_finite_are_noticed(torch):
    assert arrays.finite(torch.tensor(IMAGE))
    for value in (np.nan, np.inf):
        image = IMAGE.copy()
        image[0, 1, 2, 3] = value
        assert not arrays.finite(torch.tensor(image))


class Squares:
    """An evaluator whose one layer is the picture itself: (1, 3, H, W) as 3 channels."""

    def __init__(self, size, target):
        self.size, self.positions, self._target = size, {"a": [float(size[0] * size[1])]}, target

    def forward(self, image):
        self._image = image
        features = image.reshape(3, -1)
        return Statistics({"a": losses.content(image, self._target)[0]}, {"a": [losses.moments(features)]})

    def backward(self, gradients):
        features = self._image.reshape(3, -1)
        style = losses.moments_gradient(features, gradients.style["a"][0]).reshape(self._image.shape)
        self.given = gradients.content["a"] * losses.content(self._image, self._target)[1] + style
        self.copy = to_numpy(self.given).copy()
        return self.given


@pytest.mark.parametrize("options", [{}, {"max_gradient_norm": 10.0}, {"painted": PAINTED}], ids=str)
def test_an_objective_and_that_it_writes_to_nothing_of_the_engines(torch, options):
    def course(convert):
        evaluator, image = Squares((8, 10), convert(IMAGE / 2)), convert(IMAGE)
        weights = Weights(2.0, 0.1, 40.0, {"a": 1.0}, {"a": 3.0})
        more = {**options, "painted": convert(options["painted"])} if "painted" in options else options
        targets = {"a": [losses.moments(convert(FEATURES[:3]))]}
        objective = Objective(evaluator, targets, weights, photograph=convert(IMAGE / 3), **more)
        values, gradient = objective.losses_and_gradient(image)
        assert np.array_equal(to_numpy(image), IMAGE)
        assert np.array_equal(to_numpy(evaluator.given), evaluator.copy)
        return values, gradient, objective.admitted(image)

    (values, gradient, admitted), (expected, array, other) = course(torch.tensor), course(np.array)
    assert values == {name: pytest.approx(value, rel=1e-4) for name, value in expected.items()}
    assert_same(gradient, array, torch, rtol=1e-4)
    assert_same(admitted, other, torch, rtol=1e-4)


def test_where_a_device_knows_no_double_precision_sums_are_those_it_can_give(monkeypatch):
    """As Apple's GPUs."""

    def refused(array, dtype=None):
        if dtype is not None:
            raise TypeError("this device has no float64")
        return np.sum(array)

    monkeypatch.setattr(arrays, "array_namespace", lambda *_: SimpleNamespace(sum=refused, float64=np.float64))
    assert arrays.total(IMAGE) == pytest.approx(np.sum(IMAGE), rel=1e-6)
