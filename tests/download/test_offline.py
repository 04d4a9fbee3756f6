"""The VGG-19 learned offline: deterministic, well scaled, better than chance, and on disk whole or not at all."""
import numpy as np
import pytest

from neural_style.download import learn as offline
from neural_style.engines.mxnet.library import mx
from neural_style.networks.layers import convolutions
from neural_style.networks.vgg import VGG19
from neural_style.weights import store

WIDTHS = ((16, 16), (16, 16), (16, 16, 16, 16), (24, 24, 24, 24), (24,))
NAMES = [f"conv{b}_{i}" for b, block in enumerate(WIDTHS, 1) for i in range(1, len(block) + 1)]


def learn(seed):
    return offline.learn(seed, progress=False, patches=1000, widths=WIDTHS, long_edge=64)


def feature_maps(arrays, picture):
    """The output of every convolution, name -> (C, H, W), of a picture (1, 3, H, W) in the network's range."""
    maps, f = {}, mx.nd.array(picture)
    for name in NAMES:
        if name.endswith("_1") and name != "conv1_1":
            f = mx.nd.Pooling(f, kernel=(2, 2), stride=(2, 2), pool_type="avg")
        f = offline.convolve(f, arrays[f"{name}_weight"], arrays[f"{name}_bias"])
        maps[name] = f[0].asnumpy()
    return maps


@pytest.fixture(scope="module")
def network():
    return learn(0)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_network(network):
    again, other = learn(0), learn(1)
    assert {name: array.tobytes() for name, array in again.items()} == {n: a.tobytes() for n, a in network.items()}
    assert not np.array_equal(other["conv3_1_weight"], network["conv3_1_weight"])


def test_arrays_are_those_of_a_vgg19(network):
    channels = 3
    for name, width in zip(NAMES, (width for block in WIDTHS for width in block)):
        weight, bias = network[f"{name}_weight"], network[f"{name}_bias"]
        assert weight.shape == (width, channels, 3, 3) and bias.shape == (width,)
        assert weight.dtype == bias.dtype == np.float32
        assert np.isfinite(weight).all() and np.isfinite(bias).all()
        channels = width
    assert len(network) == 2 * len(NAMES)
    full = {f"conv{b}_{i}": w for b, block in enumerate(offline.WIDTHS, 1) for i, w in enumerate(block, 1)}
    assert full == {name: shape[0] for name, shape in convolutions(VGG19).items() if name in full}


def test_filters_respond_at_the_stated_scale(network):
    pictures = list(offline.training_pictures(64))
    area = np.array([p[0, 0].size for p in pictures])
    squares = np.stack([np.square(feature_maps(network, p)["conv1_1"]).mean((1, 2)) for p in pictures])
    activation = np.sqrt((squares * area[:, None]).sum(0) / area.sum())
    assert np.allclose(activation[offline.CARRIED :], offline.ACTIVATION, rtol=0.4)
    assert np.isclose(activation[offline.CARRIED :].mean(), offline.ACTIVATION, rtol=0.1)


def test_the_content_layer_still_holds_the_picture(network):
    picture = next(offline.training_pictures(64))[:, :, :48, :48]
    maps = feature_maps(network, picture)

    def brightness(f):
        return f[0] - f[offline.CARRIED // 2]

    pooled = brightness(maps["conv1_1"]).reshape(6, 8, 6, 8).mean((1, 3))
    carried = brightness(maps["conv4_2"])
    assert np.corrcoef(pooled.ravel(), carried.ravel())[0, 1] > 0.999


def test_covariances_tell_textures_apart_better_than_those_of_random_filters(network):
    rng = np.random.default_rng(0)
    random = {name: rng.standard_normal(array.shape).astype("f4") for name, array in network.items()}
    random.update({name: np.zeros_like(array) for name, array in network.items() if name.endswith("bias")})

    def covariance(arrays, picture, layer):
        # the means, which tell colours apart, are no merit of a filter
        found = np.cov(feature_maps(arrays, picture)[layer].reshape(len(arrays[f"{layer}_bias"]), -1))
        return found / np.linalg.norm(found)

    def confusion(arrays, layer):
        names = ("brick", "grass", "gravel", "immunohistochemistry")
        pictures = [p for n, p in zip(offline.PICTURES, offline.training_pictures(128)) if n in names]
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
    found = offline.spherical_kmeans(x, 40, rng)
    assert np.allclose(np.linalg.norm(found, axis=1), 1)
    assert ((found @ directions.T).max(0) > 0.99).all()


def test_build_leaves_a_verified_file_with_its_recipe(tmp_path, monkeypatch):
    arrays = {}
    for name, shape in convolutions(VGG19).items():
        arrays[f"{name}_weight"], arrays[f"{name}_bias"] = np.ones(shape, "f4"), np.ones(shape[0], "f4")
    monkeypatch.setattr(offline, "learn", lambda seed, progress: arrays)
    path = offline.build(tmp_path / store.OFFLINE, seed=3, progress=False)
    note = store.recorded(path)
    assert (note["recipe"], note["seed"]) == (offline.RECIPE, 3)
    loaded = store.load("vgg19", path)
    assert loaded.verified and loaded.offline
    assert np.array_equal(loaded.arrays["conv4_2_weight"], arrays["conv4_2_weight"])


def test_an_interrupted_build_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(seed, progress):
        raise KeyboardInterrupt

    monkeypatch.setattr(offline, "learn", interrupted)
    with pytest.raises(KeyboardInterrupt):
        offline.build(tmp_path / store.OFFLINE)
    assert not list(tmp_path.iterdir())
