"""The VGG-19 learned offline: deterministic, well scaled, better than chance, and on disk whole or not at all."""

import numpy as np
import pytest
import scipy.ndimage

from neural_style.download import learn
from neural_style.networks.layers import convolutions, needed
from neural_style.networks.vgg import VGG19, rows
from neural_style.weights import store

DEFAULTS = VGG19.defaults._replace(style_layers={f"relu{block}_1": 1.0 for block in range(1, 5)})
NETWORK = VGG19._replace(layers=rows((16, 16), (16, 16), (16, 16), (24, 24)), defaults=DEFAULTS)
NAMES = [row.name for row in needed(NETWORK, ["conv4_1"]) if row.kind == "convolution"]
TEXTURES = ("brick", "grass", "gravel", "immunohistochemistry")
SIZE = 64


@pytest.fixture(scope="module", autouse=True)
def few_pictures():
    """The pictures of test size are read once, and the largest of them not at all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learn, "PICTURES", ("astronaut", "coffee", "chelsea", *TEXTURES))
        read = {size: list(learn.training_pictures(size)) for size in (SIZE, 2 * SIZE)}
        patch.setattr(learn, "training_pictures", lambda size: read[size])
        yield


def learned(seed):
    return learn.learn(learn.engine(), seed, progress=False, network=NETWORK, patches=1000, long_edge=SIZE)


def feature_maps(arrays, picture):
    """The output of every convolution, name -> (C, H, W), of a picture (1, 3, H, W) in the network's range."""
    engine, maps = learn.engine(), {}
    f = engine.array(picture)
    for name in NAMES:
        if name.endswith("_1") and name != "conv1_1":
            f = engine.pooled(f)
        f = engine.convolved(f, arrays[f"{name}_weight"], arrays[f"{name}_bias"])
        maps[name] = engine.numpy(f)[0]
    return maps


@pytest.fixture(scope="module")
def network():
    return learned(0)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_network(network):
    again, other = learned(0), learned(1)
    assert {name: array.tobytes() for name, array in again.items()} == {n: a.tobytes() for n, a in network.items()}
    assert not np.array_equal(other["conv3_1_weight"], network["conv3_1_weight"])


def test_arrays_are_those_of_the_network_up_to_its_deepest_style_layer(network):
    shapes = convolutions(NETWORK)
    assert set(network) == {f"{name}_{part}" for name in NAMES for part in ("weight", "bias")}
    for name in NAMES:
        weight, bias = network[f"{name}_weight"], network[f"{name}_bias"]
        assert weight.shape == shapes[name] and bias.shape == shapes[name][:1]
        assert weight.dtype == bias.dtype == np.float32
        assert np.isfinite(weight).all() and np.isfinite(bias).all()


def test_every_style_layer_weighs_alike(network):
    strength = {name: [] for name in NAMES if name.endswith("_1")}
    for picture in learn.training_pictures(SIZE):
        maps = feature_maps(network, picture)
        for name, found in strength.items():
            found.append(learn.gram_strength(maps[name]))
    # times the number of positions, which each pooling quarters
    terms = [np.median(found) / 4**block for block, found in enumerate(strength.values())]
    assert np.allclose(terms, terms[0], rtol=0.01), terms


def test_the_pictures_colours_are_carried_at_mean_activation_1():
    pictures = [picture[0] for picture in learn.training_pictures(SIZE)]
    colours = learn.principal_colours(pictures)
    pixels = np.concatenate([picture.reshape(3, -1).T for picture in pictures])
    activation = np.maximum(pixels @ colours.T, 0).mean(0)
    assert colours.shape == (learn.CARRIED, 3)
    assert np.allclose((activation[:3] + activation[3:]) / 2, 1, rtol=1e-3)


def test_filters_respond_at_the_stated_scale(network):
    pictures = list(learn.training_pictures(SIZE))
    area = np.array([p[0, 0].size for p in pictures])
    squares = np.stack([np.square(feature_maps(network, p)["conv1_1"]).mean((1, 2)) for p in pictures])
    activation = np.sqrt((squares * area[:, None]).sum(0) / area.sum())
    assert np.allclose(activation[learn.CARRIED :], learn.ACTIVATION, rtol=0.4)
    assert np.isclose(activation[learn.CARRIED :].mean(), learn.ACTIVATION, rtol=0.1)


def test_every_block_carries_the_picture_smoothed_and_halved(network):
    picture = next(iter(learn.training_pictures(SIZE)))[:, :, :48, :48]
    maps = feature_maps(network, picture)
    carried = slice(learn.CARRIED)
    expected = maps["conv1_1"][carried]
    for block in (2, 3, 4):
        for axis in (1, 2):
            expected = scipy.ndimage.convolve1d(expected, [0.25, 0.5, 0.25], axis, mode="constant")
        channels, height, width = expected.shape
        expected = expected.reshape(channels, height // 2, 2, width // 2, 2).mean((2, 4))
        found = maps[f"conv{block}_1"][carried]
        scale = np.median(found[expected > 1] / expected[expected > 1])  # blocks differ by a factor
        assert np.allclose(found, scale * expected, atol=1e-3 * found.max())


def test_covariances_tell_textures_apart_better_than_those_of_random_filters(network):
    rng = np.random.default_rng(0)
    random = {name: rng.standard_normal(array.shape).astype("f4") for name, array in network.items()}
    random.update({name: np.zeros_like(array) for name, array in network.items() if name.endswith("bias")})

    def covariance(arrays, picture, layer):
        # the means, which tell colours apart, are no merit of a filter
        found = np.cov(feature_maps(arrays, picture)[layer].reshape(len(arrays[f"{layer}_bias"]), -1))
        return found / np.linalg.norm(found)

    def confusion(arrays, layer):
        pictures = [p for n, p in zip(learn.PICTURES, learn.training_pictures(2 * SIZE)) if n in TEXTURES]
        left = [covariance(arrays, p[..., :64], layer) for p in pictures]
        right = [covariance(arrays, p[..., 64:], layer) for p in pictures]
        distance = np.array([[np.linalg.norm(a - b) for b in right] for a in left])
        return np.diag(distance).mean() / distance[~np.eye(len(distance), dtype=bool)].mean()

    for layer in ("conv2_1", "conv3_1"):
        assert confusion(network, layer) < confusion(random, layer)


def test_kmeans_finds_directions_that_are_there():
    rng = np.random.default_rng(0)
    directions = np.eye(8)
    x = np.repeat(directions, 50, 0) * rng.uniform(1, 9, (400, 1)) + 0.05 * rng.standard_normal((400, 8))
    found = learn.spherical_kmeans(x, 40, rng)
    assert np.allclose(np.linalg.norm(found, axis=1), 1)
    assert ((found @ directions.T).max(0) > 0.99).all()


def test_build_leaves_a_verified_file_with_its_recipe(tmp_path, monkeypatch):
    arrays = {}
    for name, shape in convolutions(VGG19).items():
        arrays[f"{name}_weight"], arrays[f"{name}_bias"] = np.ones(shape, "f4"), np.ones(shape[0], "f4")
    monkeypatch.setattr(learn, "learn", lambda engine, seed, progress: arrays)
    path = learn.build(tmp_path / store.OFFLINE, None, seed=3, progress=False)
    note = store.recorded(path)
    assert (note["recipe"], note["seed"]) == (learn.RECIPE, 3)
    loaded = store.load("vgg19", path)
    assert loaded.verified and loaded.offline
    assert np.array_equal(loaded.arrays["conv4_2_weight"], arrays["conv4_2_weight"])


def test_an_interrupted_build_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(engine, seed, progress):
        raise KeyboardInterrupt

    monkeypatch.setattr(learn, "learn", interrupted)
    with pytest.raises(KeyboardInterrupt):
        learn.build(tmp_path / store.OFFLINE, None)
    assert not list(tmp_path.iterdir())
