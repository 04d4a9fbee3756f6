"""GoogLeNet (Szegedy et al., arXiv 1409.4842) as the Caffe zoo has it, without its classifiers.

Layers have the names of its prototxt; a convolution is taken behind its ReLU, which Caffe computes in place.
"""

from typing import Any

from .layers import DATA, Defaults, Layer, Network

# arXiv 1409.4842, table 1: 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection
INCEPTIONS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
POOLED = {"3b": "pool3/3x3_s2", "4e": "pool4/3x3_s2"}


def _convolution(name: str, below: str, channels: int, kernel: int, **more: Any) -> Layer:
    return Layer(name, "convolution", (below,), channels, kernel, pad=kernel // 2, relu=True, **more)


def _pool(name: str, below: str) -> Layer:
    return Layer(name, "pool", (below,), kernel=3, stride=2, ceil=True)


def _inception(name: str, below: str, widths: tuple[int, ...]) -> tuple[Layer, ...]:
    one, reduce3, three, reduce5, five, projection = widths
    return (
        _convolution(f"{name}/1x1", below, one, 1),
        _convolution(f"{name}/3x3_reduce", below, reduce3, 1),
        _convolution(f"{name}/3x3", f"{name}/3x3_reduce", three, 3),
        _convolution(f"{name}/5x5_reduce", below, reduce5, 1),
        _convolution(f"{name}/5x5", f"{name}/5x5_reduce", five, 5),
        Layer(f"{name}/pool", "pool", (below,), kernel=3, pad=1),
        _convolution(f"{name}/pool_proj", f"{name}/pool", projection, 1),
        Layer(f"{name}/output", "concat", tuple(f"{name}/{branch}" for branch in ("1x1", "3x3", "5x5", "pool_proj"))),
    )


def _rows() -> tuple[Layer, ...]:
    layers = [
        _convolution("conv1/7x7_s2", DATA, 64, 7, stride=2),
        _pool("pool1/3x3_s2", "conv1/7x7_s2"),
        Layer("pool1/norm1", "lrn", ("pool1/3x3_s2",)),
        _convolution("conv2/3x3_reduce", "pool1/norm1", 64, 1),
        _convolution("conv2/3x3", "conv2/3x3_reduce", 192, 3),
        Layer("conv2/norm2", "lrn", ("conv2/3x3",)),
        _pool("pool2/3x3_s2", "conv2/norm2"),
    ]
    below = "pool2/3x3_s2"
    for number, widths in INCEPTIONS.items():
        layers += _inception(f"inception_{number}", below, widths)
        below = f"inception_{number}/output"
        if number in POOLED:
            layers.append(_pool(POOLED[number], below))
            below = POOLED[number]
    return tuple(layers)


GOOGLENET = Network(
    name="googlenet",
    title="GoogLeNet",
    layers=_rows(),
    # as fzliu/style-transfer
    defaults=Defaults(
        content_layers={"conv2/3x3": 2e-4, "inception_3a/output": 1 - 2e-4},
        style_layers={
            "conv1/7x7_s2": 0.2,
            "conv2/3x3": 0.2,
            "inception_3a/output": 0.2,
            "inception_4a/output": 0.2,
            "inception_5a/output": 0.2,
        },
        border=8,
    ),
    optional=frozenset(
        f"inception_5b/{name}" for name in ("1x1", "3x3_reduce", "3x3", "5x5_reduce", "5x5", "pool_proj")
    ),
)
