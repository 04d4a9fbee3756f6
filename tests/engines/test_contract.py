"""What `engines.contract` promises, of every engine: against one in plain NumPy, and that against differences."""

import numpy as np
import pytest
from narrow import narrow, random_arrays
from numpy_engine import NumpyEngine, of_layer

from neural_style.engines.contract import Moments, Statistics
from neural_style.networks.googlenet import GOOGLENET
from neural_style.networks.layers import DATA, Defaults, Layer, Network, shapes
from neural_style.networks.registry import NETWORKS
from neural_style.networks.squeezenet import SQUEEZENET
from neural_style.networks.vgg import VGG19


def mxnet_engine():
    pytest.importorskip("mxnet")
    from neural_style.engines import door

    return door.opened(-1, "float32").engine


def torch_engine():
    pytest.importorskip("torch")
    from neural_style.engines.torch.engine import TorchEngine

    return TorchEngine()


ENGINES = {"mxnet": mxnet_engine, "torch": torch_engine, "numpy": NumpyEngine}

# every kind of row; strides that leave rows and columns out, groups, a layer that two others look at
ALL_KINDS = Network(
    "small",
    "all kinds of rows",
    (
        Layer("a", "convolution", (DATA,), 8, kernel=5, stride=3, pad=1),
        Layer("a_relu", "relu", ("a",)),
        Layer("norm", "lrn", ("a_relu",)),
        Layer("pool", "pool", ("norm",), kernel=3, stride=2, ceil=True),
        Layer("smooth", "pool", ("pool",), kernel=3, pad=1),
        Layer("b", "convolution", ("smooth",), 12, kernel=3, stride=2, groups=4, relu=True),
        Layer("c", "convolution", ("smooth",), 6, kernel=3, stride=2),
        Layer("both", "concat", ("b", "c")),
        Layer("top", "relu", ("both",)),
        Layer("whole", "global_pool", ("top",)),
    ),
    Defaults({}, {}),
)
KINDS = ["a", "a_relu", "norm", "pool", "smooth", "c", "both", "top", "whole"]
VGG_STYLE, SQUEEZE_STYLE = list(VGG19.defaults.style_layers), list(SQUEEZENET.defaults.style_layers)
ODD, EVEN = (53, 67), (40, 48)


def mask(size):
    """Two regions that overlap, and reach the frame."""
    left = np.tile(np.linspace(1, 0, size[1]), (size[0], 1)).astype(np.float32)
    return left, (1 - left) ** 2


class Case:
    """A network in one setting, made for any engine."""

    def __init__(
        self, network, content, style, size=ODD, pooling="avg", border=0, regions=False, means=True, by_layer=False
    ):
        self.network, self.arrays, self.size = network, random_arrays(network), size
        self.content, self.style, self.means = content, style, means
        self.masks = mask(size) if regions else (None,)
        self.options = {"pooling": pooling, "border": border, "means": means}
        self.content_mask = None
        if by_layer:
            edges = shapes(network, [edge + 2 * border for edge in size], pooling)
            each = {layer: mask(edges[layer][1:]) for layer in {*content, *style}}
            each = {layer: (left, 0 * left, right) for layer, (left, right) in each.items()}  # one counts nothing
            self.masks = tuple({layer: each[layer][region] for layer in style} for region in range(3))
            self.content_mask = {layer: each[layer][0] for layer in content}

    def picture(self, seed):
        return np.random.default_rng(seed).uniform(-110, 130, (1, 3, *self.size)).astype(np.float32)

    def encoder(self, engine):
        return engine.encoder(self.network, self.arrays, **self.options)

    def evaluator(self, engine):
        encoder = self.encoder(engine)
        content = encoder.extract(engine.array(self.picture(2)), self.content, ()).content
        return encoder.evaluator(self.size, content, self.style, self.masks, self.content_mask)

    def evaluator_with_maps(self, engine, moments, maps):
        """One that gives moments of some layers, and whole maps of others."""
        encoder = self.encoder(engine)
        content = encoder.extract(engine.array(self.picture(2)), self.content, ()).content
        return encoder.evaluator(self.size, content, moments, map_layers=maps)

    def gradients(self, statistics):
        """Gradients by some statistics of about equal weight; not symmetric."""
        generator = np.random.default_rng(5)
        content = {layer: 1 / value for layer, value in statistics.content.items()}
        style = {
            layer: [Moments(*(self._gradient(part, generator) for part in moments)) for moments in regions]
            for layer, regions in statistics.style.items()
        }
        return Statistics(content, style)

    @staticmethod
    def _gradient(part, generator):
        if part is None:
            return None
        return (generator.normal(size=part.shape) / (np.linalg.norm(part) or 1)).astype(np.float32)



def by_default(network):
    layers = list(network.defaults.content_layers), list(network.defaults.style_layers)
    return Case(narrow(network), *layers, (83, 101), network.defaults.pooling, network.defaults.border)


CASES = {
    "every kind of row": Case(ALL_KINDS, ["a", "both"], KINDS),
    "every kind of row, maxima": Case(ALL_KINDS, ["a", "both"], KINDS, pooling="max"),
    "every kind of row, a border": Case(ALL_KINDS, ["norm"], ["both"], border=9),
    "regions": Case(ALL_KINDS, ["both"], KINDS[:-1], regions=True),
    "regions with a border, without means": Case(ALL_KINDS, [], ["a", "top"], border=7, regions=True, means=False),
    "masks by layer, one of nothing": Case(ALL_KINDS, ["a", "both"], KINDS[:-1], border=9, by_layer=True),
    "vgg19, masks by layer, maxima": Case(narrow(VGG19), ["relu4_2"], VGG_STYLE, pooling="max", by_layer=True),
    "vgg19": Case(narrow(VGG19), ["relu4_2", "relu2_2"], VGG_STYLE),
    "vgg19, regions": Case(narrow(VGG19), ["relu4_2"], VGG_STYLE, EVEN, regions=True),
    "vgg19, maxima": Case(narrow(VGG19), ["relu4_2"], VGG_STYLE, pooling="max"),
    "vgg19, before ReLUs": Case(narrow(VGG19), ["conv2_1", "conv3_1"], ["relu2_1", "conv3_2", "relu3_1"]),
    "vgg19, maxima, not in the network's order": Case(narrow(VGG19), [], [*VGG_STYLE, "relu1_2"], pooling="max"),
    "vgg19, not in the network's order": Case(narrow(VGG19), ["relu4_2", "relu1_2"], [*VGG_STYLE[::-1], "relu3_4"]),
    "squeezenet": Case(narrow(SQUEEZENET), ["fire4"], SQUEEZE_STYLE),
    "squeezenet, maxima, a border": Case(narrow(SQUEEZENET), ["fire4"], SQUEEZE_STYLE, EVEN, "max", 8),
    "googlenet": Case(narrow(GOOGLENET), ["conv2/3x3"], ["conv1/7x7_s2", "conv2/norm2", "inception_4a/output"]),
    **{f"{name} by default": by_default(network) for name, network in NETWORKS.items()},
}


def assert_close(found, expected, tolerance):
    assert found.shape == expected.shape and found.dtype == np.float32
    assert np.linalg.norm(found - expected) <= tolerance * np.linalg.norm(expected)


@pytest.fixture(scope="module", params=ENGINES)
def engine(request):
    return ENGINES[request.param]()


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]


class TestEngine:
    def test_targets(self, engine, case):
        picture = case.picture(1)
        arguments = case.content, case.style, case.masks
        found = case.encoder(engine).extract(engine.array(picture), *arguments)
        expected = case.encoder(NumpyEngine()).extract(picture, *arguments)
        edges = [edge + 2 * case.options["border"] for edge in case.size]
        assert list(found.content) == case.content and list(found.style) == case.style
        for layer in case.content:
            assert found.content[layer].shape[1:] == shapes(case.network, edges, case.options["pooling"])[layer]
            assert_close(engine.numpy(found.content[layer]), expected.content[layer], 1e-5)
        self._assert_moments(engine, found.style, expected.style)

    @staticmethod
    def _assert_moments(engine, found, expected):
        for layer, regions in expected.items():
            assert len(found[layer]) == len(regions)
            for moments, right in zip(found[layer], regions):
                assert_close(engine.numpy(moments.second), right.second, 1e-5)
                assert (moments.mean is None) == (right.mean is None)
                if right.mean is not None:
                    assert_close(engine.numpy(moments.mean), right.mean, 1e-5)

    def test_statistics_and_gradient(self, engine, case):
        picture, evaluator, right = case.picture(1), case.evaluator(engine), case.evaluator(NumpyEngine())
        found, expected = evaluator.forward(engine.array(picture)), right.forward(picture)
        assert evaluator.size == case.size
        for layer, counts in right.positions.items():
            assert evaluator.positions[layer] == pytest.approx(counts, rel=1e-6)
        for layer in case.content:
            assert isinstance(found.content[layer], float)
            assert found.content[layer] == pytest.approx(expected.content[layer], rel=1e-5)
        self._assert_moments(engine, found.style, expected.style)
        gradients = case.gradients(expected)
        style = {
            layer: [Moments(*(None if part is None else engine.array(part) for part in it)) for it in regions]
            for layer, regions in gradients.style.items()
        }
        gradient = engine.numpy(evaluator.backward(Statistics(gradients.content, style)))
        assert_close(gradient, right.backward(gradients), 1e-4)

    @pytest.mark.parametrize("name", ["every kind of row", "vgg19, before ReLUs", "squeezenet, maxima, a border"])
    def test_whole_feature_maps_and_their_gradients(self, engine, name):
        """Beside moments of another layer, of layers with and without a content loss."""
        case, picture = CASES[name], CASES[name].picture(1)
        moments, *whole = dict.fromkeys([*case.style, *case.content])
        found, right = (case.evaluator_with_maps(it, [moments], whole) for it in (engine, NumpyEngine()))
        statistics, expected = found.forward(engine.array(picture)), right.forward(picture)
        assert found.positions == right.positions and list(statistics.maps) == whole
        for layer in whole:
            assert_close(engine.numpy(statistics.maps[layer]), expected.maps[layer], 1e-5)
        gradients, generator = case.gradients(expected), np.random.default_rng(6)
        maps = {layer: case._gradient(features, generator) for layer, features in expected.maps.items()}
        style = {moments: [Moments(*(it if it is None else engine.array(it) for it in gradients.style[moments][0]))]}
        on_device = {layer: engine.array(gradient) for layer, gradient in maps.items()}
        gradient = engine.numpy(found.backward(Statistics(gradients.content, style, on_device)))
        assert_close(gradient, right.backward(gradients._replace(maps=maps)), 1e-4)

    def test_the_same_picture_gives_the_same_bytes_and_nothing_given_out_changes(self, engine):
        case = CASES["vgg19, regions"]
        evaluator = case.evaluator(engine)

        def evaluate(seed):
            statistics = evaluator.forward(engine.array(case.picture(seed)))
            return statistics, evaluator.backward(statistics)

        statistics, gradient = evaluate(1)
        second = engine.numpy(statistics.style["relu3_1"][0].second)
        kept = second.copy(), engine.numpy(gradient).copy()
        evaluate(2)
        again, repeated = evaluate(1)
        assert np.array_equal(second, kept[0]) and np.array_equal(engine.numpy(gradient), kept[1])
        assert np.array_equal(engine.numpy(repeated), kept[1])
        assert again.content == statistics.content

    def test_one_that_is_aimed_at_another_photograph_is_one_that_was_made_for_it(self, engine, case):
        one, other = (engine.array(case.picture(seed)) for seed in (2, 3))
        encoder, made = case.encoder(engine), []
        for photograph in (one, other):
            content = encoder.extract(photograph, case.content, ()).content
            made.append(encoder.evaluator(case.size, content, case.style, case.masks, case.content_mask))
        picture = engine.array(case.picture(1))
        made[0].backward(made[0].forward(picture))
        content = made[0].aim(other)
        for layer, features in encoder.extract(other, case.content, ()).content.items():
            assert np.array_equal(engine.numpy(content.pop(layer)), engine.numpy(features))
        assert not content
        found, expected = (evaluator.forward(picture) for evaluator in made)
        assert found.content == expected.content
        gradients = [engine.numpy(it.backward(statistics)) for it, statistics in zip(made, (found, expected))]
        assert np.array_equal(*gradients)

    @pytest.mark.parametrize("name", ["every kind of row, a border", "squeezenet, maxima, a border"])
    def test_in_another_phase_a_picture_lies_elsewhere_in_its_continuation(self, engine, name):
        case, picture, gradients = CASES[name], CASES[name].picture(1), None
        border, found = case.options["border"], []
        for it in (NumpyEngine(), engine):
            evaluator = case.evaluator(it)
            first = evaluator.forward(it.array(picture))
            content = evaluator.aim(it.array(case.picture(3)), (3, -4))
            seen = evaluator.forward(it.array(picture))
            assert seen.content != first.content
            gradients = gradients or case.gradients(seen)
            style = {
                layer: [Moments(*(None if part is None else it.array(part) for part in moments)) for moments in regions]
                for layer, regions in gradients.style.items()
            }
            back = it.numpy(evaluator.backward(Statistics(gradients.content, style)))
            found.append(({layer: it.numpy(features) for layer, features in content.items()}, seen, back))
        (right, expected, slope), (content, seen, gradient) = found
        edges = [(border + by, border - by) for by in (3, -4)]
        wide = np.pad(case.picture(3), ((0, 0), (0, 0), *edges), mode="reflect")
        plain = NumpyEngine().encoder(case.network, case.arrays, **{**case.options, "border": 0})
        for layer, features in plain.extract(wide, case.content, ()).content.items():
            assert_close(right[layer], features, 1e-6)
            assert_close(content[layer], features, 1e-5)
            assert seen.content[layer] == pytest.approx(expected.content[layer], rel=1e-5)
        self._assert_moments(engine, seen.style, expected.style)
        assert_close(gradient, slope, 1e-4)

    @pytest.mark.parametrize("pooling", ["avg", "max"])
    def test_a_region_that_is_the_whole_picture_is_the_whole_picture_up_to_its_frame(self, engine, pooling):
        network = narrow(SQUEEZENET)
        encoder = engine.encoder(network, random_arrays(network), pooling=pooling, border=8, means=True)
        picture = engine.array(CASES["squeezenet"].picture(1))
        whole = encoder.extract(picture, (), SQUEEZE_STYLE).style
        region = encoder.extract(picture, (), SQUEEZE_STYLE, (np.ones(ODD, np.float32),)).style
        for layer in SQUEEZE_STYLE:
            assert_close(engine.numpy(region[layer][0].second), engine.numpy(whole[layer][0].second), 1e-5)

    def test_layers_above_those_that_are_asked_for_need_no_weights(self, engine):
        network = narrow(VGG19)
        arrays = {name: array for name, array in random_arrays(network).items() if name < "conv3"}
        picture = engine.array(CASES["vgg19"].picture(1))
        found = engine.encoder(network, arrays).extract(picture, ["relu2_2"], ["relu1_1"])
        assert found.style["relu1_1"][0].mean is None

    def test_convolved_and_pooled(self, engine):
        generator = np.random.default_rng(3)
        features = generator.normal(size=(1, 5, 9, 11)).astype(np.float32)
        weight, bias = generator.normal(size=(7, 5, 3, 3)).astype(np.float32), np.arange(7, dtype=np.float32)
        for name, arguments in (("convolved", (weight, bias)), ("pooled", ())):
            found = engine.numpy(getattr(engine, name)(engine.array(features), *arguments))
            assert_close(found, getattr(NumpyEngine(), name)(features, *arguments), 1e-5)

    def test_it_says_what_it_is(self, engine):
        assert engine.precision == "float32" and engine.device == "cpu"
        assert engine.name and engine.version[0].isdigit()


def test_the_plain_gradient_is_that_of_finite_differences(case):
    evaluator = case.evaluator(NumpyEngine())
    picture = case.picture(1)
    gradients = case.gradients(evaluator.forward(picture))

    def value(picture):
        # in float64, of which statistics are rounded to float32: so from the feature maps
        encoder, content = evaluator._encoder, evaluator._content
        maps = encoder.forward(picture, [*case.content, *case.style])
        counted = case.content_mask or dict.fromkeys(case.content, 1)
        distances = {layer: (maps[layer] - content[layer]) * counted[layer] for layer in case.content}
        total = sum(gradients.content[layer] * np.sum(distance**2) for layer, distance in distances.items())
        for layer in case.style:
            flat = maps[layer].reshape(len(maps[layer]), -1)
            for region, gradient in zip(case.masks, gradients.style[layer]):
                share = encoder.share(maps[layer], of_layer(region, layer))
                guided, count = flat * share, np.sum(share**2) or 1
                total += np.sum(gradient.second * (guided @ guided.T)) / count
                if case.means:
                    total += gradient.mean @ (guided @ share) / count
        return total

    gradient, generator, step = evaluator.backward(gradients), np.random.default_rng(7), 1e-5
    for _ in range(2):
        # partly along the gradient, or the derivative could be small only by chance
        direction = generator.normal(size=picture.shape) + gradient / gradient.std()
        difference = value(picture + step * direction) - value(picture - step * direction)
        assert np.sum(gradient * direction) == pytest.approx(difference / (2 * step), rel=1e-4)
