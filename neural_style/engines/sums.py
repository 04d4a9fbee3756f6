"""The moments of style layers summed over the strips of a picture, and their gradients in each strip."""

from . import regions
from .contract import Moments


class RegionSums:
    """The moments of style layers, summed over strips, by layer and region."""

    def __init__(self, encoder, shapes, layers, masks):
        self._encoder, self._masks, self.positions = encoder, {}, {}
        for layer in layers:
            edges = shapes[layer][1:]
            found = [regions.at_layer(mask, layer, edges, encoder.border) for mask in masks]
            self._masks[layer] = [None if mask is None else encoder.array(mask) for mask in found]
            self.positions[layer] = [regions.positions(mask, edges) for mask in found]
        self.clear()

    def clear(self):
        """Forget what was added."""
        self._sums = {layer: [Moments(0, 0) for _ in masks] for layer, masks in self._masks.items()}

    def _guides(self, strip, layer):
        """The mask of each region at a strip's positions, or None."""
        first, last = strip.wanted[layer]
        return [None if mask is None else mask[first:last] for mask in self._masks[layer]]

    def add(self, strip, maps):
        """Add a strip's feature maps."""
        for layer in self._sums.keys() & maps.keys():
            found = [self._encoder.sums(maps[layer], mask) for mask in self._guides(strip, layer)]
            self._sums[layer] = [
                Moments(sums.second + more.second, None if more.mean is None else sums.mean + more.mean)
                for sums, more in zip(self._sums[layer], found)
            ]

    def moments(self):
        """Layer -> list of Moments."""
        return {
            layer: [_divided(moments, count) for moments, count in zip(found, self.positions[layer])]
            for layer, found in self._sums.items()
        }

    def gradient(self, strip, layer, features, gradients, total):
        """The gradient of a strip's rows of a layer: `total`, see `contract.Heads`, and that of the layer's moments."""
        for gradient, count, mask in zip(gradients, self.positions[layer], self._guides(strip, layer)):
            total = self._encoder.sums_back(features, mask, _divided(gradient, count), total)
        return total


def _divided(moments, count):
    return Moments(moments.second / count, None if moments.mean is None else moments.mean / count)
