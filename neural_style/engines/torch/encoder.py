"""A network's weights on one device: feature maps and moments of a picture."""

import math

from ...networks.layers import needed
from .. import regions
from ..contract import Targets
from ..mirror import around
from .evaluator import Evaluator
from .library import DTYPES, computing, torch
from .moments import Region, add_gradient, moments
from .operators import CHANNELS_LAST, Operators, bordered
from .strip import StripMaps


class Encoder:
    """As `contract.Encoder` and `contract.Strips`.

    Parameters
    ----------
    network : networks.layers.Network
    arrays : dict of str to ndarray
    device : torch.device
    precision : {"float32", "bfloat16", "float16"}
        Of the convolutions. Pictures, moments and distances are float32 with each.
    pooling : {"avg", "max"}
    border : int
    means : bool
    """

    guard = staticmethod(computing)  # see `contract.Strips`

    def __init__(self, network, arrays, device, precision="float32", pooling="avg", border=0, means=False):
        self.network, self.pooling, self.border, self.means = network, pooling, border, means
        self.operators = Operators(network, arrays, device, DTYPES[precision], pooling)

    def rows(self, names):
        """The rows of the layers of these names and of all that they rest on."""
        return needed(self.network, names)

    def shapes(self, size):
        """Shape (C, H, W) of every layer above a picture of a size (height, width)."""
        return self.operators.shapes([edge + 2 * self.border for edge in size])

    @computing()
    def extract(self, image, content_layers, style_layers, masks=(None,), phase=(0, 0)):
        """See `contract.Encoder`."""
        guides = self.regions(style_layers, image.shape[2:], masks)
        content, style = dict.fromkeys(content_layers), dict.fromkeys(guides)
        rows = self.rows([*content, *style])
        data = bordered(image, around(self.border, phase))
        for layer, features in self.operators.forward(data, rows, set(), {}):
            if layer in content:
                content[layer] = features.to(torch.float32, copy=True)
            if layer in style:
                style[layer] = [moments(features, region, self.means) for region in guides[layer]]
        return Targets(content, style)

    def evaluator(self, size, content, style_layers, masks=(None,), content_mask=None, map_layers=()):
        """See `contract.Encoder`."""
        return Evaluator(self, size, content, style_layers, masks, content_mask, map_layers)

    def strip(self, strip, source, backward=False):
        """See `contract.Strips`."""
        maps = StripMaps(self.operators, strip, source, "maps" if backward else "")
        return maps.wanted(), maps.backward if backward else None

    @computing()
    def sums(self, features, mask):
        """See `contract.Strips`."""
        return moments(features.contiguous(memory_format=CHANNELS_LAST), _as_region(mask), self.means)

    @computing()
    def sums_back(self, features, mask, gradient, total=None):
        """See `contract.Strips`."""
        features = features.contiguous(memory_format=CHANNELS_LAST)
        total = torch.zeros_like(features) if total is None else total
        add_gradient(total, features, _as_region(mask), gradient)
        return total

    @computing()
    def difference(self, features, target):
        """See `contract.Strips`."""
        return features.to(torch.float32, copy=True).sub_(target)

    def kept(self, strip, source):
        """See `contract.Strips`."""
        return StripMaps(self.operators, strip, source, "bits")

    @computing()
    def empty(self, shape, exact=False, scratch=None):
        """See `contract.Strips`."""
        dtype, device = torch.float32 if exact else self.operators.dtype, self.operators.device
        if scratch is not None and device.type == "cpu":
            count, channels, height, width = shape
            mapped = scratch.allocate(math.prod(shape) * dtype.itemsize)
            return torch.frombuffer(mapped, dtype=dtype).view(count, height, width, channels).permute(0, 3, 1, 2)
        return torch.empty(shape, dtype=dtype, device=device, memory_format=CHANNELS_LAST)

    def array(self, values):
        """See `contract.Strips`."""
        return torch.as_tensor(values, device=self.operators.device)

    def regions(self, layers, size, masks):
        """Style layer -> its `Region` for each mask (H, W) of a picture."""
        shapes = self.shapes(size)
        return {layer: [self._region(mask, layer, shapes[layer][1:]) for mask in masks] for layer in layers}

    def _region(self, mask, layer, edges):
        values = regions.at_layer(mask, layer, edges, self.border)
        on_device = None if values is None else self.array(values).reshape(-1, 1)
        return Region(on_device, regions.positions(values, edges))


def _as_region(mask):
    """Of which sums are taken, not means."""
    return Region(None if mask is None else mask.reshape(-1, 1), 1.0)
