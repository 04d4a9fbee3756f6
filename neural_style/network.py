"""A network bound at one size: a picture in, what the losses need out; and their gradients back to the picture.

What crosses the border is small: of each style layer the moments of its channels, of each content layer the squared
distance to the photograph's feature map. The feature maps stay inside, in MXNet's own memory layout.
"""

from typing import NamedTuple

import numpy as np
from PIL import Image

from . import images
from .engine import bfloat16, mx
from .errors import InputError
from .losses import Moments

DTYPES = {"float32": "float32", "bfloat16": bfloat16, "float16": "float16"}

# oneDNN's fast bfloat16 convolutions take blocks of so many channels
BLOCK = 16


class Targets(NamedTuple):
    """Of a picture: content layer -> feature map (1, C, H, W), style layer -> list of Moments, one for each region."""

    content: dict
    style: dict


class Statistics(NamedTuple):
    """Content layer -> squared distance to the target, style layer -> list of Moments; or gradients of these."""

    content: dict
    style: dict


class Encoder:
    """A network's symbols and weights on one device, without a size yet.

    Parameters
    ----------
    model : module
        model_vgg19 or model_squeezenet: anything with `feature_maps(data, pooling)`.
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

    def __init__(self, model, arrays, context, precision="float32", pooling="avg", border=0, means=False):
        self.context, self._border, self.means = context, border, means
        self._low, self._onednn = precision != "float32", precision == "bfloat16"
        self._dtype = DTYPES[precision]
        # channels of zeros in the picture and in the weights for it
        self.channels = BLOCK if self._onednn and model.FIRST_LAYER_IN_BLOCKS else 3
        arrays = {name: _with_zeros(a, self.channels) if a.shape[1:2] == (3,) else a for name, a in arrays.items()}
        data = mx.sym.Pad(self.DATA, mode="reflect", pad_width=(0,) * 4 + (border,) * 4) if border else self.DATA
        maps = model.feature_maps(self._cast(data, self._dtype), pooling)
        self._maps = {name: self._float32(symbol) for name, symbol in maps.items()}
        if pooling == "max" and not self._low:
            # MXNet 1.9.1 computes wrong gradients of maximum pooling where its input is reshaped elsewhere
            self._maps = {name: symbol * 1 for name, symbol in self._maps.items()}
        self._weights = {name: self._cast(mx.nd.array(array, context), self._dtype) for name, array in arrays.items()}

    def _cast(self, array, dtype):
        namespace = mx.nd if isinstance(array, mx.nd.NDArray) else mx.sym
        return namespace.amp_cast(array, dtype=dtype) if self._low else array

    def _float32(self, symbol):
        # a layer's two gradients, of its own loss and from above, are summed in oneDNN's layout only if both come from
        # operators of oneDNN; reshaping and casting are none, pooling of single values is
        pooled = mx.sym.Pooling(symbol, kernel=(1, 1), pool_type="avg") if self._onednn else symbol
        return self._cast(pooled, "float32")

    def extract(self, image, content_layers, style_layers, masks=(None,)):
        """Feature maps and moments of a picture, to be the targets of another.

        Parameters
        ----------
        image : ndarray, shape (1, 3, H, W)
            Network range.
        content_layers, style_layers : iterable of str
        masks : sequence
            One region each: an array (H, W) in 0..1, or None for the whole picture.

        Returns
        -------
        Targets
        """
        size = image.shape[2:]
        style = StyleSymbols(self, style_layers, size, masks)
        symbols = mx.sym.Group([self.feature_map(layer) for layer in content_layers] + style.symbols)
        values = {"data": _with_zeros(image, self.channels), **style.masks}
        executor = symbols.bind(self.context, self.arguments(symbols, values), grad_req="null")
        outputs = [output.asnumpy() for output in executor.forward(is_train=False)]
        count = len(content_layers)
        return Targets(dict(zip(content_layers, outputs)), style.moments(outputs[count:]))

    def feature_map(self, layer):
        """The symbol of a layer, float32, shape (1, C, H, W)."""
        return self._maps[layer]

    def arguments(self, symbols, values):
        """The arrays to bind symbols with: the network's weights, and others given as NumPy arrays."""
        weights = {name: self._weights[name] for name in symbols.list_arguments() if name in self._weights}
        return {**weights, **{name: mx.nd.array(value, self.context) for name, value in values.items()}}

    def shape(self, layer, size):
        """Shape (1, C, H, W) of a layer above a picture of a size; InputError if the picture is too small for it."""
        if self._border >= min(size):
            raise InputError(
                f"--border {self._border}: mirrors more than a picture of {size[1]} x {size[0]}; "
                "ask for less, or for a larger --max-long-edge."
            )
        try:
            _, (shape,), _ = self._maps[layer].infer_shape_partial(data=(1, self.channels, *size))
        except mx.MXNetError:
            shape = (0,)
        if min(shape) < 1:
            raise InputError(
                f"--max-long-edge: {size[1]} x {size[0]} pixels are too few for layer {layer}; "
                "ask for more, or for fewer --pyramid-levels."
            )
        return shape

    def layer_mask(self, mask, layer, size):
        """A picture's mask (H, W) brought to the positions of a layer: (N,) float32."""
        padded = np.pad(np.asarray(mask, np.float32), self._border, mode="reflect")
        return images.resize_planes(padded[None, None], self.shape(layer, size)[2:], Image.Resampling.BOX).ravel()


def _with_zeros(array, channels):
    """An array (N, C, ...) with channels of zeros appended."""
    missing = channels - array.shape[1]
    return np.pad(array, [(0, 0), (0, missing)] + [(0, 0)] * (array.ndim - 2)) if missing else array


def _gram(features, rows):
    """The symbol of F F^T, F of shape (rows, N), of which only the left factor is differentiated.

    The gradient then takes one matrix product, not two; the head gradient must be the sum of the true one and its
    transpose.
    """
    return mx.sym.FullyConnected(features, mx.sym.BlockGrad(features), num_hidden=rows, no_bias=True)


class StyleSymbols:
    """The symbols of the style layers' moments at one size, by layer and region, in one list."""

    def __init__(self, encoder, layers, size, masks):
        self.symbols, self.masks, self.positions = [], {}, {}
        self._means = encoder.means
        for layer in layers:
            _, channels, height, width = encoder.shape(layer, size)
            features = mx.sym.Reshape(encoder.feature_map(layer), shape=(channels, height * width))
            self.positions[layer] = []
            for region, mask in enumerate(masks):
                values = np.ones(height * width, np.float32) if mask is None else encoder.layer_mask(mask, layer, size)
                row = mx.sym.Variable(f"{layer}_mask{region}")
                guided = features if mask is None else mx.sym.broadcast_mul(features, row)
                self.symbols.append(_gram(guided, channels))
                if self._means:
                    self.symbols.append(mx.sym.FullyConnected(guided, row, num_hidden=1, no_bias=True))
                if self._means or mask is not None:
                    self.masks[f"{layer}_mask{region}"] = values[None]
                self.positions[layer].append(float(np.sum(values**2, dtype=np.float64)))

    def moments(self, outputs):
        """Layer -> list of Moments, from the symbols' values."""
        outputs = iter(outputs)
        return {
            layer: [
                Moments(next(outputs) / count, next(outputs)[:, 0] / count if self._means else None) for count in counts
            ]
            for layer, counts in self.positions.items()
        }

    def heads(self, gradients):
        """The symbols' head gradients, from layer -> list of Moments."""
        heads = []
        for layer, counts in self.positions.items():
            for gradient, count in zip(gradients[layer], counts):
                heads.append((gradient.second + gradient.second.T) / count)
                if self._means:
                    mean = np.zeros(len(gradient.second)) if gradient.mean is None else gradient.mean
                    heads.append(mean[:, None] / count)
        return heads


class Network:
    """An encoder bound at one size, with the photograph's feature maps in place.

    Parameters
    ----------
    encoder : Encoder
    size : (int, int)
        Height and width of the picture.
    content : dict of str to ndarray
        Content layer -> the photograph's feature map at this size, as `Encoder.extract` gives it.
    style_layers : iterable of str
    masks : sequence
        Regions of the picture, as in `Encoder.extract`.
    """

    def __init__(self, encoder, size, content, style_layers, masks=(None,)):
        self.size = tuple(size)
        self._content_layers = list(content)
        self._style = StyleSymbols(encoder, style_layers, self.size, masks)
        distances = [self._squared_distance(encoder.feature_map(layer), layer) for layer in content]
        # the style layers first: a group is computed in its order, and backward in reverse, so that the float32 copies
        # of a style layer are made and dropped where the network passes by
        symbols = mx.sym.Group(self._style.symbols + distances)
        values = {"data": np.zeros((1, encoder.channels, *self.size)), **self._style.masks}
        values.update({f"{layer}_target": features for layer, features in content.items()})
        arguments = encoder.arguments(symbols, values)
        self._image, self._gradient = arguments["data"], mx.nd.zeros_like(arguments["data"])
        self._executor = symbols.bind(
            encoder.context,
            arguments,
            args_grad={"data": self._gradient},
            grad_req={name: "write" if name == "data" else "null" for name in arguments},
        )

    @staticmethod
    def _squared_distance(features, layer):
        """Of a feature map to its target, (1, 1)."""
        return _gram(mx.sym.Reshape(features - mx.sym.Variable(f"{layer}_target"), shape=(1, -1)), 1)

    @property
    def positions(self):
        """Style layer -> number of positions in each region."""
        return self._style.positions

    def forward(self, image):
        """Statistics of a picture, (1, 3, H, W) float32 in network range."""
        self._image[:, :3] = image
        outputs = [output.asnumpy() for output in self._executor.forward(is_train=True)]
        distances = outputs[len(self._style.symbols) :]
        content = {layer: float(distance[0, 0]) for layer, distance in zip(self._content_layers, distances)}
        return Statistics(content, self._style.moments(outputs))

    def backward(self, gradients):
        """Gradient of the picture last given to `forward`, from the gradients of its statistics.

        Parameters
        ----------
        gradients : Statistics

        Returns
        -------
        ndarray, shape (1, 3, H, W), float32
        """
        heads = self._style.heads(gradients.style)
        heads += [np.array([[2 * gradients.content[layer]]]) for layer in self._content_layers]
        self._executor.backward([mx.nd.array(head, self._image.context) for head in heads])
        return self._gradient.asnumpy()[:, :3]
