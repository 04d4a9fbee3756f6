"""A network bound at one size: a picture in, its statistics out; and their gradients back to the picture."""

import math

import numpy as np

from .. import processor
from ..contract import Statistics
from ..mirror import around, folded, mirrored
from .library import mx, plain_errors
from .moments import MomentSymbols, gram


class Evaluator:
    """As `contract.Evaluator`: an encoder bound at one size.

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
    content_mask : mapping, optional
    map_layers : iterable of str
    """

    @plain_errors()
    def __init__(self, encoder, size, content, style_layers, masks=(None,), content_mask=None, map_layers=()):
        # the arrays of a network at one size find no place in what the weights' file and another size have left
        processor.give_back_memory()
        self.size = tuple(size)
        self._content_layers, self._map_layers = list(content), list(map_layers)
        self._style = MomentSymbols(encoder, style_layers, self.size, masks)
        self._positions = {layer: [float(math.prod(encoder.shape(layer, size)[1:]))] for layer in self._map_layers}
        counted = content_mask or {}
        distances = [self._squared_distance(encoder.feature_map(layer), layer, layer in counted) for layer in content]
        # the style layers first: a group is computed in its order, and backward in reverse, so that the float32 copies
        # of a style layer are made and dropped where the network passes by
        maps = [encoder.feature_map(layer) for layer in self._map_layers]
        symbols = mx.sym.Group(self._style.symbols + maps + distances)
        padded = [edge + 2 * encoder.border for edge in self.size]
        values = {"data": np.zeros((1, encoder.channels, *padded)), **self._style.masks}
        values.update({f"{layer}_target": features for layer, features in content.items()})
        values.update({f"{layer}_counted": mask[None, None] for layer, mask in counted.items()})
        arguments = encoder.arguments(symbols, values)
        self._encoder, self._looking, self._beyond = encoder, None, around(encoder.border)
        self._targets = {layer: arguments[f"{layer}_target"] for layer in content}
        self._image, self._gradient = arguments["data"], mx.nd.zeros_like(arguments["data"])
        self._executor = symbols.bind(
            encoder.context,
            arguments,
            args_grad={"data": self._gradient},
            grad_req={name: "write" if name == "data" else "null" for name in arguments},
        )

    @staticmethod
    def _squared_distance(features, layer, counted):
        """Of a feature map to its target, (1, 1)."""
        difference = features - mx.sym.Variable(f"{layer}_target")
        if counted:
            difference = mx.sym.broadcast_mul(difference, mx.sym.Variable(f"{layer}_counted"))
        return gram(mx.sym.Reshape(difference, shape=(1, -1)), 1)

    @property
    def positions(self):
        """See `contract.Evaluator`."""
        return {**self._style.positions, **self._positions}

    @plain_errors()
    def forward(self, image):
        """Statistics of a picture, (1, 3, H, W) float32 in network range."""
        self._image[:, :3] = mirrored(image, self._beyond)
        outputs = [output.asnumpy() for output in self._executor.forward(is_train=True)]
        outputs = iter(outputs)
        style = self._style.moments(outputs)
        maps = dict(zip(self._map_layers, outputs))
        content = {layer: float(distance[0, 0]) for layer, distance in zip(self._content_layers, outputs)}
        return Statistics(content, style, maps)

    @plain_errors()
    def backward(self, gradients):
        """Gradient of the picture last given to `forward`, from the gradients of its statistics.

        Parameters
        ----------
        gradients : Statistics

        Returns
        -------
        ndarray, shape (1, 3, H, W), float32
        """
        heads = self._style.heads(gradients.style) + [gradients.maps[layer] for layer in self._map_layers]
        heads += [np.array([[2 * gradients.content[layer]]]) for layer in self._content_layers]
        self._executor.backward([mx.nd.array(head, self._image.context) for head in heads])
        return folded(self._gradient.asnumpy()[:, :3], self._beyond)

    @plain_errors()
    def aim(self, image, phase=(0, 0)):
        """See `contract.Evaluator`. The symbols stay bound: MXNet 1.9.1 loses memory for each that it binds."""
        self._beyond = around(self._encoder.border, phase)
        if self._targets and self._looking is None:
            symbols = mx.sym.Group([self._encoder.feature_map(layer) for layer in self._targets])
            arguments = self._encoder.arguments(symbols, {"data": np.zeros(self._image.shape)})
            self._looking = symbols.bind(self._encoder.context, arguments, grad_req="null")
        if self._looking is None:
            return {}
        self._looking.arg_dict["data"][:, :3] = mirrored(image, self._beyond)
        maps = [output.asnumpy() for output in self._looking.forward(is_train=False)]
        for target, features in zip(self._targets.values(), maps):
            target[:] = features
        return dict(zip(self._targets, maps))
