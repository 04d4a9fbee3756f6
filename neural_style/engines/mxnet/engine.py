"""MXNet on one device, in one precision: the `Engine` of the contract. Its arrays are NumPy's."""

import numpy as np

from .encoder import Encoder
from .library import mx, plain_errors


class MXNetEngine:
    """As `contract.Engine`.

    Parameters
    ----------
    context : mx.Context
    precision : {"float32", "bfloat16", "float16"}
    """

    name, version = "mxnet", mx.__version__

    def __init__(self, context, precision="float32"):
        self.context, self.precision = context, precision
        self.device = "cpu" if context.device_type == "cpu" else f"gpu {context.device_id}"

    def array(self, values):
        """See `contract.Engine`."""
        return values

    def numpy(self, array):
        """See `contract.Engine`."""
        return array

    def encoder(self, network, arrays, *, pooling="avg", border=0, means=False):
        """See `contract.Engine`."""
        return Encoder(network, arrays, self.context, self.precision, pooling, border, means)

    @plain_errors()
    def convolved(self, features, weight, bias):
        """See `contract.Engine`."""
        weight, bias = mx.nd.array(weight, self.context), mx.nd.array(bias, self.context)
        features = mx.nd.array(features, self.context)
        maps = mx.nd.Convolution(features, weight, bias, kernel=(3, 3), pad=(1, 1), num_filter=len(bias))
        return mx.nd.relu(maps, out=maps).asnumpy()

    @plain_errors()
    def pooled(self, features):
        """See `contract.Engine`."""
        features = mx.nd.array(features, self.context)
        return mx.nd.Pooling(features, kernel=(2, 2), stride=(2, 2), pool_type="avg").asnumpy().astype(np.float32)

    @plain_errors()
    def filtered(self, features, weight, bias, stride=1, groups=1, transposed=False):
        """See `contract.Engine`."""
        operator = mx.nd.Deconvolution if transposed else mx.nd.Convolution
        maps = mx.nd.array(features.transpose(2, 0, 1)[None], self.context)
        parts = [mx.nd.array(part, self.context) for part in ((weight,) if bias is None else (weight, bias))]
        channels = weight.shape[1] if transposed else weight.shape[0]
        kernel = {"kernel": weight.shape[2:], "stride": (stride, stride), "num_group": groups}
        result = operator(maps, *parts, num_filter=channels, no_bias=bias is None, **kernel)
        return np.ascontiguousarray(result.asnumpy()[0].transpose(1, 2, 0))
