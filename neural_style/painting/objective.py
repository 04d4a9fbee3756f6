"""The weighted sum of all losses at one resolution: a picture in, its losses by name and its gradient out."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, Optional

from ..engines.contract import Evaluator, Moments, Statistics
from . import laplacian, losses
from .arrays import Array, array_namespace
from .matching import MapLoss
from .pieces import MEMORY, Pieces

NONE: Mapping[str, MapLoss] = MappingProxyType({})


class Weights(NamedTuple):
    """Weights of the losses, each a number from 0; the layers' weights multiply those of content and style."""

    content: float
    style: float
    tv: float
    content_layers: dict[str, float]
    style_layers: dict[str, float]
    laplacian: float = 0.0
    temporal: float = 0.0


class Objective:
    """The losses of a picture at one size.

    Of a layer with C channels, in a region of N positions, the style loss is `weight * N * style_loss(...)`. With
    `losses.gram` and a style picture of the content's size that is the squared distance of the unnormalised Gram
    matrices times `weight / (C N C)`, as in MXNet's example/neural-style, and it grows with the area as the content
    loss does: the same weights look alike at every size. Total variation counts `weights.tv / 8` times, as there.

    Parameters
    ----------
    evaluator : engines.contract.Evaluator
    style_targets : dict of str to list of Moments
        Style layer -> moments of the painting for each region, arrays of the evaluator's engine.
    weights : Weights
    style_loss : callable
        One of `losses.STYLE_LOSSES`.
    map_losses : dict of str to callable
        For layers of which the evaluator gives whole maps: their losses, as `matching.made` gives them.
    max_gradient_norm : float, optional
        The gradient of content and style is scaled down to this L2 norm where it is longer.
    painted : Array, shape (H, W), optional
        0..1: where the picture may change, and how readily; everywhere by default.
    photograph : Array, shape (1, 3, H, W), optional
        With `painted`: what stays where the picture may not change; with a weight of the Laplacian loss: whose
        contours stay; for `look_from`: whose content is compared.
    earlier : sequence of (Array, Array)
        Of a frame of a film: earlier frames that were moved along the flow, each (1, 3, H, W), and where they hold,
        (H, W) in 0..1.
    pieces : pieces.Pieces

    Attributes
    ----------
    noise : Array, shape (1, 3, H, W), or None
        What the picture will lose when it is written: the network is shown the picture without it.
    phase : (int, int)
        See `phases`; set by `look_from`.
    """

    noise: Optional[Array] = None
    phase: tuple[int, int] = (0, 0)

    def __init__(
        self,
        evaluator: Evaluator,
        style_targets: dict[str, list[Moments]],
        weights: Weights,
        *,
        style_loss: losses.StyleLoss = losses.gram,
        map_losses: Mapping[str, MapLoss] = NONE,
        max_gradient_norm: Optional[float] = None,
        painted: Optional[Array] = None,
        photograph: Optional[Array] = None,
        earlier: Sequence[tuple[Array, Array]] = (),
        pieces: Pieces = MEMORY,
    ) -> None:
        self.size = evaluator.size
        self._evaluator, self._weights = evaluator, weights
        self._style_losses = {
            layer: [losses.towards(style_loss, target) for target in targets]
            for layer, targets in style_targets.items()
            if layer not in map_losses
        }
        self._map_losses = map_losses
        self._max_gradient_norm = max_gradient_norm
        self._painted, self._photograph, self._earlier, self._pieces = painted, photograph, earlier, pieces

    def admitted(self, image: Array) -> Array:
        """A picture with the photograph put back where the picture may not change."""
        if self._painted is None or self._photograph is None:
            return image
        result = self._pieces.empty(image)
        for rows in self._pieces.rows(image.shape):
            there = self._photograph[:, :, rows]
            result[:, :, rows] = there + self._painted[rows] * (image[:, :, rows] - there)
        return result

    def look_from(self, phase: tuple[int, int]) -> None:
        """Let the network sample photograph and picture in another phase from now on."""
        if phase != self.phase:
            self.phase = phase
            self._evaluator.aim(self._photograph, phase)

    def losses(self, image: Array) -> dict[str, float]:
        """Every weighted loss by name: total, content, style, tv, and `content:LAYER`, `style:LAYER`.

        Also laplacian, where it has a weight, and temporal, of a frame that has earlier ones.
        """
        of_network, _ = self._of_network(image)
        of_pixels = dict.fromkeys(self._pixel_weights(), 0.0)
        for rows in self._pieces.rows(image.shape):
            self._of_pixels(image, rows, of_pixels)
        return _named(of_network, of_pixels)

    def losses_and_gradient(self, image: Array) -> tuple[dict[str, float], Array]:
        """The losses as a dict, and the gradient of their total with respect to the picture.

        Parameters
        ----------
        image : Array, shape (1, 3, H, W), float32
            Network range.

        Returns
        -------
        dict of str to float
        Array, shape (1, 3, H, W), float32
        """
        of_network, gradients = self._of_network(image)
        gradient, factor = self._evaluator.backward(gradients), 1.0
        of_pixels = dict.fromkeys(self._pixel_weights(), 0.0)
        if self._max_gradient_norm is not None:
            length = self._pieces.norm(gradient)
            factor = self._max_gradient_norm / length if length > self._max_gradient_norm else 1.0
        result = self._pieces.empty(image)
        for rows in self._pieces.rows(image.shape):
            part = self._of_pixels(image, rows, of_pixels)
            part += gradient[:, :, rows] if factor == 1 else factor * gradient[:, :, rows]
            if self._painted is not None:
                part *= self._painted[rows]
            result[:, :, rows] = part
        return _named(of_network, of_pixels), result

    def _pixel_weights(self) -> dict[str, float]:
        """What the losses that compare pixels weigh, by name, those that there are."""
        found = {"tv": self._weights.tv / 8}
        if self._weights.laplacian:
            found["laplacian"] = self._weights.laplacian
        if self._earlier:
            found["temporal"] = self._weights.temporal
        return found

    def _of_pixels(self, image: Array, rows: slice, values: dict[str, float]) -> Array:
        """The gradient of what compares pixels, of some rows; its losses are added to those that there are."""
        weights = self._pixel_weights()
        value, gradient = losses.total_variation(image, rows)
        values["tv"] += weights["tv"] * value
        gradient = weights["tv"] * gradient
        if "laplacian" in weights:
            value, part = laplacian.laplacian(image, self._photograph, rows)
            values["laplacian"] += weights["laplacian"] * value
            gradient += weights["laplacian"] * part
        for moved, trust in self._earlier:
            value, part = losses.temporal(image[:, :, rows], moved[:, :, rows], trust[rows])
            values["temporal"] += weights["temporal"] * value
            gradient += weights["temporal"] * part
        return gradient

    def _of_network(self, image: Array) -> tuple[dict[str, dict[str, float]], Statistics]:
        """The losses of each content and style layer, and the gradients of the statistics that they are made of."""
        seen = image if self.noise is None else self._pieces.made(_difference, image, self.noise)
        weights, statistics = self._weights, self._evaluator.forward(seen)
        content, style = {}, {}
        maps: dict[str, Array] = {}
        gradients = Statistics({}, {}, maps)
        for layer, distance in statistics.content.items():
            weight = weights.content * weights.content_layers[layer]
            content[layer], gradients.content[layer] = weight * distance, weight
        for layer, regions in statistics.style.items():
            weight = weights.style * weights.style_layers[layer]
            style[layer], gradients.style[layer] = 0.0, []
            for found, loss, count in zip(regions, self._style_losses[layer], self._evaluator.positions[layer]):
                value, gradient = loss(found)
                style[layer] += weight * count * value
                gradients.style[layer].append(_scaled(gradient, weight * count))
        for layer, features in statistics.maps.items():
            factor = weights.style * weights.style_layers[layer] * self._evaluator.positions[layer][0]
            xp = array_namespace(features)
            value, map_gradient = self._map_losses[layer](xp.reshape(features, (features.shape[1], -1)))
            style[layer], maps[layer] = factor * value, factor * xp.reshape(map_gradient, features.shape)
        return {"content": content, "style": style}, gradients


def _named(of_network: dict[str, dict[str, float]], of_pixels: dict[str, float]) -> dict[str, float]:
    """All losses by name, the total among them."""
    values = {kind: sum(layers.values()) for kind, layers in of_network.items()} | of_pixels
    values["total"] = sum(values.values())
    for kind, layers in of_network.items():
        values.update({f"{kind}:{layer}": value for layer, value in layers.items()})
    return values


def _difference(one: Array, other: Array) -> Array:
    return one - other


def _scaled(moments: Moments, factor: float) -> Moments:
    return Moments(*(None if part is None else factor * part for part in moments))
