"""A network's symbols and weights on one device: feature maps and moments of a picture.

The feature maps stay inside, in MXNet's own memory layout.
"""

import numpy as np

from ...networks.layers import shapes
from .. import regions
from ..contract import Targets
from ..mirror import around, mirrored
from .evaluator import Evaluator
from .library import bfloat16, mx, plain_errors
from .moments import MomentSymbols
from .symbols import feature_maps

DTYPES = {"float32": "float32", "bfloat16": bfloat16, "float16": "float16"}

# oneDNN's fast bfloat16 convolutions take blocks of so many channels; with kernels larger than 3 x 3 on the picture,
# 13 more input channels cost more than their block saves
BLOCK, LARGEST_KERNEL_IN_BLOCKS = 16, 3


class Encoder:
    """A network's symbols and weights on one device, without a size yet.

    Parameters
    ----------
    network : networks.layers.Network
    arrays : dict of str to ndarray
        The weights by argument name.
    context : mx.Context
    precision : {"float32", "bfloat16", "float16"}
        Of the convolutions. Pictures, moments and distances are float32 with each.
    pooling : {"avg", "max"}
    border : int
        Pixels by which every picture is continued, mirrored, beyond its edges before the first layer: a network that
        pads with zeros, or not at all, paints frames of wrong colours.
    means : bool
        Whether moments include the channels' means.
    """

    DATA = mx.sym.Variable("data")

    @plain_errors()
    def __init__(self, network, arrays, context, precision="float32", pooling="avg", border=0, means=False):
        self.context, self.means = context, means
        self._network, self._pooling, self.border = network, pooling, border
        self._low, self._onednn = precision != "float32", precision == "bfloat16"
        self._dtype = DTYPES[precision]
        # channels of zeros in the picture and in the weights for it
        in_blocks = self._onednn and network.layers[0].kernel <= LARGEST_KERNEL_IN_BLOCKS
        self.channels = BLOCK if in_blocks else 3
        arrays = {name: _with_zeros(a, self.channels) if a.shape[1:2] == (3,) else a for name, a in arrays.items()}
        maps = feature_maps(network, self._cast(self.DATA, self._dtype), pooling, self._low)
        self._maps = {name: self._float32(symbol) for name, symbol in maps.items()}
        if not self._low:
            # MXNet 1.9.1 computes a ReLU in the place of its input though that is subtracted from elsewhere, and wrong
            # gradients of maximum pooling where its input is reshaped after layers above: both are read through a copy
            kinds = ("relu", "pool") if pooling == "max" else ("relu",)
            spoilt = {name for row in network.layers if row.kind in kinds for name in row.inputs}
            self._maps = {name: symbol * 1 if name in spoilt else symbol for name, symbol in self._maps.items()}
        self._weights = {name: self._cast(mx.nd.array(array, context), self._dtype) for name, array in arrays.items()}

    def _cast(self, array, dtype):
        namespace = mx.nd if isinstance(array, mx.nd.NDArray) else mx.sym
        return namespace.amp_cast(array, dtype=dtype) if self._low else array

    def _float32(self, symbol):
        # a layer's two gradients, of its own loss and from above, are summed in oneDNN's layout only if both come from
        # operators of oneDNN; reshaping and casting are none, pooling of single values is
        pooled = mx.sym.Pooling(symbol, kernel=(1, 1), pool_type="avg") if self._onednn else symbol
        return self._cast(pooled, "float32")

    @plain_errors()
    def extract(self, image, content_layers, style_layers, masks=(None,), phase=(0, 0)):
        """See `contract.Encoder`."""
        content_layers, style_layers = list(content_layers), list(style_layers)
        if not content_layers and not style_layers:
            return Targets({}, {})
        size = image.shape[2:]
        style = MomentSymbols(self, style_layers, size, masks)
        symbols = mx.sym.Group([self.feature_map(layer) for layer in content_layers] + style.symbols)
        picture = mirrored(image, around(self.border, phase))
        values = {"data": _with_zeros(picture, self.channels), **style.masks}
        executor = symbols.bind(self.context, self.arguments(symbols, values), grad_req="null")
        outputs = [output.asnumpy() for output in executor.forward(is_train=False)]
        count = len(content_layers)
        return Targets(dict(zip(content_layers, outputs)), style.moments(outputs[count:]))

    def evaluator(self, size, content, style_layers, masks=(None,), content_mask=None, map_layers=()):
        """See `contract.Encoder`."""
        return Evaluator(self, size, content, style_layers, masks, content_mask, map_layers)

    def feature_map(self, layer):
        """The symbol of a layer, float32, shape (1, C, H, W)."""
        return self._maps[layer]

    def arguments(self, symbols, values):
        """The arrays to bind symbols with: the network's weights, and others given as NumPy arrays."""
        weights = {name: self._weights[name] for name in symbols.list_arguments() if name in self._weights}
        return {**weights, **{name: mx.nd.array(value, self.context) for name, value in values.items()}}

    def shape(self, layer, size):
        """Shape (C, H, W) of a layer above a picture of a size (height, width)."""
        return shapes(self._network, [edge + 2 * self.border for edge in size], self._pooling)[layer]

    def layer_mask(self, mask, layer, size):
        """A mask, see `contract.Masks`, at the positions of a layer: (h, w) float32."""
        return regions.at_layer(mask, layer, self.shape(layer, size)[1:], self.border)


def _with_zeros(array, channels):
    """An array (N, C, ...) with channels of zeros appended."""
    missing = channels - array.shape[1]
    return np.pad(array, [(0, 0), (0, missing)] + [(0, 0)] * (array.ndim - 2)) if missing else array
