"""The moments of style layers as symbols: Gram matrices and means, by layer and region."""

import numpy as np

from .. import regions
from ..contract import Moments
from .library import mx


def gram(features, rows):
    """The symbol of F F^T, F of shape (rows, N), of which only the left factor is differentiated.

    The gradient then takes one matrix product, not two; the head gradient must be the sum of the true one and its
    transpose.
    """
    return mx.sym.FullyConnected(features, mx.sym.BlockGrad(features), num_hidden=rows, no_bias=True)


class MomentSymbols:
    """The symbols of the style layers' moments at one size, by layer and region, in one list."""

    def __init__(self, encoder, layers, size, masks):
        self.symbols, self.masks, self.positions = [], {}, {}
        self._means = encoder.means
        for layer in layers:
            channels, height, width = encoder.shape(layer, size)
            features = mx.sym.Reshape(encoder.feature_map(layer), shape=(channels, height * width))
            self.positions[layer] = []
            for region, mask in enumerate(masks):
                values = encoder.layer_mask(mask, layer, size)
                row = mx.sym.Variable(f"{layer}_mask{region}")
                guided = features if mask is None else mx.sym.broadcast_mul(features, row)
                self.symbols.append(gram(guided, channels))
                if self._means:
                    self.symbols.append(mx.sym.FullyConnected(guided, row, num_hidden=1, no_bias=True))
                if self._means or mask is not None:
                    ones = np.ones((height, width), np.float32)
                    self.masks[f"{layer}_mask{region}"] = (ones if mask is None else values).reshape(1, -1)
                self.positions[layer].append(regions.positions(values, (height, width)))

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
