"""SqueezeNet 1.0 (Iandola et al., arXiv 1602.07360): 1.2 million weights, a picture in seconds on two cores."""

from .layers import DATA, Defaults, Layer, Network

# (number of the fire module, squeeze channels, expand channels of each half)
FIRES = ((2, 16, 64), (3, 16, 64), (4, 32, 128), (5, 32, 128), (6, 48, 192), (7, 48, 192), (8, 64, 256), (9, 64, 256))
POOLED = {"conv1": "pool1", "fire4": "pool4", "fire8": "pool8"}


def _rows():
    layers = []

    def convolution(name, below, channels, kernel, **more):
        layers.append(Layer(name, "convolution", (below,), channels, kernel, relu=True, **more))

    def pooled(name):
        if name in POOLED:
            layers.append(Layer(POOLED[name], "pool", (name,), kernel=3, stride=2, ceil=True))
        return POOLED.get(name, name)

    convolution("conv1", DATA, 96, 7, stride=2)
    below = pooled("conv1")
    for number, squeeze, expand in FIRES:
        fire = f"fire{number}"
        convolution(f"{fire}_squeeze1x1", below, squeeze, 1)
        convolution(f"{fire}_expand1x1", f"{fire}_squeeze1x1", expand, 1)
        convolution(f"{fire}_expand3x3", f"{fire}_squeeze1x1", expand, 3, pad=1)
        layers.append(Layer(fire, "concat", (f"{fire}_expand1x1", f"{fire}_expand3x3")))
        below = pooled(fire)
    convolution("conv_final", below, 1000, 1, pad=1)
    layers.append(Layer("pool_final", "global_pool", ("conv_final",)))  # the scores of the ImageNet classes
    return tuple(layers)


SQUEEZENET = Network(
    name="squeezenet",
    title="SqueezeNet 1.0",
    layers=_rows(),
    # average pooling, though it was trained with maximum pooling: the content stays clearer, and there are no specks in
    # dark areas; the weights make layers count alike whose activations differ by orders
    defaults=Defaults(
        content_layers={"fire4": 1.0},
        style_layers={"conv1": 60.0, "fire2": 9.0, "fire3": 0.7, "fire5": 3.3, "fire7": 330.0},
        border=8,
    ),
)
