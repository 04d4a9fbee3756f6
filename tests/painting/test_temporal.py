"""The temporal loss, its gradient, its weight and its place in the objective."""

import numpy as np
import pytest
from test_arrays import torch  # noqa: F401

from neural_style.engines.contract import Moments, Statistics
from neural_style.painting import balance, losses
from neural_style.painting.objective import Objective, Weights

SIZE = (7, 9)


def random(seed, *shape):
    return np.random.default_rng(seed).normal(0, 50, shape or (1, 3, *SIZE)).astype(np.float32)


TRUST = np.random.default_rng(9).random(SIZE).astype(np.float32)


class Nothing:
    """An evaluator of a network without layers."""

    size, positions = SIZE, {}

    def forward(self, image):
        self._image = image
        return Statistics({}, {})

    def backward(self, gradients):
        return 0 * self._image


def test_it_is_the_squared_difference_where_it_is_trusted():
    image, earlier = random(1), random(2)
    expected = sum(
        TRUST[y, x] * (float(image[0, c, y, x]) - float(earlier[0, c, y, x])) ** 2
        for c in range(3) for y in range(SIZE[0]) for x in range(SIZE[1])
    )  # fmt: skip
    assert losses.temporal(image, earlier, TRUST)[0] == pytest.approx(expected, rel=1e-5)
    assert losses.temporal(image, earlier, 0 * TRUST)[0] == 0


def objective(array=lambda values: values):
    weights = Weights(0, 0, 0.0, {}, {}, temporal=0.3)
    earlier = [(array(random(5)), array(TRUST)), (array(random(6)), array(1 - TRUST))]
    return Objective(Nothing(), {}, weights, earlier=earlier)


@pytest.mark.parametrize("seed", range(3))
def test_the_gradient_of_several_earlier_frames(seed):
    image, direction = random(seed), random(seed + 20)
    found, gradient = objective().losses_and_gradient(image)
    assert found["total"] == found["temporal"] > 0
    ahead, behind = (objective().losses(image + step * direction)["total"] for step in (0.1, -0.1))
    assert np.sum(gradient * direction, dtype=float) == pytest.approx((ahead - behind) / 0.2, rel=1e-3)


def test_tensors_are_computed_as_arrays_are(torch):  # noqa: F811
    image = random(1)
    found, gradient = objective(torch.asarray).losses_and_gradient(torch.asarray(image))
    ours, expected = objective().losses_and_gradient(image)
    assert found["temporal"] == pytest.approx(ours["temporal"], rel=1e-5)
    np.testing.assert_allclose(gradient.numpy(), expected, rtol=1e-5)


def test_its_weight_is_relative_to_what_content_and_style_have_to_lose():
    weights = Weights(2.0, 3.0, 0.0, {"c": 0.5}, {"s": 1.0})
    moments, content = Moments(random(1, 4, 4), None), {"c": random(2, 1, 4, 3, 3)}
    found = balance.steadied(0.7, weights, {"s": [moments]}, {"s": [12.0]}, content, SIZE)
    lost = 2.0 * 0.5 * np.sum(content["c"] ** 2) + 3.0 * 12.0 * np.sum(moments.second**2) / 16
    image = np.zeros((1, 3, *SIZE), np.float32)
    apart = losses.temporal(image, image + balance.CONTRAST, np.ones(SIZE, np.float32))[0]
    assert found.temporal * apart == pytest.approx(0.7 * lost, rel=1e-5)
    assert found._replace(temporal=0.0) == weights
