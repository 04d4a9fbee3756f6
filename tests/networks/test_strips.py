"""Strips of a network: every row that is looked at once, and no more of the picture than receptive fields say."""

import pytest

from neural_style.networks import strips
from neural_style.networks.layers import DATA, Defaults, Layer, Network, fields, shapes
from neural_style.networks.registry import NETWORKS

SIZES = [(97, 83), (150, 101), (128, 96)]


def looked_at(network):
    return {*network.defaults.content_layers, *network.defaults.style_layers}


@pytest.fixture(params=NETWORKS)
def network(request):
    return NETWORKS[request.param]


@pytest.mark.parametrize("pooling", ["avg", "max"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("values", [0, 200_000, 1_000_000, 10**9])
def test_every_row_that_is_looked_at_belongs_to_exactly_one_strip(network, size, pooling, values):
    names = looked_at(network)
    division = strips.Division(network, size, pooling, names, values)
    heights = {name: shape[1] for name, shape in shapes(network, size, pooling).items()}
    found = {}
    for stage, parts in division.stages:
        assert stage.output is None or all(stage.output in strip.wanted for strip in parts)
        for strip in parts:
            for name, (first, last) in strip.wanted.items():
                assert first == found.get(name, 0) <= last
                found[name] = last
    outputs = {stage.output for stage, _ in division.stages} - {None}
    assert found == {name: heights[name] for name in names | outputs}


def test_strips_of_unlimited_values_are_the_whole_picture(network):
    division = strips.Division(network, (97, 83), "max", looked_at(network), 10**12)
    for stage, (strip,) in division.stages:
        height = division.shapes[stage.input][1]
        assert strip.source[0] == 0 and height - strip.source[1] < 4  # rows that no stride reaches
        for step in strip.steps:
            assert all(feed.above == step.layer.pad for feed in step.feeds)


def test_a_strip_holds_as_many_values_as_it_may(network):
    names, size = looked_at(network), (601, 200)
    least = strips.Division(network, size, "max", names, 0).values
    for values in (2 * least, 5 * least):
        division = strips.Division(network, size, "max", names, values)
        assert 0.4 * values < division.values <= 1.05 * values


def test_the_halo_is_that_of_the_receptive_field(network):
    """Of a stage's first strips, away from the edges, the rows of input are those of the receptive field."""
    name = next(layer.name for layer in network.layers if layer.kind == "pool")
    field = fields(network)[name]
    division = strips.Division(network, (301, 64), "max", [name], 0)
    ((_, parts),) = division.stages
    middle = parts[len(parts) // 2]
    first, last = middle.wanted[name]
    assert middle.source[1] - middle.source[0] == field.size + (last - 1 - first) * field.stride
    assert all((feed.above, feed.below) == (0, 0) for step in middle.steps for feed in step.feeds)


def test_stages_end_at_the_poolings_on_which_everything_rests():
    vgg = strips.stages(NETWORKS["vgg19"], ["relu1_1", "relu4_2"])
    assert [(stage.input, stage.output) for stage in vgg] == [
        (DATA, "pool1"), ("pool1", "pool2"), ("pool2", "pool3"), ("pool3", None),
    ]  # fmt: skip
    assert [layer.name for stage in vgg for layer in stage.layers][-1] == "relu4_2"


def test_a_pooling_beside_another_way_ends_no_stage():
    network = Network("small", "two ways", (
        Layer("a", "convolution", (DATA,), 4, kernel=3, pad=1),
        Layer("pool", "pool", ("a",), kernel=2, stride=2),
        Layer("beside", "convolution", ("a",), 4, kernel=3, stride=2, pad=1),
        Layer("both", "concat", ("pool", "beside")),
    ), Defaults({}, {}))  # fmt: skip
    assert [stage.output for stage in strips.stages(network, ["both"])] == [None]


def test_a_layer_that_sees_the_whole_picture_is_named():
    network = Network("small", "one value", (
        Layer("a", "convolution", (DATA,), 4), Layer("all", "global_pool", ("a",)), Layer("b", "relu", ("all",)),
    ), Defaults({}, {}))  # fmt: skip
    assert strips.sees_all(network, ["b"]) == "all" and strips.sees_all(network, ["a"]) is None
