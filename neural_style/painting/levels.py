"""The sizes that a run passes through, coarse to fine, and its epochs at each."""

import math
from collections.abc import Sequence
from typing import NamedTuple, Optional

# epochs at the size of the result, at half of it, at a quarter, ...
SHARES = (6, 1, 1)


class Level(NamedTuple):
    """A stretch of epochs at one picture size (height, width)."""

    size: tuple[int, int]
    epochs: int


def plan(size: tuple[int, int], epochs: int, levels: Optional[int]) -> list[Level]:
    """Share the epochs of a run among picture sizes.

    Each level has half the long edge of the next.

    Parameters
    ----------
    size : (int, int)
        Height and width of the result.
    epochs : int
    levels : int or None
        None: see `pyramid_levels`.

    Returns
    -------
    list of Level
        Coarse to fine; levels without an epoch are left out.

    Examples
    --------
    >>> [level.size for level in plan((400, 600), 150, 3)]
    [(100, 150), (200, 300), (400, 600)]
    >>> sum(level.epochs for level in plan((400, 600), 150, 3))
    150
    """
    height, width = size
    levels = levels or pyramid_levels(size)
    shares = SHARES[:levels] if levels <= len(SHARES) else SHARES + (SHARES[-1],) * (levels - len(SHARES))
    # epochs at a size and all coarser ones, rounded up, but one is left for the size of the result
    coarser = [math.ceil(epochs * sum(shares[step:]) / sum(shares)) for step in range(1, levels)]
    sums = [epochs, *(min(epochs - 1, count) for count in coarser), 0]
    counts = [upper - lower for upper, lower in zip(sums, sums[1:])]
    sizes = [(max(1, round(height / 2**step)), max(1, round(width / 2**step))) for step in range(levels)]
    return [Level(s, n) for s, n in reversed(list(zip(sizes, counts))) if n > 0]


def pyramid_levels(size: tuple[int, int]) -> int:
    """As many levels as leave a short edge of 96 pixels or more, at most 3."""
    return 1 + max(0, min(2, int(math.log2(min(size) / 96)))) if min(size) >= 96 else 1


def extended(levels: Sequence[Level], epochs: int) -> list[Level]:
    """A plan that goes on to more epochs in all: the further ones are spent at the size of the result.

    So everything up to the end of the shorter plan stays as it was.
    """
    further = epochs - sum(level.epochs for level in levels)
    return [*levels[:-1], levels[-1]._replace(epochs=levels[-1].epochs + further)]
