"""VGG-19 (Simonyan & Zisserman, arXiv 1409.1556) as MXNet symbols, and an executor for any symbols built on it.

    style, content = get_symbol()
    executor = get_executor(style, content, (400, 600), mx.cpu())

The suite itself uses `feature_maps` and the tables below; the three functions keep scripts that were written for
MXNet's example/neural-style running.
"""

from collections import namedtuple

from neural_style import weights
from neural_style.engine import mx

NAME = "vgg19"

# (block, convolutions in the block, channels); a pooling layer follows each block
BLOCKS = ((1, 2, 64), (2, 2, 128), (3, 4, 256), (4, 4, 512), (5, 4, 512))

# layer -> factor of its loss
STYLE_LAYERS = {"relu1_1": 1.0, "relu2_1": 1.0, "relu3_1": 1.0, "relu4_1": 1.0, "relu5_1": 1.0}
CONTENT_LAYERS = {"relu4_2": 1.0}

# the same for the network learned offline, of whose layers the shallow ones are the better
OFFLINE_STYLE_LAYERS = {"relu1_1": 4.0, "relu2_1": 4.0, "relu3_1": 2.0, "relu4_1": 1.0}
OFFLINE_CONTENT_LAYERS = {"relu4_2": 0.1}

# the convolutions whose input a pooling layer gives
AFTER_POOLING = ("conv2_1", "conv3_1", "conv4_1", "conv5_1")

# with 3 x 3 kernels, 16 input channels in a block are computed faster than 3 without
FIRST_LAYER_IN_BLOCKS = True

ConvExecutor = namedtuple("ConvExecutor", ["executor", "data", "data_grad", "style", "content", "arg_dict"])


def defaults(offline):
    """Values for the options of a run that were left to the network.

    Parameters
    ----------
    offline : bool
        The weights were learned offline (see `neural_style.offline`), not on ImageNet.
    """
    return {
        "content_layers": OFFLINE_CONTENT_LAYERS if offline else CONTENT_LAYERS,
        "style_layers": OFFLINE_STYLE_LAYERS if offline else STYLE_LAYERS,
        "pooling": "avg",
        "init": "content",
        "border": 0,
    }


def scaled_after_pooling(arrays, scale, layers=AFTER_POOLING):
    """The weights with what pooling layers give multiplied by `scale`: folded into the convolutions behind them."""
    return {k: scale * v if k in [f"{name}_weight" for name in layers] else v for k, v in arrays.items()}


def feature_maps(data, pooling="avg"):
    """Every convolution, ReLU and pooling layer above a picture, in network order.

    Parameters
    ----------
    data : Symbol
        Shape (1, 3, H, W), RGB in 0..255 minus the mean pixel (123.68, 116.779, 103.939).
    pooling : {"avg", "max"}
        Gatys et al. (arXiv 1508.06576, section 'Methods') found average pooling to give better pictures; the
        network was trained with maximum pooling.

    Returns
    -------
    dict of str to Symbol
        conv1_1, relu1_1, conv1_2, ..., relu5_4, pool5.
    """
    maps = {}
    for block, convolutions, channels in BLOCKS:
        for number in range(1, convolutions + 1):
            name = f"{block}_{number}"
            data = mx.sym.Convolution(data, num_filter=channels, kernel=(3, 3), pad=(1, 1), name=f"conv{name}")
            maps[f"conv{name}"] = data
            data = maps[f"relu{name}"] = mx.sym.Activation(data, act_type="relu", name=f"relu{name}")
        data = mx.sym.Pooling(data, kernel=(2, 2), stride=(2, 2), pool_type=pooling, name=f"pool{block}")
        maps[f"pool{block}"] = data
    return maps


def get_symbol():
    """The feature maps of the paper: `(style, content)`, two groups of symbols above the variable `data`."""
    maps = feature_maps(mx.sym.Variable("data"))
    return mx.sym.Group([maps[name] for name in STYLE_LAYERS]), mx.sym.Group([maps[name] for name in CONTENT_LAYERS])


def get_executor(style, content, input_size, ctx, weights_path=None):
    """Bind two symbols built on `get_symbol`'s, with the gradient of the picture.

    Parameters
    ----------
    style, content : Symbol
        Any symbols whose arguments are `data`, the network's weights, and possibly others.
    input_size : (int, int)
        Height and width of the picture.
    ctx : mx.Context
    weights_path : str or Path, optional
        The weights file; by default the installed one (see `neural_style.weights.find`).

    Returns
    -------
    ConvExecutor
        `style` is the list of all outputs but the last, `content` the last. Arguments that are not in the weights
        file are zero and can be set through `arg_dict`.

    Raises
    ------
    InputError
        If no weights file is found or it does not fit.
    """
    return bind(style, content, input_size, ctx, weights.load(NAME, weights_path).arrays)


def get_model(input_size, ctx):
    """The executor of the symbols of `get_symbol` (see `get_executor`)."""
    return get_executor(*get_symbol(), input_size, ctx)


def bind(style, content, input_size, ctx, arrays):
    """As `get_executor`, with the weights given as a dict of arrays."""
    symbols = mx.sym.Group([style, content])
    names = symbols.list_arguments()
    shapes, _, _ = symbols.infer_shape(data=(1, 3, *input_size))
    arg_dict = {name: mx.nd.zeros(shape, ctx) for name, shape in zip(names, shapes)}
    for name in arg_dict.keys() & arrays.keys():
        arg_dict[name][:] = arrays[name]
    grad = mx.nd.zeros(arg_dict["data"].shape, ctx)
    executor = symbols.bind(
        ctx,
        arg_dict,
        args_grad={"data": grad},
        grad_req={name: "write" if name == "data" else "null" for name in names},
    )
    return ConvExecutor(executor, arg_dict["data"], grad, executor.outputs[:-1], executor.outputs[-1], arg_dict)
