"""A network's rows as MXNet symbols."""

from ...networks.layers import DATA
from .library import mx


def feature_maps(network, data, pooling="avg", low=False):
    """Every layer of a network above a picture, in network order.

    Parameters
    ----------
    network : networks.layers.Network
    data : Symbol
        Shape (1, 3, H, W), network range.
    pooling : {"avg", "max"}
    low : bool
        Whether the picture comes in less than float32.

    Returns
    -------
    dict of str to Symbol
    """
    maps, operators = {DATA: data}, {**_OPERATORS, "concat": _concat_low} if low else _OPERATORS
    for layer in network.layers:
        maps[layer.name] = operators[layer.kind](layer, [maps[name] for name in layer.inputs], pooling)
    del maps[DATA]
    return maps


def _convolution(layer, inputs, pooling):
    maps = mx.sym.Convolution(
        inputs[0],
        num_filter=layer.channels,
        kernel=(layer.kernel, layer.kernel),
        stride=(layer.stride, layer.stride),
        pad=(layer.pad, layer.pad),
        num_group=layer.groups,
        name=layer.name,
    )
    return mx.sym.Activation(maps, act_type="relu", name=f"{layer.name}_relu") if layer.relu else maps


def _relu(layer, inputs, pooling):
    return mx.sym.Activation(inputs[0], act_type="relu", name=layer.name)


def _pool(layer, inputs, pooling):
    # MXNet 1.9.1 computes wrong gradients of average pooling over windows that reach beyond the edge; see also
    # `networks.layers.shapes`
    return mx.sym.Pooling(
        inputs[0],
        kernel=(layer.kernel, layer.kernel),
        stride=(layer.stride, layer.stride),
        pad=(layer.pad, layer.pad),
        pool_type=pooling,
        pooling_convention="full" if layer.ceil and pooling == "max" else "valid",
        name=layer.name,
    )


def _concat(layer, inputs, pooling):
    # MXNet 1.9.1 loses a kilobyte for each input each time that it goes back through oneDNN's own, which it takes for
    # arrays of two and of four dimensions
    flat = mx.sym.Concat(*(mx.sym.Reshape(maps, shape=(0, 0, -1)) for maps in inputs), dim=1)
    return mx.sym.reshape_like(flat, inputs[0], lhs_begin=2, lhs_end=3, rhs_begin=2, rhs_end=4, name=layer.name)


def _concat_low(layer, inputs, pooling):
    return mx.sym.Concat(*inputs, dim=1, name=layer.name)  # the other one would have to go through float32


def _global_pool(layer, inputs, pooling):
    return mx.sym.Pooling(inputs[0], kernel=(1, 1), global_pool=True, pool_type="avg", name=layer.name)


def _lrn(layer, inputs, pooling):
    # as Caffe computes it (Krizhevsky et al. 2012, section 3.3): over 5 channels, alpha 1e-4 divided by their number,
    # beta 0.75, k 1. MXNet 1.9.1 computes wrong gradients of its own LRN behind a ReLU.
    columns = mx.sym.Reshape(mx.sym.square(inputs[0]), shape=(-4, 1, -1, 0, -3))  # (1, 1, C, H W)
    means = mx.sym.Pooling(columns, kernel=(5, 1), pad=(2, 0), pool_type="avg")
    scale = (1 + 1e-4 * mx.sym.reshape_like(means, inputs[0])) ** -0.75
    return mx.sym.elemwise_mul(inputs[0], scale, name=layer.name)


_OPERATORS = {
    "convolution": _convolution,
    "relu": _relu,
    "pool": _pool,
    "concat": _concat,
    "lrn": _lrn,
    "global_pool": _global_pool,
}
