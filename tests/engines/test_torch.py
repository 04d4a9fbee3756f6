"""PyTorch's own side of the contract: the way back is written by hand, and must be that of autograd for every row."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from neural_style.engines.contract import Moments, Statistics  # noqa: E402
from neural_style.engines.torch.engine import TorchEngine  # noqa: E402
from neural_style.engines.torch.operators import Operators  # noqa: E402
from neural_style.networks.caffenet import CAFFENET  # noqa: E402
from neural_style.networks.googlenet import GOOGLENET  # noqa: E402
from neural_style.networks.layers import DATA, Defaults, Layer, Network, convolutions, shapes  # noqa: E402
from neural_style.networks.squeezenet import SQUEEZENET  # noqa: E402

SIZE = (67, 83)
F = torch.nn.functional

# every kind of row; strides that leave rows and columns out, groups, a layer that two others look at
SMALL = Network(
    "small",
    "all kinds of rows",
    (
        Layer("a", "convolution", (DATA,), 8, kernel=5, stride=3, pad=1),
        Layer("a_relu", "relu", ("a",)),
        Layer("norm", "lrn", ("a_relu",)),
        Layer("pool", "pool", ("norm",), kernel=3, stride=2, pad=1, ceil=True),
        Layer("b", "convolution", ("pool",), 12, kernel=3, stride=2, groups=4, relu=True),
        Layer("c", "convolution", ("pool",), 6, kernel=3, stride=2),
        Layer("both", "concat", ("b", "c")),
        Layer("top", "relu", ("both",)),
        Layer("whole", "global_pool", ("top",)),
    ),
    Defaults({}, {}),
)

# pooling as in VGG, of windows that do not overlap, and leave a row and a column of these sizes out
APART = Network(
    "apart",
    "pools of windows side by side",
    (
        Layer("a", "convolution", (DATA,), 6, kernel=3, pad=1, relu=True),
        Layer("two", "pool", ("a",), kernel=2, stride=2),
        Layer("b", "convolution", ("two",), 6, kernel=3, pad=1, relu=True),
        Layer("three", "pool", ("b",), kernel=3, stride=3),
        Layer("c", "convolution", ("three",), 6, kernel=3, pad=1, relu=True),
    ),
    Defaults({}, {}),
)


def random_arrays(network, seed=3):
    generator, arrays = np.random.default_rng(seed), {}
    for name, shape in convolutions(network).items():
        spread = np.sqrt(2 / np.prod(shape[1:]))
        arrays[f"{name}_weight"] = np.float32(spread * generator.standard_normal(shape))
        arrays[f"{name}_bias"] = np.float32(generator.standard_normal(shape[0]))
    return arrays


def picture(seed, size=SIZE):
    return torch.tensor(np.random.default_rng(seed).uniform(-110, 130, (1, 3, *size)).astype(np.float32))


def plainly(network, arrays, image, pooling):
    """Every feature map as PyTorch's documentation would have one write it, in float64."""
    maps = {DATA: image}
    for row in network.layers:
        x = torch.cat([maps[name] for name in row.inputs], 1)
        if row.kind == "convolution":
            weight, bias = (torch.tensor(arrays[f"{row.name}_{part}"]).double() for part in ("weight", "bias"))
            x = F.conv2d(x, weight, bias, row.stride, row.pad, groups=row.groups)
        elif row.kind == "pool" and pooling == "max":
            x = F.max_pool2d(x, row.kernel, row.stride, row.pad, ceil_mode=row.ceil)
        elif row.kind == "pool":
            x = F.avg_pool2d(x, row.kernel, row.stride, row.pad)
        elif row.kind == "lrn":
            x = F.local_response_norm(x, 5, alpha=1e-4, beta=0.75, k=1)
        elif row.kind == "global_pool":
            x = x.mean((2, 3), keepdim=True)
        maps[row.name] = x.relu() if row.relu or row.kind == "relu" else x
    return maps


CASES = {
    "all kinds": (SMALL, ["a", "both"], ["a", "a_relu", "norm", "pool", "c", "both", "top", "whole"], 0),
    "windows side by side": (APART, ["b"], ["a", "two", "c"], 0),
    "with a border": (SMALL, ["norm"], ["both"], 9),
    "squeezenet": (SQUEEZENET, ["fire4"], ["conv1", "fire2", "pool4", "fire7"], 0),
    "googlenet": (GOOGLENET, ["conv2/3x3"], ["conv2/norm2", "inception_3a/output", "inception_4a/output"], 0),
    "caffenet": (CAFFENET, ["conv4"], ["conv1", "norm2", "conv5"], 0),
}


@pytest.mark.parametrize("pooling", ["avg", "max"])
@pytest.mark.parametrize("case", CASES)
def test_the_way_back_is_that_of_autograd(case, pooling):
    network, content, style, border = CASES[case]
    arrays = random_arrays(network)
    encoder = TorchEngine().encoder(network, arrays, pooling=pooling, border=border, means=True)
    targets = encoder.extract(picture(2), content, ())
    evaluator = encoder.evaluator(SIZE, targets.content, style)
    found = evaluator.forward(picture(1))

    image = picture(1).double().requires_grad_()
    maps = plainly(network, arrays, F.pad(image, (border,) * 4, mode="reflect") if border else image, pooling)
    expected_shapes = shapes(network, [edge + 2 * border for edge in SIZE], pooling)
    total, generator, gradients = 0, torch.Generator().manual_seed(4), Statistics({}, {})
    for layer in content:
        assert maps[layer].shape[1:] == expected_shapes[layer] == targets.content[layer].shape[1:]
        distance = (maps[layer] - targets.content[layer].double()).square().sum()
        assert found.content[layer] == pytest.approx(float(distance.detach()), rel=1e-5)
        gradients.content[layer] = 0.5
        total = total + 0.5 * distance
    for layer in style:
        matrix = maps[layer][0].flatten(1)
        second, mean = matrix @ matrix.T / matrix.shape[1], matrix.mean(1)
        assert_close(found.style[layer][0].second, second.detach(), 1e-5)
        assert_close(found.style[layer][0].mean, mean.detach(), 1e-5)
        # as strong as the content
        scale = float(total.detach()) / float(second.detach().norm())
        gradient = Moments(*(scale * torch.randn(part.shape, generator=generator) for part in (second, mean)))
        gradients.style[layer] = [gradient]
        total = total + (gradient.second * second).sum() + (gradient.mean * mean).sum()
    (expected,) = torch.autograd.grad(total, image)
    gradient = evaluator.backward(gradients)
    assert gradient.dtype == torch.float32
    assert_close(gradient, expected, 1e-4)


def assert_close(found, expected, tolerance):
    assert float((found - expected).norm()) < tolerance * float(expected.norm())


def test_feature_maps_are_let_go_of_and_a_second_way_back_is_the_same():
    arrays = random_arrays(SMALL)
    encoder = TorchEngine().encoder(SMALL, arrays)
    evaluator = encoder.evaluator(SIZE, {}, ["b", "top"])
    found = evaluator.forward(picture(1))
    first = evaluator.backward(found)
    assert not evaluator._maps
    assert torch.equal(evaluator.backward(found), first)


def test_what_an_engine_gives_may_be_changed_in_place_outside_of_it():
    # tensors of torch.inference_mode may not
    encoder = TorchEngine().encoder(SMALL, random_arrays(SMALL))
    evaluator = encoder.evaluator(SIZE, {}, ["top"])
    found = evaluator.forward(picture(1))
    gradient = evaluator.backward(found)
    gradient *= 2
    assert not gradient.requires_grad and not found.style["top"][0].second.requires_grad


def test_a_rectifier_of_halves_does_what_it_does_with_any_numbers():
    every = torch.arange(-(2**15), 2**15).to(torch.int16).view(torch.bfloat16)
    numbers = every[~every.isnan()].reshape(1, 1, 1, -1)
    row = Layer("relu", "relu", (DATA,))
    operators = Operators(SMALL, {}, torch.device("cpu"), torch.bfloat16)
    value = operators.operator(row, [numbers], overwrite=False)
    assert torch.equal(value, numbers.clamp(min=0)) and not torch.equal(value, numbers)
    gradient = torch.randn(numbers.shape, generator=torch.Generator().manual_seed(1)).to(torch.bfloat16)
    (found,) = operators.backward(row, gradient.clone(), {"relu": value}, {DATA: (1, 1, numbers.numel())})
    assert torch.equal(found, torch.where(numbers > 0, gradient, 0))


@pytest.mark.parametrize("kernel, stride", [(3, 2), (4, 3), (2, 1), (2, 2), (3, 1)])
@pytest.mark.parametrize("size", [(23, 30), (24, 29), (25, 31), (5, 4)])
def test_the_way_back_of_averages_in_halves_is_that_of_autograd(kernel, stride, size):
    row = Layer("pool", "pool", (DATA,), kernel=kernel, stride=stride)
    operators = Operators(SMALL, {}, torch.device("cpu"), torch.bfloat16)
    image = torch.zeros(1, 5, *size, dtype=torch.float64, requires_grad=True)
    means = F.avg_pool2d(image, kernel, stride)
    # sums of such numbers have no more digits than bfloat16
    gradient = kernel**2 * torch.randint(-3, 4, means.shape, generator=torch.Generator().manual_seed(1))
    (expected,) = torch.autograd.grad(means, image, gradient.double())
    layout = {"dtype": torch.bfloat16, "memory_format": torch.channels_last}
    (found,) = operators.backward(row, gradient.to(**layout), {}, {DATA: (5, *size)})
    assert torch.equal(found.double(), expected)
