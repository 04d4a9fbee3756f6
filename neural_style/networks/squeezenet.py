"""SqueezeNet 1.0 and 1.1 (Iandola et al., arXiv 1602.07360): 1.2 million weights, a picture in seconds on two cores."""

from typing import Any

from .layers import DATA, Defaults, Layer, Network

MEAN_PIXEL = (123.0, 117.0, 104.0)

# (number of the fire module, squeeze channels, expand channels of each half)
FIRES = ((2, 16, 64), (3, 16, 64), (4, 32, 128), (5, 32, 128), (6, 48, 192), (7, 48, 192), (8, 64, 256), (9, 64, 256))


def _rows(channels: int, kernel: int, pooled: tuple[str, ...], pad: int) -> tuple[Layer, ...]:
    """The rows, given the channels and the kernel of conv1, the layers that pooling follows, the padding at the end."""
    layers: list[Layer] = []
    pools = {name: f"pool{name[-1]}" for name in pooled}

    def convolution(name: str, below: str, channels: int, kernel: int, **more: Any) -> None:
        layers.append(Layer(name, "convolution", (below,), channels, kernel, relu=True, **more))

    def pool(name: str) -> str:
        if name in pools:
            layers.append(Layer(pools[name], "pool", (name,), kernel=3, stride=2, ceil=True))
        return pools.get(name, name)

    convolution("conv1", DATA, channels, kernel, stride=2)
    below = pool("conv1")
    for number, squeeze, expand in FIRES:
        fire = f"fire{number}"
        convolution(f"{fire}_squeeze1x1", below, squeeze, 1)
        convolution(f"{fire}_expand1x1", f"{fire}_squeeze1x1", expand, 1)
        convolution(f"{fire}_expand3x3", f"{fire}_squeeze1x1", expand, 3, pad=1)
        layers.append(Layer(fire, "concat", (f"{fire}_expand1x1", f"{fire}_expand3x3")))
        below = pool(fire)
    convolution("conv_final", below, 1000, 1, pad=pad)
    layers.append(Layer("pool_final", "global_pool", ("conv_final",)))  # the scores of the ImageNet classes
    return tuple(layers)


SQUEEZENET = Network(
    name="squeezenet",
    title="SqueezeNet 1.0",
    mean_pixel=MEAN_PIXEL,
    layers=_rows(96, 7, ("conv1", "fire4", "fire8"), pad=1),
    # average pooling, though it was trained with maximum pooling: the content stays clearer, and there are no specks in
    # dark areas; the weights make layers count alike whose activations differ by orders
    defaults=Defaults(
        content_layers={"fire4": 1.0},
        style_layers={"conv1": 60.0, "fire2": 9.0, "fire3": 0.7, "fire5": 3.3, "fire7": 330.0},
        border=8,
        strength=0.58,
    ),
)

SQUEEZENET11 = Network(
    name="squeezenet1.1",
    title="SqueezeNet 1.1",
    mean_pixel=MEAN_PIXEL,
    layers=_rows(64, 3, ("conv1", "fire3", "fire5"), pad=0),
    defaults=Defaults(
        content_layers={"fire3": 1.0},
        style_layers={"conv1": 1.0, "fire2": 1.0, "fire3": 1.0, "fire5": 1.0, "fire7": 1.0},
        border=8,
    ),
)
