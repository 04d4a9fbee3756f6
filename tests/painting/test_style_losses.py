"""What a run compares of the style layers: on feature maps of a network, against SciPy, and as a goal of descent."""

import numpy as np
import pytest
from conftest import made_picture
from PIL import Image
from scipy.linalg import sqrtm

import nstyle
from neural_style.painting import losses
from neural_style.painting.losses import Moments
from neural_style.pictures import images
from neural_style.runs import course
from neural_style.runs import prepare as transfer
from neural_style.runs.options import complete as completed

GENERATOR = np.random.default_rng(8)


def correlated(channels, positions):
    """A feature map behind a ReLU, float32: correlated channels of unequal strength, some of them dead."""
    mixing = GENERATOR.normal(size=(channels, channels)) * np.logspace(0, 2, channels)[:, None]
    features = np.maximum(mixing @ GENERATOR.normal(size=(channels, positions)), 0)
    features[:: channels // 4] = 0
    return features.astype(np.float32)


@pytest.mark.parametrize(("channels", "positions"), [(16, 400), (64, 2000), (64, 40)])
def test_wasserstein_is_that_of_scipy(channels, positions):
    """Also with fewer positions than channels, where the covariances have no inverse."""
    one, other = correlated(channels, positions), correlated(channels, positions)
    found, target = losses.moments(one), losses.moments(other)
    s, t = np.cov(one, bias=True), np.cov(other, bias=True)
    # SciPy's root of a matrix needs an inverse: a little of every channel by itself
    s, t = (matrix + 1e-9 * np.trace(matrix) * np.eye(channels) for matrix in (s, t))
    root = sqrtm(t).real
    distance = np.sum((one.mean(1) - other.mean(1)) ** 2) + np.trace(s + t - 2 * sqrtm(root @ s @ root).real)
    scale = np.sum(target.second.astype(float) ** 2) / channels**2 / np.trace(target.second)
    assert losses.wasserstein(found, target)[0] == pytest.approx(scale * distance, rel=1e-3)
    assert abs(losses.wasserstein(target, target)[0]) < 1e-3 * scale * distance


def test_wasserstein_of_gaussians_with_equal_directions_is_that_of_their_axes():
    """Of diagonal covariances: the squared distances of means and of standard deviations."""
    means, stds = GENERATOR.uniform(1, 3, (2, 6)), GENERATOR.uniform(1, 3, (2, 6))
    found, target = (Moments(np.diag(std**2) + np.outer(mean, mean), mean) for mean, std in zip(means, stds))
    scale = np.sum(target.second**2) / 36 / np.trace(target.second)
    expected = scale * (np.sum((means[0] - means[1]) ** 2) + np.sum((stds[0] - stds[1]) ** 2))
    assert losses.wasserstein(found, target)[0] == pytest.approx(expected, rel=1e-4)
    assert losses.mean_std(found, target)[0] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("loss", losses.STYLE_LOSSES.values(), ids=losses.STYLE_LOSSES)
def test_gradients_on_float32_feature_maps_agree_with_finite_differences(loss):
    one, other = correlated(32, 300), correlated(32, 300)
    target = losses.moments(other)
    gradient = losses.moments_gradient(one, loss(losses.moments(one), target)[1])
    for seed in range(3):
        direction = np.random.default_rng(seed).normal(size=one.shape)
        direction = direction * one.std() / 10 + gradient * (one.std() / 10 / gradient.std())
        direction[::8] = 0  # dead channels: there the square root has no derivative
        step = 1e-4 * direction
        values = [loss(losses.moments(one.astype(float) + sign * step), target)[0] for sign in (1, -1)]
        assert np.sum(gradient * step) == pytest.approx((values[0] - values[1]) / 2, rel=0.02)


@pytest.mark.parametrize("loss", losses.STYLE_LOSSES.values(), ids=losses.STYLE_LOSSES)
def test_without_any_style_each_costs_the_same(loss):
    target = losses.moments(correlated(24, 200))
    nothing = Moments(0 * target.second, 0 * target.mean)
    assert loss(nothing, target)[0] == pytest.approx(losses.gram(nothing, target)[0], rel=0.01)


def test_what_each_of_them_is_blind_to():
    """Deviations turned around in some channels: correlations change, which only mean and deviation do not see."""
    mixing = GENERATOR.normal(size=(8, 8))
    features = mixing @ GENERATOR.normal(size=(8, 500)) + 2
    mean = features.mean(1, keepdims=True)
    other = features.copy()
    other[1::2] = 2 * mean[1::2] - features[1::2]
    found, target = losses.moments(other), losses.moments(features)
    nothing = losses.gram(Moments(0 * found.second, None), target)[0]
    found = {name: loss(found, target)[0] / nothing for name, loss in losses.STYLE_LOSSES.items()}
    assert found["mean-std"] < 1e-6
    assert found["gram"] > 1e-3 and found["wasserstein"] > 1e-2


@pytest.mark.parametrize("style_loss", losses.STYLE_LOSSES)
def test_a_run_approaches_what_it_compares(mx, options, style_loss):
    """From noise, without content: at the end the statistics are those of the painting, nearly."""
    more = ["--style-loss", style_loss, "--style-layers", "conv1", "--content-weight", "0", "--tv-weight", "0"]
    more += ["--init", "pink", "--max-num-epochs", "40", "--stop-eps", "0", "--precision", "float32"]
    run = transfer.prepare(completed(nstyle.get_args([*options, *more])))
    totals = [event.losses["total"] for event in course.events(run, course.start(run))]
    assert min(totals) < 0.05 * totals[0]


@pytest.mark.parametrize("style_loss", losses.STYLE_LOSSES)
def test_the_painting_itself_costs_nothing(mx, options, tmp_path, style_loss):
    Image.fromarray(made_picture(48, 64, seed=1)).save(tmp_path / "same.png")
    more = ["--style-image", str(tmp_path / "same.png"), "--style-loss", style_loss, "--precision", "float32"]
    run = transfer.prepare(completed(nstyle.get_args([*options, *more])))
    objective = course.objective(run, run.size)
    there = objective.losses(images.to_network(run.content))["style"]
    assert there < 1e-3 * objective.losses(images.to_network(1 - run.content))["style"]
