"""VGG-11, 13, 16 and 19 (Simonyan & Zisserman, arXiv 1409.1556, configurations A, B, D and E)."""

from ..ranges import MEAN_PIXEL
from .layers import DATA, Defaults, Layer, Network


def rows(*blocks: tuple[int, ...]) -> tuple[Layer, ...]:
    """The rows of a VGG: for each block the widths of its 3 x 3 convolutions; pooling ends a block."""
    layers: list[Layer] = []
    below = DATA
    for block, widths in enumerate(blocks, 1):
        for number, width in enumerate(widths, 1):
            layers.append(Layer(f"conv{block}_{number}", "convolution", (below,), width, kernel=3, pad=1))
            layers.append(Layer(f"relu{block}_{number}", "relu", (f"conv{block}_{number}",)))
            below = f"relu{block}_{number}"
        layers.append(Layer(f"pool{block}", "pool", (below,), kernel=2, stride=2))
        below = f"pool{block}"
    return tuple(layers)


# average pooling gives better pictures than the maximum they were trained with (arXiv 1508.06576, 'Methods')
DEFAULTS = Defaults(
    content_layers={"relu4_2": 1.0},
    style_layers={"relu1_1": 1.0, "relu2_1": 1.0, "relu3_1": 1.0, "relu4_1": 1.0, "relu5_1": 1.0},
)

VGG11 = Network(
    name="vgg11",
    title="VGG-11",
    layers=rows((64,), (128,), (256,) * 2, (512,) * 2, (512,) * 2),
    defaults=DEFAULTS,
    mean_pixel=MEAN_PIXEL,
    optional=frozenset({"conv5_2"}),
)

VGG13 = Network(
    name="vgg13",
    title="VGG-13",
    layers=rows((64,) * 2, (128,) * 2, (256,) * 2, (512,) * 2, (512,) * 2),
    defaults=DEFAULTS,
    mean_pixel=MEAN_PIXEL,
    optional=frozenset({"conv5_2"}),
)

VGG16 = Network(
    name="vgg16",
    title="VGG-16",
    layers=rows((64,) * 2, (128,) * 2, (256,) * 3, (512,) * 3, (512,) * 3),
    defaults=DEFAULTS,
    mean_pixel=MEAN_PIXEL,
    optional=frozenset({"conv5_2", "conv5_3"}),
)

VGG19 = Network(
    name="vgg19",
    title="VGG-19",
    layers=rows((64,) * 2, (128,) * 2, (256,) * 4, (512,) * 4, (512,) * 4),
    defaults=DEFAULTS,
    mean_pixel=MEAN_PIXEL,
    # of the network learned offline the shallow layers are the better
    offline_defaults=Defaults(
        content_layers={"relu3_2": 0.1},
        style_layers={"relu1_1": 4.0, "relu2_1": 4.0, "relu3_1": 2.0, "relu4_1": 1.0},
        # which lays a painting's long strokes; the Gram matrices of this network bring short ones alone
        style_loss="wasserstein",
        lost=0.005,
        strength=0.5,
    ),
    offline_plain=Defaults(
        content_layers={"relu4_2": 0.1},
        style_layers={"relu1_1": 4.0, "relu2_1": 4.0, "relu3_1": 2.0, "relu4_1": 1.0},
    ),
    optional=frozenset({"conv5_2", "conv5_3", "conv5_4"}),
)
