"""Network in Network (Lin et al., arXiv 1312.4400), the ImageNet model of the Caffe zoo: 1 x 1 convolutions in pairs.

Layers have the names of its prototxt, by which jcjohnson/neural-style's users know them.
"""

from .layers import DATA, Defaults, Layer, Network

# each block: (convolution, channels, kernel, stride, padding, ReLU) and the pooling that follows
BLOCKS = (
    (
        ("conv1", 96, 11, 4, 0, "relu0"),
        ("cccp1", 96, 1, 1, 0, "relu1"),
        ("cccp2", 96, 1, 1, 0, "relu2"),
        "pool0",
    ),
    (
        ("conv2", 256, 5, 1, 2, "relu3"),
        ("cccp3", 256, 1, 1, 0, "relu5"),
        ("cccp4", 256, 1, 1, 0, "relu6"),
        "pool2",
    ),
    (
        ("conv3", 384, 3, 1, 1, "relu7"),
        ("cccp5", 384, 1, 1, 0, "relu8"),
        ("cccp6", 384, 1, 1, 0, "relu9"),
        "pool3",
    ),
    (
        ("conv4-1024", 1024, 3, 1, 1, "relu10"),
        ("cccp7-1024", 1024, 1, 1, 0, "relu11"),
        ("cccp8-1024", 1000, 1, 1, 0, "relu12"),
    ),
)


def _rows() -> tuple[Layer, ...]:
    layers: list[Layer] = []
    below = DATA
    for block in BLOCKS:
        for row in block:
            if isinstance(row, str):
                layers.append(Layer(row, "pool", (below,), kernel=3, stride=2, ceil=True))
                below = row
                continue
            name, channels, kernel, stride, pad, relu = row
            layers.append(Layer(name, "convolution", (below,), channels, kernel, stride, pad))
            layers.append(Layer(relu, "relu", (name,)))
            below = relu
    return tuple(layers)


NIN = Network(
    name="nin",
    title="Network in Network",
    layers=_rows(),
    # as jcjohnson/neural-style's users have it
    defaults=Defaults(
        content_layers={"relu7": 1.0},
        style_layers={"relu0": 1.0, "relu3": 1.0, "relu7": 1.0, "relu12": 1.0},
        border=8,
    ),
)
