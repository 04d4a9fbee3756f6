"""The moments of style layers summed over the strips of a picture, and their gradients in each strip."""

from . import regions
from .contract import Moments


class RegionSums:
    """The moments of style layers, summed over strips, by layer and region.

    A strip's feature map is a matrix (h W, C) here: of one with its channels last the same memory.
    """

    def __init__(self, encoder, shapes, layers, masks):
        self._means, self._masks, self.positions = encoder.means, {}, {}
        for layer in layers:
            edges = shapes[layer][1:]
            found = [regions.at_layer(mask, layer, edges, encoder.border) for mask in masks]
            self._masks[layer] = [None if mask is None else encoder.array(mask) for mask in found]
            self.positions[layer] = [regions.positions(mask, edges) for mask in found]
        self.clear()

    def clear(self):
        """Forget what was added."""
        self._sums = {layer: [[0, 0] for _ in masks] for layer, masks in self._masks.items()}

    def _guided(self, strip, maps, layer):
        """A strip's features (N, C), and for each region its mask at these positions (N, 1), or None."""
        features = maps[layer].swapaxes(1, 2).swapaxes(2, 3).reshape(-1, maps[layer].shape[1])
        first, last = strip.wanted[layer]
        for mask in self._masks[layer]:
            row = None if mask is None else mask[first:last].reshape(-1, 1)
            yield features if row is None else features * row, row

    def add(self, strip, maps):
        """Add a strip's feature maps."""
        for layer in self._sums.keys() & maps.keys():
            for sums, (guided, row) in zip(self._sums[layer], self._guided(strip, maps, layer)):
                sums[0] = sums[0] + guided.T @ guided
                if self._means:
                    sums[1] = sums[1] + (guided if row is None else guided * row).sum(0)

    def moments(self):
        """Layer -> list of Moments."""
        return {
            layer: [
                Moments(second / count, mean / count if self._means else None)
                for (second, mean), count in zip(self._sums[layer], self.positions[layer])
            ]
            for layer in self._sums
        }

    def gradients(self, strip, maps, gradients):
        """Layer -> gradient of a strip's feature map, from those of the moments."""
        found = {}
        for layer in self._sums.keys() & maps.keys():
            total = 0
            parts = zip(gradients[layer], self.positions[layer], self._guided(strip, maps, layer))
            for gradient, count, (guided, row) in parts:
                part = guided @ ((gradient.second + gradient.second.T) / count)
                if gradient.mean is not None:
                    part = part + gradient.mean / count * (1 if row is None else row)
                total = total + (part if row is None else part * row)
            _, channels, height, width = maps[layer].shape
            found[layer] = total.reshape(1, height, width, channels).swapaxes(2, 3).swapaxes(1, 2)
        return found
