"""A network at one size: a picture in, its statistics out; and their gradients back to the picture."""

import math

from ...networks.layers import DATA
from .. import processor
from ..contract import Statistics
from ..mirror import around
from .distance import Distance
from .library import computing, torch
from .moments import add_gradient, moments
from .operators import CHANNELS_LAST, bordered, unbordered


class Evaluator:
    """As `contract.Evaluator`.

    Parameters
    ----------
    encoder : Encoder
    size : (int, int)
        Height and width of the picture.
    content : dict of str to Tensor
        Content layer -> the photograph's feature map at this size, as `Encoder.extract` gives it.
    style_layers : iterable of str
    masks : sequence
        Regions of the picture, as in `Encoder.extract`.
    content_mask : mapping, optional
    map_layers : iterable of str
    """

    def __init__(self, encoder, size, content, style_layers, masks=(None,), content_mask=None, map_layers=()):
        self.size = tuple(size)
        self._encoder, self._operators = encoder, encoder.operators
        self._beyond, self._means = around(encoder.border), encoder.means
        self._regions = encoder.regions(style_layers, self.size, masks)
        self.positions = {layer: [one.positions for one in regions] for layer, regions in self._regions.items()}
        self._counted = {layer: encoder.array(mask) for layer, mask in (content_mask or {}).items()}
        self._content = self._distances(content)
        self._shapes, self._map_layers = encoder.shapes(self.size), list(map_layers)
        self.positions.update({layer: [float(math.prod(self._shapes[layer][1:]))] for layer in self._map_layers})
        own = {*content, *self.positions}
        self._rows = encoder.rows(own)
        self._keep = self._operators.needed_back(self._rows) | own
        self._image, self._maps, self._evaluations = None, {}, 0

    def forward(self, image):
        """See `contract.Evaluator`."""
        self._image, self._maps = image, {}  # lets go of the last picture's maps first
        return self._computed()

    @computing()
    def _computed(self):
        content, style = dict.fromkeys(self._content), dict.fromkeys(self._regions)
        maps = dict.fromkeys(self._map_layers)
        data = bordered(self._image, self._beyond)
        for layer, features in self._operators.forward(data, self._rows, self._keep, self._maps):
            if layer in content:
                content[layer] = self._content[layer].squared(features)
            if layer in style:
                style[layer] = [moments(features, region, self._means) for region in self._regions[layer]]
            if layer in maps:
                maps[layer] = features.to(torch.float32, memory_format=torch.contiguous_format, copy=True)
        return Statistics({layer: float(distance) for layer, distance in content.items()}, style, maps)

    def _distances(self, content):
        return {layer: Distance(target, self._counted.get(layer)) for layer, target in content.items()}

    @computing()
    def backward(self, gradients):
        """See `contract.Evaluator`. The feature maps are let go of on the way."""
        if not self._maps:
            self._computed()
        found = {}
        for row in reversed(self._rows):
            total = self._with_losses(row.name, found.pop(row.name, None), gradients)
            for name, part in zip(row.inputs, self._operators.backward(row, total, self._maps, self._shapes)):
                found[name] = found[name].add_(part) if name in found else part
            self._maps.pop(row.name, None)
        gradient = unbordered(found[DATA].to(torch.float32, memory_format=torch.contiguous_format), self._beyond)
        self._evaluations += 1
        # what is kept for the next evaluation gets holes as the optimizer gathers pictures in them; at every evaluation
        # this would take more time than it is worth
        if self._evaluations & (self._evaluations - 1) == 0:  # a power of two
            processor.give_back_memory()
        return gradient

    def _with_losses(self, layer, total, gradients):
        """The gradient of a layer's feature map: `total`, which comes from above, and that of its own losses."""
        if layer not in self._content and layer not in self.positions:
            return total
        features = self._maps[layer]
        if total is None:
            total = torch.zeros_like(features)
        if not total.is_contiguous(memory_format=CHANNELS_LAST):
            total = total.contiguous(memory_format=CHANNELS_LAST)
        if layer in self._content:
            self._content[layer].add_gradient(total, features, gradients.content[layer])
        for region, gradient in zip(self._regions.get(layer, ()), gradients.style.get(layer, ())):
            add_gradient(total, features, region, gradient)
        if layer in gradients.maps:
            total.add_(gradients.maps[layer])
        return total

    def aim(self, image, phase=(0, 0)):
        """See `contract.Evaluator`."""
        self._beyond = around(self._encoder.border, phase)
        content = self._encoder.extract(image, self._content, (), phase=phase).content
        self._content = self._distances(content)
        return content
