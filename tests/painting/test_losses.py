"""The losses: their values by the formula, their gradients by finite differences."""

import numpy as np
import plain
import pytest
from scipy.linalg import sqrtm

from neural_style.painting import losses
from neural_style.painting.losses import Moments

GENERATOR = np.random.default_rng(3)
FEATURES, OTHER = GENERATOR.normal(size=(2, 5, 12)) + 0.5
MASK = GENERATOR.uniform(size=12)
FACTORS = Moments(*(GENERATOR.normal(size=shape) for shape in ((5, 5), 5)))
FOUND, TARGET = losses.moments(FEATURES), losses.moments(OTHER)
IMAGE = GENERATOR.normal(size=(1, 3, 6, 7))


def finite_differences(function, point, step=1e-5):
    gradient = np.empty_like(point)
    for index in np.ndindex(point.shape):
        change = np.zeros_like(point)
        change[index] = step
        gradient[index] = (function(point + change) - function(point - change)) / (2 * step)
    return gradient


def assert_same(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize(
    ("loss", "point"),
    [(lambda x: losses.content(x, OTHER), FEATURES), (losses.total_variation, IMAGE)],
    ids=["content", "total variation"],
)
def test_gradient_is_that_of_the_value(loss, point):
    value, gradient = loss(point)
    assert isinstance(value, float)
    assert_same(gradient, finite_differences(lambda x: loss(x)[0], point))


@pytest.mark.parametrize("loss", losses.STYLE_LOSSES.values(), ids=losses.STYLE_LOSSES)
@pytest.mark.parametrize("mask", [None, MASK], ids=["whole picture", "region"])
def test_gradient_of_a_style_loss_with_respect_to_the_feature_map(loss, mask):
    value, by_moments = loss(losses.moments(FEATURES, mask), TARGET)
    assert isinstance(value, float)
    expected = finite_differences(lambda x: loss(losses.moments(x, mask), TARGET)[0], FEATURES)
    assert_same(losses.moments_gradient(FEATURES, by_moments, mask), expected)


@pytest.mark.parametrize("mask", [None, MASK], ids=["whole picture", "region"])
def test_gradient_of_the_moments_with_respect_to_the_feature_map(mask):
    def weighted(features):
        found = losses.moments(features, mask)
        return np.sum(FACTORS.second * found.second) + FACTORS.mean @ found.mean

    assert_same(losses.moments_gradient(FEATURES, FACTORS, mask), finite_differences(weighted, FEATURES))


def test_moments_follow_the_formulas():
    assert FOUND.second[1, 3] == pytest.approx(sum(FEATURES[1] * FEATURES[3]) / 12)
    assert_same(FOUND.mean, FEATURES.mean(axis=1))
    half = np.repeat([1.0, 0.0], 6)
    for of_region, of_part in zip(losses.moments(FEATURES, half), losses.moments(FEATURES[:, :6])):
        assert_same(of_region, of_part)


def test_values_follow_the_formulas():
    assert losses.content(FEATURES, OTHER)[0] == pytest.approx(
        sum((f - p) ** 2 for f, p in zip(FEATURES.flat, OTHER.flat))
    )
    gram = sum((g - a) ** 2 for g, a in zip(FOUND.second.flat, TARGET.second.flat)) / 25
    assert losses.gram(FOUND, TARGET)[0] == pytest.approx(gram)
    mean_part = np.sum((FOUND.mean - TARGET.mean) ** 2)
    mean_std = mean_part + np.sum((FEATURES.std(axis=1) - OTHER.std(axis=1)) ** 2)
    one, other = np.cov(FEATURES, bias=True), np.cov(OTHER, bias=True)
    root = sqrtm(other)
    wasserstein = mean_part + np.trace(one + other - 2 * sqrtm(root @ one @ root)).real
    # both are scaled to cost what `gram` costs where there is no style at all
    scale = np.sum(TARGET.second**2) / 25 / np.trace(TARGET.second)
    assert losses.mean_std(FOUND, TARGET)[0] == pytest.approx(scale * mean_std, rel=1e-5)
    assert losses.wasserstein(FOUND, TARGET)[0] == pytest.approx(scale * wasserstein, rel=1e-5)


@pytest.mark.parametrize("loss", losses.STYLE_LOSSES.values(), ids=losses.STYLE_LOSSES)
def test_towards_a_painting_takes_of_it_once_what_depends_on_it_alone(loss, monkeypatch):
    value, gradient = loss(FOUND, TARGET)
    towards = losses.towards(loss, TARGET)
    monkeypatch.setattr(losses, "_root", lambda given: pytest.fail("taken again"))
    for _ in range(2):
        found, found_gradient = towards(FOUND)
        assert found == value
        assert all(np.array_equal(*parts) for parts in zip(found_gradient, gradient) if parts[1] is not None)


def test_equal_features_cost_nothing():
    assert losses.content(FEATURES, FEATURES)[0] == 0
    for loss in losses.STYLE_LOSSES.values():
        value, gradient = loss(TARGET, TARGET)
        assert value == pytest.approx(0, abs=1e-9)
        assert all(np.abs(part).max() < 1e-5 for part in gradient if part is not None)


@pytest.mark.parametrize("loss", losses.STYLE_LOSSES.values(), ids=losses.STYLE_LOSSES)
def test_dead_and_equal_channels_break_no_style_loss(loss):
    features = FEATURES.astype(np.float32)
    features[0], features[1] = 0, features[2]
    for found, target in ((features, OTHER), (OTHER, features), (features, features), (0 * features, features)):
        value, gradient = loss(*(losses.moments(x.astype(np.float32)) for x in (found, target)))
        assert np.isfinite(value) and value > -1e-3
        assert all(np.isfinite(part).all() for part in gradient if part is not None)


@pytest.mark.parametrize("loss", losses.STYLE_LOSSES.values(), ids=losses.STYLE_LOSSES)
@pytest.mark.parametrize("wrong", [np.nan, np.inf])
@pytest.mark.filterwarnings("ignore:invalid value")
def test_what_is_not_finite_costs_no_number(loss, wrong):
    features = FEATURES.copy()
    features[1, 2] = wrong
    assert not np.isfinite(losses.towards(loss, TARGET)(losses.moments(features))[0])


def test_total_variation_is_half_the_squared_differences_with_zeros_outside():
    padded = np.pad(IMAGE, ((0, 0), (0, 0), (1, 1), (1, 1)))
    expected = (np.sum(np.diff(padded, axis=2) ** 2) + np.sum(np.diff(padded, axis=3) ** 2)) / 2
    assert losses.total_variation(IMAGE)[0] == pytest.approx(expected)


def test_total_variation_gradient_is_the_convolution_of_the_classic_recipe():
    assert_same(losses.total_variation(IMAGE)[1][0], plain.roughness_gradient(IMAGE[0]))


def test_arguments_stay_as_they_are_and_float32_stays_float32():
    image, features = IMAGE.astype(np.float32), FEATURES.astype(np.float32)
    found, target = losses.moments(features), losses.moments(OTHER.astype(np.float32))
    arrays = [image, features, *found, *target]
    copies = [array.copy() for array in arrays]
    gradients = [losses.total_variation(image)[1], losses.content(features, features + 1)[1]]
    for loss in losses.STYLE_LOSSES.values():
        gradients.append(loss(found, target)[1].second)
        gradients.append(losses.moments_gradient(features, loss(found, target)[1]))
    assert all(np.array_equal(array, copy) for array, copy in zip(arrays, copies))
    assert {gradient.dtype for gradient in gradients} == {np.dtype(np.float32)}
