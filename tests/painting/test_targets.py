"""What a picture is compared with: sizes of paintings, several paintings as one, weights over the size of targets."""

import numpy as np
import pytest

from neural_style.painting import losses
from neural_style.painting.objective import Weights
from neural_style.painting.targets import blended, normalized, style_size

GENERATOR = np.random.default_rng(6)
ONE, OTHER, THIRD = (losses.moments(GENERATOR.normal(size=(4, 20)) + shift) for shift in (0, 1, -2))


@pytest.mark.parametrize(
    ("scale", "fit", "expected"),
    [
        (1.0, "keep", (45, 60)),
        (2.0, "keep", (90, 120)),
        (1.0, "squeeze", (50, 60)),
        (2.0, "squeeze", (100, 120)),
        (0.1, "keep", (32, 32)),
        (0.6, "squeeze", (32, 36)),
    ],
)
def test_the_size_of_a_painting(scale, fit, expected):
    """The long edge is `scale` times that of the result, and no edge is below 32."""
    assert style_size((300, 400, 3), (50, 60), scale, fit) == expected


def test_the_long_edges_are_compared_whichever_they_are():
    assert style_size((400, 200, 3), (50, 100), 1.0, "keep") == (100, 50)


def test_blending_is_the_weighted_mean_of_both_moments_region_by_region():
    found = blended([{"a": [ONE, OTHER]}, {"a": [THIRD, ONE]}], [0.25, 0.75])["a"]
    for moments, (first, second) in zip(found, [(ONE, THIRD), (OTHER, ONE)]):
        np.testing.assert_allclose(moments.second, 0.25 * first.second + 0.75 * second.second)
        np.testing.assert_allclose(moments.mean, 0.25 * first.mean + 0.75 * second.mean)
    assert len(found) == 2


def test_blending_where_no_means_were_taken():
    moments = blended([{"a": [ONE._replace(mean=None)]}] * 3, [0.2, 0.3, 0.5])["a"][0]
    assert moments.mean is None
    np.testing.assert_allclose(moments.second, ONE.second)


def normal(styles, content=None, photograph=None):
    weights = Weights(10.0, 2.0, 3.0, {"c": 5.0}, {"a": 7.0})
    feature_map = GENERATOR.normal(size=(1, 3, 4, 5)) if content is None else content
    photograph = feature_map if photograph is None else photograph
    return normalized(weights, photograph, {"c": feature_map}, {"a": styles})


def test_a_normalised_weight_times_the_cost_of_nothing_is_the_weight():
    assert normal([ONE]).style_layers["a"] * np.sum(ONE.second**2) / 16 == pytest.approx(7)
    features, photograph = GENERATOR.normal(size=(1, 6, 4, 5)), GENERATOR.normal(size=(1, 3, 8, 10))
    found = normal([ONE], features, photograph)
    assert found.content_layers["c"] * np.sum(features**2) / 20 == pytest.approx(5)
    assert found.tv * np.sum(photograph**2) / 80 == pytest.approx(3)
    assert (found.content, found.style) == (10, 2)


def test_two_regions_of_one_painting_weigh_what_the_whole_does():
    assert normal([ONE, ONE]).style_layers["a"] == pytest.approx(normal([ONE]).style_layers["a"])
    costs = [np.sum(moments.second**2) / 16 for moments in (ONE, OTHER)]
    assert normal([ONE, OTHER]).style_layers["a"] * np.mean(costs) == pytest.approx(7)


def test_a_dead_channel_of_a_painting_leaves_its_weight_a_number():
    features = GENERATOR.normal(size=(4, 20))
    features[2] = 0
    dead = losses.moments(features)
    assert normal([dead]).style_layers["a"] * np.sum(dead.second**2) / 16 == pytest.approx(7)
