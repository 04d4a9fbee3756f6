"""The executor that scripts of MXNet's example/neural-style know from its `model_vgg19`."""

from collections import namedtuple

from ...weights import store
from .library import mx
from .symbols import feature_maps

ConvExecutor = namedtuple("ConvExecutor", ["executor", "data", "data_grad", "style", "content", "arg_dict"])


def style_and_content(network):
    """Two groups of symbols above the variable `data`: a network's default style layers, and its content layers."""
    maps = feature_maps(network, mx.sym.Variable("data"))
    style, content = network.defaults.style_layers, network.defaults.content_layers
    return mx.sym.Group([maps[name] for name in style]), mx.sym.Group([maps[name] for name in content])


def bound(network, style, content, input_size, ctx, weights_path=None):
    """Bind two symbols above a network, with the gradient of the picture; see `model_vgg19.get_executor`."""
    arrays = store.load(network.name, weights_path).arrays
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
