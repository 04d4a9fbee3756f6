"""The weighted sum of all losses at one resolution: a picture in, its losses by name and its gradient out."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, Optional

from ..engines.contract import Evaluator, Moments, Statistics
from . import laplacian, losses
from .arrays import Array, array_namespace, norm
from .matching import MapLoss

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
        contours stay.
    earlier : sequence of (Array, Array)
        Of a frame of a film: earlier frames that were moved along the flow, each (1, 3, H, W), and where they hold,
        (H, W) in 0..1.
    """

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
    ) -> None:
        self.size = evaluator.size
        self._evaluator, self._style_targets, self._weights = evaluator, style_targets, weights
        self._style_loss, self._map_losses = style_loss, map_losses
        self._max_gradient_norm = max_gradient_norm
        self._painted, self._photograph, self._earlier = painted, photograph, earlier

    def admitted(self, image: Array) -> Array:
        """A picture with the photograph put back where the picture may not change."""
        if self._painted is None:
            return image
        return self._photograph + self._painted * (image - self._photograph)

    def losses(self, image: Array) -> dict[str, float]:
        """Every weighted loss by name: total, content, style, tv, and `content:LAYER`, `style:LAYER`.

        Also laplacian, where it has a weight, and temporal, of a frame that has earlier ones.
        """
        return self._forward(image)[0]

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
        values, gradients, tv_gradient = self._forward(image)
        gradient = self._evaluator.backward(gradients)
        if self._max_gradient_norm is not None:
            length = float(norm(gradient))
            if length > self._max_gradient_norm:
                gradient = gradient * (self._max_gradient_norm / length)
        # into the one array that is ours
        tv_gradient += gradient
        if self._painted is not None:
            tv_gradient *= self._painted
        return values, tv_gradient

    def _forward(self, image: Array) -> tuple[dict[str, float], Statistics, Array]:
        weights, statistics = self._weights, self._evaluator.forward(image)
        content, style = {}, {}
        maps: dict[str, Array] = {}
        gradients = Statistics({}, {}, maps)
        for layer, distance in statistics.content.items():
            weight = weights.content * weights.content_layers[layer]
            content[layer], gradients.content[layer] = weight * distance, weight
        for layer, regions in statistics.style.items():
            weight = weights.style * weights.style_layers[layer]
            style[layer], gradients.style[layer] = 0.0, []
            for found, target, count in zip(regions, self._style_targets[layer], self._evaluator.positions[layer]):
                value, gradient = self._style_loss(found, target)
                style[layer] += weight * count * value
                gradients.style[layer].append(_scaled(gradient, weight * count))
        for layer, features in statistics.maps.items():
            factor = weights.style * weights.style_layers[layer] * self._evaluator.positions[layer][0]
            xp = array_namespace(features)
            value, map_gradient = self._map_losses[layer](xp.reshape(features, (features.shape[1], -1)))
            style[layer], maps[layer] = factor * value, factor * xp.reshape(map_gradient, features.shape)
        tv_weight = weights.tv / 8
        tv, tv_gradient = losses.total_variation(image)
        values = {"content": sum(content.values()), "style": sum(style.values()), "tv": tv_weight * tv}
        pixels_gradient = tv_weight * tv_gradient
        if weights.laplacian:
            distance, gradient = laplacian.laplacian(image, self._photograph)
            values["laplacian"] = weights.laplacian * distance
            pixels_gradient += weights.laplacian * gradient
        for moved, trust in self._earlier:
            distance, gradient = losses.temporal(image, moved, trust)
            values["temporal"] = values.get("temporal", 0.0) + weights.temporal * distance
            pixels_gradient += weights.temporal * gradient
        values["total"] = sum(values.values())
        values.update({f"content:{layer}": value for layer, value in content.items()})
        values.update({f"style:{layer}": value for layer, value in style.items()})
        return values, gradients, pixels_gradient


def _scaled(moments: Moments, factor: float) -> Moments:
    return Moments(*(None if part is None else factor * part for part in moments))
