"""The networks' rows, against what their publications say of shapes, weights and receptive fields."""

import math

import pytest

from neural_style.networks import layers
from neural_style.networks.caffenet import CAFFENET
from neural_style.networks.googlenet import GOOGLENET
from neural_style.networks.nin import NIN
from neural_style.networks.squeezenet import SQUEEZENET, SQUEEZENET11
from neural_style.networks.vgg import VGG11, VGG13, VGG16, VGG19

ALL = (VGG11, VGG13, VGG16, VGG19, SQUEEZENET, SQUEEZENET11, GOOGLENET, CAFFENET, NIN)
every_network = pytest.mark.parametrize("network", ALL, ids=lambda network: network.name)

# layer -> (channels, height, width) above a picture of so many pixels
PUBLISHED = {
    VGG11.name: (224, {"conv1_1": (64, 224, 224), "relu3_2": (256, 56, 56), "pool5": (512, 7, 7)}),
    VGG13.name: (224, {"conv1_2": (64, 224, 224), "relu5_2": (512, 14, 14), "pool5": (512, 7, 7)}),
    VGG16.name: (224, {"pool3": (256, 28, 28), "relu5_3": (512, 14, 14), "pool5": (512, 7, 7)}),
    VGG19.name: (224, {"conv1_1": (64, 224, 224), "relu4_4": (512, 28, 28), "pool5": (512, 7, 7)}),
    # arXiv 1602.07360, table 1
    SQUEEZENET.name: (227, {"fire4": (256, 55, 55), "fire8": (512, 27, 27), "fire9": (512, 13, 13)}),
    SQUEEZENET11.name: (224, {"conv1": (64, 111, 111), "fire3": (128, 55, 55), "fire9": (512, 13, 13)}),
    # arXiv 1409.4842, table 1
    GOOGLENET.name: (
        224,
        {
            "conv1/7x7_s2": (64, 112, 112),
            "pool1/3x3_s2": (64, 56, 56),
            "conv2/3x3": (192, 56, 56),
            "pool2/3x3_s2": (192, 28, 28),
            "inception_3a/output": (256, 28, 28),
            "inception_3b/output": (480, 28, 28),
            "inception_4a/output": (512, 14, 14),
            "inception_4d/output": (528, 14, 14),
            "inception_4e/output": (832, 14, 14),
            "inception_5b/output": (1024, 7, 7),
        },
    ),
    CAFFENET.name: (227, {"conv1": (96, 55, 55), "pool1": (96, 27, 27), "conv2": (256, 27, 27), "pool5": (256, 6, 6)}),
    NIN.name: (224, {"conv1": (96, 54, 54), "pool0": (96, 27, 27), "relu6": (256, 27, 27), "relu12": (1000, 6, 6)}),
}

# weights and biases of the convolutions: of the publications' totals without their fully connected layers
COUNTS = {
    VGG11.name: 9_220_480, VGG13.name: 9_404_992, VGG16.name: 14_714_688, VGG19.name: 20_024_384,
    SQUEEZENET.name: 1_248_424, SQUEEZENET11.name: 1_235_496,
}  # fmt: skip


@every_network
def test_shapes_are_those_of_the_publication(network):
    size, expected = PUBLISHED[network.name]
    found = layers.shapes(network, (size, size))
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize("network", [n for n in ALL if n.name in COUNTS], ids=lambda network: network.name)
def test_the_number_of_weights_is_that_of_the_publication(network):
    assert sum(math.prod(shape) + shape[0] for shape in layers.convolutions(network).values()) == COUNTS[network.name]


def test_grouped_convolutions_see_a_part_of_their_input():
    shapes = layers.convolutions(CAFFENET)
    assert shapes["conv2"] == (256, 48, 5, 5) and shapes["conv4"] == (384, 192, 3, 3)


@every_network
def test_every_layer_stands_behind_its_inputs_under_a_name_of_its_own(network):
    known = {layers.DATA}
    for layer in network.layers:
        assert known.issuperset(layer.inputs) and layer.name not in known
        known.add(layer.name)


@every_network
@pytest.mark.parametrize(("offline", "plain"), [(False, False), (False, True), (True, False), (True, True)])
def test_defaults_name_layers_that_every_file_of_weights_has(network, offline, plain):
    names = {f"{name}_{part}" for name in layers.convolutions(network) for part in ("weight", "bias")}
    names -= {f"{name}_{part}" for name in network.optional for part in ("weight", "bias")}
    defaults = network.defaults_for(offline, plain)
    assert {*defaults.content_layers, *defaults.style_layers} <= set(layers.available(network, names))


def test_receptive_fields_are_those_of_the_literature():
    fields = layers.fields(VGG19)
    assert fields["relu1_1"] == (3, 1) and fields["relu2_1"] == (10, 2) and fields["relu5_1"] == (156, 16)
    fields = layers.fields(CAFFENET)  # known of AlexNet
    assert fields["conv1"] == (11, 4) and fields["conv2"] == (51, 8) and fields["conv5"] == (163, 16)


@pytest.mark.parametrize("height, width", [(33, 47), (64, 64), (50, 31)])
def test_average_pooling_looks_at_whole_windows_only(height, width):
    most = layers.shapes(SQUEEZENET, (height, width), "max")["pool1"]
    whole = layers.shapes(SQUEEZENET, (height, width), "avg")["pool1"]
    conv1 = layers.shapes(SQUEEZENET, (height, width), "avg")["conv1"]
    assert whole == (96, (conv1[1] - 3) // 2 + 1, (conv1[2] - 3) // 2 + 1)
    assert most == (96, -(-(conv1[1] - 3) // 2) + 1, -(-(conv1[2] - 3) // 2) + 1)


def test_a_picture_that_is_too_small_for_a_layer_leaves_it_no_edge():
    found = layers.shapes(VGG19, (9, 12))
    assert min(found["relu4_1"]) == 1 and min(found["relu5_1"]) < 1


def test_what_layers_rest_on():
    assert [layer.name for layer in layers.needed(VGG19, ["relu1_2"])] == ["conv1_1", "relu1_1", "conv1_2", "relu1_2"]
    arrays = dict.fromkeys(["conv1_1_weight", "conv1_1_bias", "conv1_2_weight", "conv1_10_weight", "relu1_1_weight"], 0)
    assert list(layers.arrays_of(VGG19, ["relu1_1"], arrays)) == ["conv1_1_weight", "conv1_1_bias", "relu1_1_weight"]
    assert layers.available(VGG19, {"conv1_1_weight", "conv1_1_bias"}) == ["conv1_1", "relu1_1"]


def test_cost_is_that_of_multiplying_by_hand():
    found = layers.cost(VGG19, ["relu1_2"], (100, 100))
    assert found == (4 * (3 * 64 + 64 * 64) * 9, 4 * (64 + 64))
    # grouped: conv2 of CaffeNet sees 48 channels; 61 x 61 positions of conv1 become 30 x 30
    two = layers.cost(CAFFENET, ["conv2"], (251, 251)).flop - layers.cost(CAFFENET, ["norm1"], (251, 251)).flop
    assert two * 251**2 == pytest.approx(4 * 256 * 48 * 25 * 30**2)
    # measured by others: 346 GFLOP for both ways of VGG-19 to relu5_1 at 600 x 400
    assert layers.cost(VGG19, ["relu5_1"], (400, 600)).flop * 240_000 == pytest.approx(346e9, rel=0.01)
