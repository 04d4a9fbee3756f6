"""SqueezeNet 1.0 (Iandola et al., arXiv 1602.07360) as MXNet symbols, behind the same functions as model_vgg19.

Small (1.2 million weights) and fast: a picture in seconds on two processor cores. The stored weights take the same
input as VGG-19's: RGB in 0..255 minus (123.68, 116.779, 103.939).
"""

import model_vgg19
from neural_style.engines.mxnet.library import mx
from neural_style.weights import store

NAME = "squeezenet"

# (fire module, squeeze channels, expand channels of each half); pooling layers stand after conv1, fire4 and fire8
FIRES = ((2, 16, 64), (3, 16, 64), (4, 32, 128), (5, 32, 128), (6, 48, 192), (7, 48, 192), (8, 64, 256), (9, 64, 256))
POOL_AFTER = {"conv1": "pool1", "fire4": "pool4", "fire8": "pool8"}
CLASSES = 1000

# layer -> factor of its loss; those of the style make the layers count alike, whose activations differ by orders
STYLE_LAYERS = {"conv1": 60.0, "fire2": 9.0, "fire3": 0.7, "fire5": 3.3, "fire7": 330.0}
CONTENT_LAYERS = {"fire4": 1.0}

# with 7 x 7 kernels, 13 more input channels cost more than their block saves
FIRST_LAYER_IN_BLOCKS = False

# the convolutions whose input a pooling layer gives
AFTER_POOLING = ("fire2_squeeze1x1", "fire5_squeeze1x1", "fire9_squeeze1x1")


def defaults(offline):
    """Values for the options of a run that were left to the network.

    Average pooling, though the network was trained with maximum pooling: the content stays clearer, and there are no
    specks in dark areas.
    """
    return {
        "content_layers": CONTENT_LAYERS,
        "style_layers": STYLE_LAYERS,
        "pooling": "avg",
        "init": "content",
        "border": 8,
    }


def scaled_after_pooling(arrays, scale):
    """As `model_vgg19.scaled_after_pooling`."""
    return model_vgg19.scaled_after_pooling(arrays, scale, AFTER_POOLING)


def feature_maps(data, pooling="max"):
    """Every layer above a picture, in network order; `conv1` and `fireN` are taken behind their ReLU.

    Parameters
    ----------
    data : Symbol
        Shape (1, 3, H, W), RGB in 0..255 minus the mean pixel (123.68, 116.779, 103.939).
    pooling : {"max", "avg"}
        The network was trained with maximum pooling.

    Returns
    -------
    dict of str to Symbol
        conv1, pool1, fire2, ..., fire9, conv_final, pool_final. pool_final has shape (1, 1000, 1, 1) and holds the
        scores of the ImageNet classes.
    """
    maps = {}

    def convolution(data, name, channels, size, **options):
        data = mx.sym.Convolution(data, num_filter=channels, kernel=(size, size), name=name, **options)
        return mx.sym.Activation(data, act_type="relu", name=f"{name}_relu")

    def keep(name, data):
        maps[name] = data
        if name in POOL_AFTER:
            # MXNet 1.9.1 computes wrong gradients of average pooling over windows that reach beyond the edge
            convention = "full" if pooling == "max" else "valid"
            data = maps[POOL_AFTER[name]] = mx.sym.Pooling(
                data,
                kernel=(3, 3),
                stride=(2, 2),
                pool_type=pooling,
                pooling_convention=convention,
                name=POOL_AFTER[name],
            )
        return data

    data = keep("conv1", convolution(data, "conv1", 96, 7, stride=(2, 2)))
    for number, squeeze, expand in FIRES:
        name = f"fire{number}"
        squeezed = convolution(data, f"{name}_squeeze1x1", squeeze, 1)
        halves = (
            convolution(squeezed, f"{name}_expand1x1", expand, 1),
            convolution(squeezed, f"{name}_expand3x3", expand, 3, pad=(1, 1)),
        )
        data = keep(name, mx.sym.Concat(*halves, dim=1, name=name))
    data = maps["conv_final"] = convolution(data, "conv_final", CLASSES, 1, pad=(1, 1))
    maps["pool_final"] = mx.sym.Pooling(data, kernel=(1, 1), global_pool=True, pool_type="avg", name="pool_final")
    return maps


def get_symbol():
    """The feature maps for style transfer: `(style, content)`, two groups of symbols above the variable `data`."""
    maps = feature_maps(mx.sym.Variable("data"), "avg")
    return mx.sym.Group([maps[name] for name in STYLE_LAYERS]), mx.sym.Group([maps[name] for name in CONTENT_LAYERS])


def get_executor(style, content, input_size, ctx, weights_path=None):
    """Bind two symbols built on `get_symbol`'s; as `model_vgg19.get_executor`, with SqueezeNet's weights."""
    return model_vgg19.bind(style, content, input_size, ctx, store.load(NAME, weights_path).arrays)


def get_model(input_size, ctx):
    """The executor of the symbols of `get_symbol` (see `get_executor`)."""
    return get_executor(*get_symbol(), input_size, ctx)
