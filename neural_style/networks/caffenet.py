"""CaffeNet, the AlexNet of the Caffe zoo (Krizhevsky et al. 2012; BVLC reference model), up to its last pooling.

Layers have the names of its prototxt; a convolution is taken behind its ReLU, which Caffe computes in place.
"""

from typing import Any

from .layers import DATA, Defaults, Layer, Network


def _convolution(name: str, below: str, channels: int, kernel: int, **more: Any) -> Layer:
    return Layer(name, "convolution", (below,), channels, kernel, relu=True, **more)


def _pool(name: str, below: str) -> Layer:
    return Layer(name, "pool", (below,), kernel=3, stride=2, ceil=True)


CAFFENET = Network(
    name="caffenet",
    title="CaffeNet",
    layers=(
        _convolution("conv1", DATA, 96, 11, stride=4),
        _pool("pool1", "conv1"),
        Layer("norm1", "lrn", ("pool1",)),
        _convolution("conv2", "norm1", 256, 5, pad=2, groups=2),
        _pool("pool2", "conv2"),
        Layer("norm2", "lrn", ("pool2",)),
        _convolution("conv3", "norm2", 384, 3, pad=1),
        _convolution("conv4", "conv3", 384, 3, pad=1, groups=2),
        _convolution("conv5", "conv4", 256, 3, pad=1, groups=2),
        _pool("pool5", "conv5"),
    ),
    # as fzliu/style-transfer
    defaults=Defaults(
        content_layers={"conv4": 1.0},
        style_layers={"conv1": 0.2, "conv2": 0.2, "conv3": 0.2, "conv4": 0.2, "conv5": 0.2},
        border=8,
    ),
)
