"""The network: its statistics against plain NumPy, the picture's gradient against finite differences of them."""

import numpy as np
import plain
import pytest

from neural_style.engines.contract import Statistics
from neural_style.engines.mxnet.encoder import Encoder
from neural_style.engines.mxnet.library import mx
from neural_style.networks.squeezenet import SQUEEZENET
from neural_style.networks.vgg import VGG19
from neural_style.painting.losses import Moments

SIZE = (40, 48)


def random_picture(seed, size=SIZE):
    return np.random.default_rng(seed).uniform(-110, 130, (1, 3, *size)).astype(np.float32)


IMAGE, OTHER = random_picture(1), random_picture(2)
LEFT = np.tile(np.linspace(1, 0, SIZE[1]), (SIZE[0], 1))


def plain_moments(feature_map, mask):
    """Of the positions of a feature map (C, H, W), each counting by the square of the mask's mean over it."""
    flat = feature_map.reshape(len(feature_map), -1)
    share = np.ones(flat.shape[1])
    if mask is not None:
        height, width = feature_map.shape[1:]
        share = mask.reshape(height, SIZE[0] // height, width, SIZE[1] // width).mean((1, 3)).ravel()
    guided = flat * share
    return guided @ guided.T / np.sum(share**2), guided @ share / np.sum(share**2)


class Case:
    """A network of the suite, the plain one that it must agree with, and a weighted sum of their statistics."""

    def __init__(self, model, arrays, pooling, border, content, style, masks=(None,)):
        self.model, self.arrays, self.pooling, self.border = model, arrays, pooling, border
        self.content, self.style, self.masks = content, style, masks
        maps, generator = self.maps(OTHER[0]), np.random.default_rng(5)
        self.targets = {layer: maps[layer] for layer in content}
        self.shares = {layer: generator.uniform(0.5, 2) for layer in content}
        # sized so that content, second moments and means weigh about the same in the gradient
        self.factors = {}
        for layer in style:
            channels, positions, strength = len(maps[layer]), maps[layer][0].size, np.sqrt(np.mean(maps[layer] ** 2))
            self.factors[layer] = [
                Moments(
                    generator.normal(size=(channels, channels)) * positions / np.sqrt(channels),
                    generator.normal(size=channels) * positions * strength,
                )
                for _ in masks
            ]

    def maps(self, picture):
        picture = np.pad(np.asarray(picture, float), ((0, 0), *((self.border, self.border),) * 2), mode="reflect")
        if self.model is VGG19:
            return plain.vgg19(self.arrays, picture)
        return plain.squeezenet(self.arrays, picture, {"avg": np.mean, "max": np.max}[self.pooling])

    def statistics(self, picture):
        maps = self.maps(picture)
        content = {layer: np.sum((maps[layer] - self.targets[layer]) ** 2) for layer in self.content}
        return content, {layer: [plain_moments(maps[layer], mask) for mask in self.masks] for layer in self.style}

    def weighted_sum(self, picture):
        """The function of the picture whose gradients by its statistics are `gradients()`."""
        content, style = self.statistics(picture)
        return sum(self.shares[layer] * content[layer] for layer in content) + sum(
            np.sum(factor.second * second) + factor.mean @ mean
            for layer in style
            for factor, (second, mean) in zip(self.factors[layer], style[layer])
        )

    def gradients(self):
        return Statistics(self.shares, self.factors)

    def encoder(self, precision="float32"):
        return Encoder(self.model, self.arrays, mx.cpu(), precision, self.pooling, self.border, means=True)

    def network(self, precision="float32"):
        encoder = self.encoder(precision)
        return encoder.evaluator(SIZE, encoder.extract(OTHER, self.content, ()).content, self.style, self.masks)


@pytest.fixture(
    scope="module",
    params=[
        "vgg19",
        "vgg19 with masks",
        "vgg19 with a border",
        "squeezenet",
        "squeezenet with a border and max pooling",
    ],
)
def case(request):
    if request.param.startswith("vgg19"):
        arrays = request.getfixturevalue("vgg19_arrays")
        # every style layer of the recipe: gradients meet at each of them
        style = list(VGG19.defaults.style_layers)
        masks = (LEFT, 1 - LEFT) if "masks" in request.param else (None,)
        return Case(VGG19, arrays, "avg", 7 * ("border" in request.param), ["relu4_2", "relu2_2"], style, masks)
    arrays = request.getfixturevalue("squeezenet_arrays")
    border, pooling = (8, "max") if "border" in request.param else (0, "avg")
    return Case(SQUEEZENET, arrays, pooling, border, ["fire4"], list(SQUEEZENET.defaults.style_layers))


def assert_close(found, expected, tolerance=1e-4):
    assert np.linalg.norm(found - expected) < tolerance * np.linalg.norm(expected)


def test_targets_are_the_plain_feature_maps_and_moments(case):
    targets = case.encoder().extract(IMAGE, case.content, case.style, case.masks)
    maps, (_, style) = case.maps(IMAGE[0]), case.statistics(IMAGE[0])
    assert list(targets.content) == case.content and list(targets.style) == case.style
    for layer in case.content:
        assert_close(targets.content[layer][0], maps[layer])
    for layer in case.style:
        assert len(targets.style[layer]) == len(case.masks)
        for found, expected in zip(targets.style[layer], style[layer]):
            assert_close(found.second, expected[0])
            assert_close(found.mean, expected[1])


def test_statistics_are_those_of_the_plain_network(case):
    found, (content, style) = case.network().forward(IMAGE), case.statistics(IMAGE[0])
    for layer in case.content:
        assert found.content[layer] == pytest.approx(content[layer], rel=1e-4)
    for layer in case.style:
        for moments, expected in zip(found.style[layer], style[layer]):
            assert_close(moments.second, expected[0])
            assert_close(moments.mean, expected[1])


def test_gradient_is_that_of_the_plain_network(case):
    network = case.network()
    network.forward(IMAGE)
    gradient = network.backward(case.gradients())
    assert gradient.shape == IMAGE.shape and gradient.dtype == np.float32
    generator, step, picture = np.random.default_rng(7), 1e-5, IMAGE[0].astype(float)
    for _ in range(2):
        # partly along the gradient, or the derivative could be small only by chance
        direction = generator.normal(size=picture.shape) + gradient[0] / gradient.std()
        expected = case.weighted_sum(picture + step * direction) - case.weighted_sum(picture - step * direction)
        assert np.sum(gradient[0] * direction) == pytest.approx(expected / (2 * step), rel=1e-4)


def test_every_value_of_the_gradient_agrees_with_a_plain_backward_pass(vgg19_arrays):
    case = Case(VGG19, vgg19_arrays, "avg", 0, ["relu4_2"], ["relu2_1", "relu5_1"])
    network = case.network()
    network.forward(IMAGE)
    maps = case.maps(IMAGE[0])
    gradients = {"relu4_2": 2 * case.shares["relu4_2"] * (maps["relu4_2"] - case.targets["relu4_2"])}
    for layer, (factor,) in case.factors.items():
        flat = maps[layer].reshape(len(maps[layer]), -1)
        gradient = ((factor.second + factor.second.T) @ flat + factor.mean[:, None]) / flat.shape[1]
        gradients[layer] = gradient.reshape(maps[layer].shape)
    assert_close(network.backward(case.gradients())[0], plain.vgg19_backward(vgg19_arrays, maps, gradients))


@pytest.mark.bfloat16
def test_bfloat16_points_the_same_way(case):
    exact, low = case.network(), case.network("bfloat16")
    statistics, rounded = exact.forward(IMAGE), low.forward(IMAGE)
    for layer in case.content:
        assert rounded.content[layer] == pytest.approx(statistics.content[layer], rel=0.02)
    for layer in case.style:
        for one, other in zip(statistics.style[layer], rounded.style[layer]):
            assert_close(other.second, one.second, 0.02)
            assert other.second.dtype == np.float32
    one, other = exact.backward(case.gradients()).ravel(), low.backward(case.gradients()).ravel()
    assert np.dot(one, other) / np.linalg.norm(one) / np.linalg.norm(other) > 0.99


@pytest.mark.parametrize("precision", ["float32", pytest.param("bfloat16", marks=pytest.mark.bfloat16)])
def test_the_same_picture_gives_the_same_bytes_whatever_came_before(case, precision):
    network = case.network(precision)
    network.forward(IMAGE)
    first = network.backward(case.gradients())
    kept = first.copy()
    for picture in (OTHER, IMAGE):
        network.forward(picture)
        gradient = network.backward(case.gradients())
    assert np.array_equal(first, kept)
    assert np.array_equal(gradient, kept)


