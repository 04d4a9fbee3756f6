"""The Laplacian loss and its gradient."""

import numpy as np
import pytest

from neural_style.painting.laplacian import laplacian


def random(seed, height=23, width=30):
    return np.random.default_rng(seed).normal(0, 50, (1, 3, height, width)).astype(np.float32)


def test_it_is_the_squared_distance_of_laplacians_of_means():
    image, photograph = random(1, 14, 18), random(2, 14, 18)
    difference, row = (image - photograph)[0].astype(float), np.poly1d([0.5, 0.5]) ** 8
    windows = np.lib.stride_tricks.sliding_window_view(difference, (9, 9), axis=(1, 2))
    means = np.sum(windows * np.outer(row.coeffs, row.coeffs), axis=(3, 4))
    padded = np.pad(means, ((0, 0), (1, 1), (1, 1)), mode="edge")
    neighbours = padded[:, :-2, 1:-1] + padded[:, 2:, 1:-1] + padded[:, 1:-1, :-2] + padded[:, 1:-1, 2:]
    assert laplacian(image, photograph)[0] == pytest.approx(np.sum((4 * means - neighbours) ** 2), rel=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_gradient(seed):
    image, photograph, direction = random(seed), random(seed + 10), random(seed + 20)
    gradient = laplacian(image, photograph)[1]
    ahead, behind = (laplacian(image + step * direction, photograph)[0] for step in (0.1, -0.1))
    assert gradient.dtype == np.float32 and gradient.shape == image.shape
    assert np.sum(gradient * direction, dtype=float) == pytest.approx((ahead - behind) / 0.2, rel=1e-3)


def test_strokes_finer_than_a_window_and_another_colour_cost_nothing():
    photograph = random(1, 24, 32)
    stripes = 40 * (-1) ** np.arange(32).astype(np.float32)
    colour = np.array([30, -20, 10], np.float32).reshape(1, 3, 1, 1)
    bump = np.zeros_like(photograph)
    bump[:, :, 8:16, 8:16] = 40
    assert laplacian(photograph + stripes + colour, photograph)[0] < 1e-6 * laplacian(photograph + bump, photograph)[0]


def test_a_picture_smaller_than_a_window_costs_nothing():
    value, gradient = laplacian(random(1, 3, 3), random(2, 3, 3))
    assert value == 0 and not gradient.any()
