"""VGG-19 as MXNet symbols, and an executor for any symbols built on it: what scripts of MXNet's example import.

    style, content = get_symbol()
    executor = get_executor(style, content, (400, 600), mx.cpu())

The network itself stands in `neural_style/networks/vgg.py`.
"""

from neural_style.engines.mxnet import executor
from neural_style.engines.mxnet.executor import ConvExecutor
from neural_style.networks.vgg import VGG19

__all__ = ["ConvExecutor", "get_executor", "get_model", "get_symbol"]


def get_symbol():
    """The feature maps of the paper: `(style, content)`, two groups of symbols above the variable `data`."""
    return executor.style_and_content(VGG19)


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
        The weights file; by default the installed one (see `neural_style.weights.store.find`).

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
    return executor.bound(VGG19, style, content, input_size, ctx, weights_path)


def get_model(input_size, ctx):
    """The executor of the symbols of `get_symbol` (see `get_executor`)."""
    return get_executor(*get_symbol(), input_size, ctx)
