"""The losses: their values by the formula, their gradients by finite differences."""
import numpy as np
import plain
import pytest

from neural_style import losses

GENERATOR = np.random.default_rng(3)
FEATURES, OTHER = GENERATOR.normal(size=(2, 5, 12))
MATRIX, TARGET = GENERATOR.normal(size=(2, 5, 5))
IMAGE = GENERATOR.normal(size=(1, 3, 6, 7))


def finite_differences(function, point, step=1e-5):
    gradient = np.empty_like(point)
    for index in np.ndindex(point.shape):
        change = np.zeros_like(point)
        change[index] = step
        gradient[index] = (function(point + change) - function(point - change)) / (2 * step)
    return gradient


@pytest.mark.parametrize(
    ("loss", "point"),
    [
        (lambda x: losses.content(x, OTHER), FEATURES),
        (lambda x: losses.style(x, TARGET), MATRIX),
        (losses.total_variation, IMAGE),
    ],
    ids=["content", "style", "total variation"],
)
def test_gradient_is_that_of_the_value(loss, point):
    value, gradient = loss(point)
    assert isinstance(value, float)
    np.testing.assert_allclose(gradient, finite_differences(lambda x: loss(x)[0], point), rtol=1e-7, atol=1e-7)


def test_gram_gradient_is_that_of_the_gram_matrix():
    expected = finite_differences(lambda x: np.sum(MATRIX * losses.gram_matrix(x)), FEATURES)
    np.testing.assert_allclose(losses.gram_gradient(FEATURES, MATRIX), expected, rtol=1e-7, atol=1e-7)


def test_values_follow_the_formulas():
    assert losses.content(FEATURES, OTHER)[0] == pytest.approx(sum((f - p) ** 2 for f, p in zip(FEATURES.flat, OTHER.flat)))
    matrix = losses.gram_matrix(FEATURES)
    assert matrix[1, 3] == pytest.approx(sum(FEATURES[1] * FEATURES[3]) / 12)
    assert losses.style(matrix, TARGET)[0] == pytest.approx(sum((g - a) ** 2 for g, a in zip(matrix.flat, TARGET.flat)) / 25)


def test_equal_features_cost_nothing():
    for value, gradient in (losses.content(FEATURES, FEATURES), losses.style(MATRIX, MATRIX)):
        assert value == 0 and not gradient.any()


def test_total_variation_is_half_the_squared_differences_with_zeros_outside():
    padded = np.pad(IMAGE, ((0, 0), (0, 0), (1, 1), (1, 1)))
    expected = (np.sum(np.diff(padded, axis=2) ** 2) + np.sum(np.diff(padded, axis=3) ** 2)) / 2
    assert losses.total_variation(IMAGE)[0] == pytest.approx(expected)


def test_total_variation_gradient_is_the_convolution_of_the_classic_recipe():
    np.testing.assert_allclose(losses.total_variation(IMAGE)[1][0], plain.roughness_gradient(IMAGE[0]), atol=1e-12)


def test_arguments_stay_as_they_are_and_float32_stays_float32():
    image, matrix = IMAGE.astype(np.float32), MATRIX.astype(np.float32)
    copies = image.copy(), matrix.copy()
    gradients = [losses.total_variation(image)[1], losses.style(matrix, matrix.T)[1], losses.content(image, image + 1)[1]]
    assert np.array_equal(image, copies[0]) and np.array_equal(matrix, copies[1])
    assert {gradient.dtype for gradient in gradients} == {np.dtype(np.float32)}
