"""Style losses of whole feature maps: values by independent computation, gradients by finite differences."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import ortho_group, wasserstein_distance

from neural_style.painting import arrays, losses, matching
from neural_style.painting.matching import MAP_LOSSES

CHANNELS, POSITIONS = 6, 90
TARGET = np.random.default_rng(1).normal(1, 2, (CHANNELS, 70))
FEATURES = np.random.default_rng(2).normal(0, 3, (CHANNELS, POSITIONS))


def made(name, target=TARGET, positions=POSITIONS):
    return MAP_LOSSES[name](target, positions, np.random.default_rng(3))


def gram_of_nothing(target):
    second = target @ target.T / target.shape[1]
    return np.sum(second**2) / len(second) ** 2


def test_nearest_neighbours_are_those_of_scipy():
    expected = cdist(FEATURES.T, TARGET.T, "cosine").min(1).mean() * gram_of_nothing(TARGET)
    assert made("nnfm")(FEATURES)[0] == pytest.approx(expected, rel=1e-4)


def test_in_one_direction_it_is_the_wasserstein_distance_of_one_dimension():
    """Of a shifted copy the squared shift; of equal numbers of values what SciPy gives for their first power."""
    row = np.random.default_rng(5).normal(size=(1, 50))
    scale = np.mean(row**2) ** 2 / np.mean(row**2)  # Gram matrix of nothing, over what nothing costs
    assert made("sliced-wasserstein", row, 50)(row + 0.7)[0] == pytest.approx(scale * 0.49, rel=1e-5)
    moved = np.sort(row) + np.linspace(0, 1, 50)
    by_square = made("sliced-wasserstein", row, 50)(moved)[0]
    assert by_square == pytest.approx(scale * np.mean(np.linspace(0, 1, 50) ** 2), rel=1e-5)
    assert wasserstein_distance(row[0], moved[0]) == pytest.approx(np.mean(np.linspace(0, 1, 50)))


@pytest.mark.parametrize("name", MAP_LOSSES)
def test_gradients_agree_with_finite_differences(name):
    loss = made(name)
    value, gradient = loss(FEATURES)
    assert isinstance(value, float) and gradient.shape == FEATURES.shape
    for index in [(0, 0), (3, 17), (5, 89), (2, 40)]:
        change = np.zeros_like(FEATURES)
        change[index] = 1e-5
        difference = (loss(FEATURES + change)[0] - loss(FEATURES - change)[0]) / 2e-5
        assert gradient[index] == pytest.approx(difference, rel=1e-4, abs=1e-6 * np.abs(gradient).max())


@pytest.mark.parametrize("name", MAP_LOSSES)
def test_the_target_in_any_order_costs_nothing(name):
    shuffled = TARGET[:, np.random.default_rng(4).permutation(TARGET.shape[1])]
    value, gradient = made(name, positions=TARGET.shape[1])(shuffled)
    there = made(name)(FEATURES)
    assert value < 1e-5 * there[0] and np.abs(gradient).max() < 1e-2 * np.abs(there[1]).max()


def test_sliced_wasserstein_without_style_costs_what_gram_does():
    assert made("sliced-wasserstein")(0 * FEATURES)[0] == pytest.approx(gram_of_nothing(TARGET), rel=1e-5)
    assert made("nnfm")(0 * FEATURES)[0] == pytest.approx(gram_of_nothing(TARGET), rel=1e-5)


def test_sliced_wasserstein_sees_what_moments_do_not():
    """Two distributions of equal mean and Gram matrix: values of one size, and Gaussian ones."""
    generator, count = np.random.default_rng(6), 4000
    signs, bell = np.sign(generator.normal(size=(4, count))), generator.normal(size=(4, count))
    second = bell @ bell.T / count
    whitened = np.linalg.solve(np.linalg.cholesky(second), bell)
    signs = np.linalg.solve(np.linalg.cholesky(signs @ signs.T / count), signs)
    found, target = (losses.moments(ortho_group.rvs(4, random_state=1) @ x) for x in (signs, whitened))
    assert losses.gram(found, target)[0] < 1e-9
    rows = np.eye(4) @ signs
    assert made("sliced-wasserstein", whitened, count)(rows)[0] > 0.01 * gram_of_nothing(whitened)


@pytest.mark.parametrize("name", MAP_LOSSES)
def test_dead_features_break_nothing_and_float32_stays(name):
    features, target = FEATURES.astype(np.float32), TARGET.astype(np.float32)
    features[:, ::2], target[:, :10], target[0] = 0, 0, 0
    copies = features.copy(), target.copy()
    value, gradient = made(name, target)(features)
    assert np.isfinite(value) and np.isfinite(gradient).all() and gradient.dtype == np.float32
    assert np.array_equal(features, copies[0]) and np.array_equal(target, copies[1])


@pytest.mark.parametrize("name", MAP_LOSSES)
def test_tensors_give_what_arrays_give(name):
    torch = pytest.importorskip("torch")
    features, target = FEATURES.astype(np.float32), TARGET.astype(np.float32)
    value, gradient = made(name, target)(features)
    found, there = made(name, torch.tensor(target))(torch.tensor(features))
    assert found == pytest.approx(value, rel=1e-5)
    np.testing.assert_allclose(arrays.to_numpy(there), gradient, rtol=1e-4, atol=1e-5 * np.abs(gradient).max())


@pytest.mark.parametrize("name", MAP_LOSSES)
def test_large_maps_are_taken_in_parts(name, monkeypatch):
    """In blocks nothing changes; of a painting that is too large a sample is looked at, the same one each time."""
    whole = made(name)(FEATURES)
    monkeypatch.setattr(matching, "BLOCK", 500)
    assert made(name)(FEATURES)[0] == pytest.approx(whole[0], rel=1e-12)
    monkeypatch.setattr(matching, "PAIRS", 30 * POSITIONS)
    sampled = made("nnfm")(FEATURES)[0]
    assert sampled > made("nnfm", positions=1)(FEATURES)[0] and sampled == made("nnfm")(FEATURES)[0]


def test_of_several_paintings_each_is_there_by_its_share():
    one, other = np.full((1, 3, 10, 10), 1.0), np.full((1, 3, 20, 20), 2.0)
    found = matching.mixed([one, other], [0.25, 0.75], np.random.default_rng(1))
    assert found.shape == (3, 400) and np.sum(found[0] == 1) == 100
    assert (matching.mixed([one, other], [0.0, 1.0], np.random.default_rng(1)) == 2).all()


def test_objective_counts_them_as_losses_of_moments():
    """By weight and positions, with its gradient carried back by the evaluator."""
    from neural_style.engines.contract import Statistics
    from neural_style.painting.objective import Objective, Weights

    class Identity:
        size, positions = (6, 15), {"a": [90.0]}

        def forward(self, image):
            return Statistics({}, {}, {"a": image})

        def backward(self, gradients):
            return gradients.maps["a"]

    image = np.random.default_rng(7).normal(size=(1, 3, 6, 15)).astype(np.float32)
    map_losses = matching.made("nnfm", {"a": TARGET[:3].astype(np.float32)}, Identity.positions, (0, 6, 15))
    objective = Objective(Identity(), {}, Weights(0, 2, 0, {}, {"a": 3}), map_losses=map_losses)
    found, gradient = objective.losses_and_gradient(image)
    value, expected = map_losses["a"](image.reshape(3, 90))
    assert found["style"] == found["style:a"] == found["total"] == pytest.approx(6 * 90 * value)
    np.testing.assert_allclose(gradient, 6 * 90 * expected.reshape(image.shape), rtol=1e-5)
