"""The weighted sum of all losses at one resolution: a picture in, its losses by name and its gradient out."""

from typing import NamedTuple

import numpy as np

from ..engines.contract import Moments, Statistics
from . import losses


class Weights(NamedTuple):
    """Weights of the losses; the layers' weights multiply those of content and style."""

    content: float
    style: float
    tv: float
    content_layers: dict
    style_layers: dict


class Objective:
    """The losses of a picture at one size.

    Of a layer with C channels, in a region of N positions, the style loss is `weight * N * style_loss(...)`. With
    `losses.gram` and a style picture of the content's size that is the squared distance of the unnormalised Gram
    matrices times `weight / (C N C)`, as in MXNet's example/neural-style, and it grows with the area as the content
    loss does: the same weights look alike at every size.

    Parameters
    ----------
    evaluator : engines.contract.Evaluator
    style_targets : dict of str to list of Moments
        Style layer -> moments of the painting for each region.
    weights : Weights
    style_loss : callable
        One of `losses.STYLE_LOSSES`.
    max_gradient_norm : float, optional
        The gradient of content and style is scaled down to this L2 norm where it is longer.
    painted : ndarray, shape (H, W), optional
        0..1: where the picture may change, and how readily; everywhere by default.
    photograph : ndarray, shape (1, 3, H, W), optional
        With `painted`: what stays where the picture may not change.
    """

    def __init__(
        self,
        evaluator,
        style_targets,
        weights,
        *,
        style_loss=losses.gram,
        max_gradient_norm=None,
        painted=None,
        photograph=None,
    ):
        self.size = evaluator.size
        self._evaluator, self._style_targets, self._weights = evaluator, style_targets, weights
        self._style_loss, self._max_gradient_norm = style_loss, max_gradient_norm
        self._painted, self._photograph = painted, photograph

    def admitted(self, image):
        """A picture with the photograph put back where the picture may not change."""
        if self._painted is None:
            return image
        return self._photograph + self._painted * (image - self._photograph)

    def losses(self, image):
        """Every weighted loss by name: total, content, style, tv, and `content:LAYER`, `style:LAYER`."""
        return self._forward(image)[0]

    def losses_and_gradient(self, image):
        """The losses as a dict, and the gradient of their total with respect to the picture.

        Parameters
        ----------
        image : ndarray, shape (1, 3, H, W), float32
            Network range.

        Returns
        -------
        dict of str to float
        ndarray, shape (1, 3, H, W), float32
        """
        values, gradients, tv_gradient = self._forward(image)
        gradient = self._evaluator.backward(gradients)
        if self._max_gradient_norm is not None:
            norm = float(np.linalg.norm(gradient))
            if norm > self._max_gradient_norm:
                gradient *= self._max_gradient_norm / norm
        gradient += tv_gradient
        if self._painted is not None:
            gradient *= self._painted
        return values, gradient

    def _forward(self, image):
        weights, statistics = self._weights, self._evaluator.forward(image)
        content, style, gradients = {}, {}, Statistics({}, {})
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
        tv_weight = weights.tv / 8
        tv, tv_gradient = losses.total_variation(image)
        values = {"content": sum(content.values()), "style": sum(style.values()), "tv": tv_weight * tv}
        values["total"] = sum(values.values())
        values.update({f"content:{layer}": value for layer, value in content.items()})
        values.update({f"style:{layer}": value for layer, value in style.items()})
        return values, gradients, tv_weight * tv_gradient


def _scaled(moments, factor):
    return Moments(*(None if part is None else factor * part for part in moments))
