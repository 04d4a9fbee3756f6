"""The symbols that notebooks and scripts import from `nstyle` of MXNet's example/neural-style, under its names."""

import numpy as np

from .library import mx


def style_gram_symbol(input_size, style):
    """Gram matrices above a group of feature maps.

    Parameters
    ----------
    input_size : (int, int)
        Height and width of the picture.
    style : Symbol

    Returns
    -------
    Symbol
        The group of F F^T, (C, C), of each feature map.
    list of int
        Of each C H W C, by which the example divides its loss.
    """
    _, shapes, _ = style.infer_shape(data=(1, 3, *input_size))
    grams, scales = [], []
    for index, (_, channels, height, width) in enumerate(shapes):
        features = mx.sym.Reshape(style[index], shape=(channels, height * width))
        grams.append(mx.sym.FullyConnected(features, features, no_bias=True, num_hidden=channels))
        scales.append(channels * height * width * channels)
    return mx.sym.Group(grams), scales


def get_loss(gram, content):
    """Squared distances: of Gram matrices to the variables target_gram_0, ..., of the content to target_content."""
    style = [_squared_distance(gram[index], f"target_gram_{index}") for index in range(len(gram.list_outputs()))]
    return mx.sym.Group(style), _squared_distance(content, "target_content")


def _squared_distance(symbol, target):
    return mx.sym.sum(mx.sym.square(mx.sym.Variable(target) - symbol))


def get_tv_grad_executor(img, ctx, tv_weight):
    """An executor whose output is the gradient of total variation: `img` convolved with a Laplacian, zero padded.

    Parameters
    ----------
    img : mx.nd.NDArray, shape (1, C, H, W)
        Bound: what it holds when the executor runs counts.
    ctx : mx.Context
    tv_weight : float

    Returns
    -------
    mx.executor.Executor or None
        None at weight 0.
    """
    if tv_weight <= 0:
        return None
    channels = img.shape[1]
    laplacian = np.array([[0, -1, 0], [-1, 4, -1], [0, -1, 0]]) * tv_weight / 8
    kernel = mx.nd.array(np.broadcast_to(laplacian, (channels, 1, 3, 3)), ctx)
    gradient = mx.sym.Convolution(
        mx.sym.Variable("img"),
        mx.sym.Variable("kernel"),
        num_filter=channels,
        num_group=channels,
        kernel=(3, 3),
        pad=(1, 1),
        no_bias=True,
    )
    return gradient.bind(ctx, {"img": img, "kernel": kernel})
