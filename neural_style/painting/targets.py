"""What a picture is compared with: the size of a painting, the moments of several as one, and weights to their size."""

import math
from collections.abc import Sequence

from ..engines.contract import Moments
from ..pictures import images
from . import losses
from .arrays import Array
from .objective import Weights
from .pieces import MEMORY, Pieces


def style_size(shape: Sequence[int], size: tuple[int, int], scale: float, fit: str) -> tuple[int, int]:
    """Height and width of a painting when its moments are taken.

    Parameters
    ----------
    shape : tuple
        Of the painting: height, width, ...
    size : (int, int)
        Height and width of the result.
    scale : float
        Long edge of the painting over that of the result.
    fit : {"keep", "squeeze"}
        Keep the painting's shape, or give it the result's.
    """
    if fit == "squeeze":
        (height, width), factor = size, scale
    else:
        (height, width), factor = shape[:2], scale * max(size) / max(shape[:2])
    return max(images.SMALLEST_EDGE, round(height * factor)), max(images.SMALLEST_EDGE, round(width * factor))


def blended(paintings: Sequence[dict[str, list[Moments]]], shares: Sequence[float]) -> dict[str, list[Moments]]:
    """The moments of several paintings as one target.

    Of Gram matrices: the sum of squared distances to several is the distance to their mean, and a constant.

    Parameters
    ----------
    paintings : list of dict
        For each painting: style layer -> list of Moments by region.
    shares : list of float
        Of each painting; their sum is 1.

    Returns
    -------
    dict of str to list of Moments
    """
    totals: dict[str, list[Moments]] = {}
    for found, share in zip(paintings, shares):
        for layer, regions in found.items():
            parts = [_times(share, moments) for moments in regions]
            totals[layer] = [_sum(a, b) for a, b in zip(totals[layer], parts)] if layer in totals else parts
    return totals


def _times(share: float, moments: Moments) -> Moments:
    return Moments(*(None if part is None else share * part for part in moments))


def _sum(one: Moments, other: Moments) -> Moments:
    return Moments(*(None if a is None else a + b for a, b in zip(one, other)))


def normalized(
    weights: Weights,
    photograph: Array,
    content: dict[str, Array],
    styles: dict[str, list[Moments]],
    pieces: Pieces = MEMORY,
) -> Weights:
    """Weights with which each loss counts over the size of its target.

    A content loss is then N sum (F - P)^2 / sum P^2 and a style loss N sum (G - A)^2 / sum A^2: N, the number of
    positions, times the relative distance, whatever the network, the layer and the size; of several regions each
    against the mean of their sum A^2. Total variation and the Laplacian loss likewise
    count relative to the photograph's mean square.

    Parameters
    ----------
    weights : objective.Weights
    photograph : Array, shape (1, 3, H, W)
    content : dict of str to Array
        Content layer -> the photograph's feature map, (1, C, H, W).
    styles : dict of str to list of Moments
        Style layer -> the painting's moments for each region.
    pieces : pieces.Pieces

    Returns
    -------
    objective.Weights
    """
    of_photograph = _per_mean_square(photograph, pieces)
    content_layers = {
        layer: weight * _per_mean_square(content[layer], pieces) for layer, weight in weights.content_layers.items()
    }
    style_layers = {}
    for layer, weight in weights.style_layers.items():
        nothing = [Moments(0 * target.second, None) for target in styles[layer]]
        costs = [losses.gram(zero, target)[0] for zero, target in zip(nothing, styles[layer])]
        style_layers[layer] = weight / (sum(costs) / len(costs))
    return weights._replace(
        tv=weights.tv * of_photograph,
        content_layers=content_layers,
        style_layers=style_layers,
        laplacian=weights.laplacian * of_photograph,
    )


def _per_mean_square(features: Array, pieces: Pieces) -> float:
    """Of (1, C, H, W): N = H W over the sum of squares."""
    positions: int = math.prod(features.shape[2:])
    return positions / pieces.squares(features)
