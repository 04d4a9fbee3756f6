"""Style losses of whole feature maps: each a value and its gradient with respect to the features at every position.

Moments say how channels go together on the whole; these losses ask whether the painting has such a feature at all
(`nearest_neighbours`), or how often it has it (`sliced_wasserstein`). Both are scaled so that no style at all costs
what it costs with `losses.gram`.
"""

from collections.abc import Mapping, Sequence
from typing import Callable

import numpy as np

from ..engines.contract import Moments
from . import losses
from .arrays import Array, array_namespace, device, total

MapLoss = Callable[[Array], tuple[float, Array]]  # features (C, N) -> value and gradient
Make = Callable[[Array, int, np.random.Generator], MapLoss]

POSITIONS = 2**16  # of the paintings, that are kept as a layer's target
PAIRS = 2**25  # of a position and a position of the painting: of large layers a sample of the painting is looked at
BLOCK = 2**22  # values that are held at a time beside the features
SHORT = 1e-3  # of a feature's usual length: one that is shorter has hardly a direction


def nearest_neighbours(target: Array, positions: int, generator: np.random.Generator) -> MapLoss:
    """Each feature's cosine distance to the painting's nearest (Kolkin et al., NNST, arXiv 2203.13215, section 3.2).

    Parameters
    ----------
    target : Array, shape (C, M)
        The painting's features.
    positions : int
        How many features there will be: the more, the smaller a random sample of the target is looked at.
    generator : Generator
    """
    target = _sample(target, max(1, PAIRS // positions), generator)
    scale, short = _no_style(target), SHORT * float(_lengths(target).mean())
    directions = target / _lengths(target, short)

    def loss(features: Array) -> tuple[float, Array]:
        xp = array_namespace(features)
        lengths = _lengths(features, short)
        unit = features / lengths
        matched = xp.empty_like(unit)
        step = max(1, BLOCK // directions.shape[1])
        for start in range(0, unit.shape[1], step):
            # along rows, which lie together: in NumPy three times as fast as along columns
            nearest = xp.argmax(unit[:, start : start + step].T @ directions, axis=1)
            matched[:, start : start + step] = directions[:, nearest]
        cosines = xp.sum(unit * matched, axis=0)
        count = features.shape[1]
        return scale * total(1 - cosines) / count, (cosines * unit - matched) / lengths * (scale / count)

    return loss


def sliced_wasserstein(target: Array, positions: int, generator: np.random.Generator) -> MapLoss:
    """Squared Wasserstein distance of the features' projections (Heitz et al., arXiv 2006.07229, section 3).

    The mean over as many directions as there are channels, random and at right angles to each other. They stay the
    same for as long as this loss is used, so that optimizers which compare losses can work.

    Parameters
    ----------
    target : Array, shape (C, M)
        The painting's features.
    positions : int
        How many features there will be.
    generator : Generator
    """
    xp, (channels, count) = array_namespace(target), target.shape
    rotation = np.linalg.qr(generator.normal(size=(channels, channels)))[0].astype(np.float32)
    directions = xp.asarray(rotation, device=device(target))
    ordered = xp.sort(directions @ target, axis=1)
    # the target's quantile function, linear between its values, at the middle of each position's share
    places = np.clip((np.arange(positions) + 0.5) / positions * count - 0.5, 0, count - 1)
    lower = xp.asarray(np.floor(places).astype(np.int64), device=device(target))
    upper = xp.asarray(np.ceil(places).astype(np.int64), device=device(target))
    share = xp.asarray((places % 1).astype(np.float32), device=device(target))
    wanted = ordered[:, lower] + share * (ordered[:, upper] - ordered[:, lower])
    scale = _no_style(target) / (total(wanted**2) / positions)

    def loss(features: Array) -> tuple[float, Array]:
        found = directions @ features
        for projected, quantiles in zip(found, wanted):
            order = xp.argsort(projected)
            # in its place: what moves this position to its quantile
            projected[order] = projected[order] - quantiles
        factor = scale / positions
        return factor * total(found**2), 2 * factor * (directions.T @ found)

    return loss


# what --style-loss names beside `losses.STYLE_LOSSES`
MAP_LOSSES: dict[str, Make] = {"nnfm": nearest_neighbours, "sliced-wasserstein": sliced_wasserstein}


def mixed(paintings: Sequence[Array], shares: Sequence[float], generator: np.random.Generator) -> Array:
    """Features of several paintings as one target: of each a random sample, in proportion to its share.

    Parameters
    ----------
    paintings : list of Array, shape (1, C, H, W)
        A layer's feature map of each.
    shares : list of float
        Their sum is 1.
    generator : Generator

    Returns
    -------
    Array, shape (C, M)
    """
    xp = array_namespace(*paintings)
    flat = [xp.reshape(features, (features.shape[1], -1)) for features in paintings]
    most = min(POSITIONS, *(features.shape[1] / share for features, share in zip(flat, shares) if share))
    counts = [max(1, round(most * share)) if share else 0 for share in shares]
    return xp.concat([_sample(features, count, generator) for features, count in zip(flat, counts)], axis=1)


def made(
    name: str, targets: Mapping[str, Array], positions: Mapping[str, Sequence[float]], seed: Sequence[int]
) -> dict[str, MapLoss]:
    """Style layer -> its loss: the one of `MAP_LOSSES` of that name.

    Parameters
    ----------
    name : str
    targets : dict of str to Array
        Style layer -> the paintings' features, (C, M).
    positions : dict of str to list of float
        As `Evaluator.positions` gives them.
    seed : sequence of int
        Of what is random in them.
    """
    generator = np.random.default_rng(seed)
    return {
        layer: MAP_LOSSES[name](features, round(positions[layer][0]), generator)
        for layer, features in targets.items()
    }


def _sample(features: Array, count: int, generator: np.random.Generator) -> Array:
    """So many columns of a matrix, at random; all of them where there are no more."""
    if count >= features.shape[1]:
        return features
    xp = array_namespace(features)
    chosen = np.sort(generator.choice(features.shape[1], count, replace=False))
    return features[:, xp.asarray(chosen, device=device(features))]


def _lengths(features: Array, short: float = 0.0) -> Array:
    """Of each column; with the length of a short one added to the squares."""
    xp = array_namespace(features)
    return xp.sqrt(xp.sum(features**2, axis=0) + short**2)


def _no_style(target: Array) -> float:
    second = losses.moments(target).second
    return losses.gram(Moments(0 * second, None), Moments(second, None))[0]
