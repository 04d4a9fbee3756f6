"""The weights of one pair from one number: how strong the style is to be.

The plain sums of Gatys et al. grow with the fourth power of a painting's contrast, with the second of a photograph's,
and with what a network makes of either: the same weights are strong on one pair and weak on another. Here each loss
counts relative to what the pair has to lose and to win.
"""

import math
from collections.abc import Mapping, Sequence

from ..engines.contract import Moments
from . import losses
from .arrays import Array, total
from .objective import Weights
from .pieces import MEMORY, Pieces

CONTRAST = 64.0  # standard deviation of a photograph's values, network range
LEAST = 0.05  # of the painting's own moments: where the photograph is nearer than this, the distance counts as this


def balanced(
    strength: float,
    weights: Weights,
    photograph: Mapping[str, float],
    nothing: Mapping[str, float],
    content: Mapping[str, Array],
    lost: float = 0.1,
    pieces: Pieces = MEMORY,
) -> Weights:
    """Weights with which style and content count relative to what they are for this pair.

    With S the sum of the style losses of the photograph, which stays as it is, each style layer has the share of S
    there that its weight has of all. A picture that has lost as much of a content layer as the photograph has in it,
    sum (F - P)^2 = sum P^2, pays 10^(2 - 4 strength) `lost` S for it; several content layers share that by their
    weights. Total variation is left alone.

    Parameters
    ----------
    strength : float
        0..1. At 0 a photograph that is lost costs a hundred times what it costs at 0.5, at 1 a hundredth.
    weights : Weights
        Those of which the layers' proportions are kept.
    photograph : dict
        The losses of the photograph with `weights`, as `Objective.losses` gives them.
    nothing : dict
        Style layer -> its loss with `weights` where there is no style at all (`of_nothing`).
    content : dict
        Content layer -> the photograph's feature map.
    lost : float
        What a photograph that is lost costs at a strength of 0.5, of what its whole distance from the painting costs.
    pieces : pieces.Pieces

    Returns
    -------
    Weights
    """
    found = {layer: max(photograph[f"style:{layer}"], LEAST * loss) for layer, loss in nothing.items() if loss > 0}
    whole, proportions = sum(found.values()), sum(weights.style_layers[layer] for layer in found)
    style = {
        layer: weights.style_layers[layer] ** 2 * weights.style / proportions * whole / loss
        for layer, loss in found.items()
    }
    squares = {layer: pieces.squares(features) for layer, features in content.items()}
    price = 10 ** (2 - 4 * strength) * lost * whole / (sum(weights.content_layers.values()) or 1.0)
    return weights._replace(
        content=1.0,
        style=1.0,
        content_layers={
            layer: weight * price / squares[layer] if squares[layer] else 0.0
            for layer, weight in weights.content_layers.items()
        },
        style_layers={**dict.fromkeys(weights.style_layers, 0.0), **style},
    )


def steadied(
    steadiness: float,
    weights: Weights,
    styles: Mapping[str, Sequence[Moments]],
    positions: Mapping[str, Sequence[float]],
    content: Mapping[str, Array],
    size: tuple[int, int],
) -> Weights:
    """Weights with which the temporal loss counts relative to the others, whatever the network and the size.

    At 1 a frame that differs everywhere by a photograph's contrast (`CONTRAST`) from where the one before has moved
    pays as much as one that has lost all content and all style.

    Parameters
    ----------
    steadiness : float
    weights : Weights
        Of the other losses.
    styles : dict of str to list of Moments
        The painting's.
    positions : dict of str to list of float
        Of each region, as `Evaluator.positions` gives them.
    content : dict
        Content layer -> the photograph's feature map.
    size : (int, int)
        Height and width.
    """
    style = sum(of_nothing(weights, styles, positions).values())
    lost = sum(weights.content * weights.content_layers[layer] * total(map_**2) for layer, map_ in content.items())
    return weights._replace(temporal=steadiness * (style + lost) / (3 * math.prod(size) * CONTRAST**2))


def of_nothing(
    weights: Weights, styles: Mapping[str, Sequence[Moments]], positions: Mapping[str, Sequence[float]]
) -> dict[str, float]:
    """Style layer -> what it would cost to have moments of zero, which all style losses agree on.

    Parameters
    ----------
    weights : Weights
    styles : dict of str to list of Moments
        The painting's.
    positions : dict of str to list of float
        Of each region, as `Evaluator.positions` gives them.
    """
    return {
        layer: weights.style
        * weights.style_layers[layer]
        * sum(
            count * losses.gram(Moments(0 * target.second, None), target)[0]
            for count, target in zip(positions[layer], targets)
        )
        for layer, targets in styles.items()
    }
