"""The sizes that a run passes through, coarse to fine, and its epochs at each."""

import math
from collections.abc import Sequence
from typing import NamedTuple, Optional

# epochs at the size of the result, at half of it, at a quarter, ...
SHARES = (6, 1, 1)
# what a picture shows is decided below a long edge of so many pixels; above, in so few epochs, strokes become sharp
LARGE, FINE_EPOCHS = 1600, 30
SMALLEST = 96  # short edge of the coarsest picture


class Level(NamedTuple):
    """A stretch of epochs at one picture size (height, width)."""

    size: tuple[int, int]
    epochs: int


def plan(size: tuple[int, int], epochs: int, levels: Optional[int]) -> list[Level]:
    """Share the epochs of a run among picture sizes.

    Each level has half the long edge of the next. Those with a long edge above `LARGE` have `FINE_EPOCHS` each, and
    together at most half of all; the others share the rest.

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
    sizes = [(max(1, round(height / 2**step)), max(1, round(width / 2**step))) for step in range(levels)]
    fine = min(levels - 1, sum(max(size) > LARGE for size in sizes))
    of_fine = max(1, min(FINE_EPOCHS, epochs // (2 * fine))) if fine else 0
    counts = [of_fine] * min(fine, epochs) + _shared(max(0, epochs - fine * of_fine), levels - fine)
    return [Level(s, n) for s, n in reversed(list(zip(sizes, counts))) if n > 0]


def _shared(epochs: int, levels: int) -> list[int]:
    """Epochs of each level, fine to coarse, by `SHARES`; but one is left for the finest."""
    shares = SHARES[:levels] if levels <= len(SHARES) else SHARES + (SHARES[-1],) * (levels - len(SHARES))
    coarser = [math.ceil(epochs * sum(shares[step:]) / sum(shares)) for step in range(1, levels)]
    sums = [epochs, *(max(0, min(epochs - 1, count)) for count in coarser), 0]
    return [upper - lower for upper, lower in zip(sums, sums[1:])]


def pyramid_levels(size: tuple[int, int]) -> int:
    """As many levels as leave a short edge of 96 pixels or more; at most 3 below the size of `LARGE`."""
    halvings = int(math.log2(min(size) / SMALLEST)) if min(size) >= SMALLEST else 0
    return 1 + (halvings if max(size) > LARGE else min(2, halvings))


def extended(levels: Sequence[Level], epochs: int) -> list[Level]:
    """A plan that goes on to more epochs in all: the further ones are spent at the size of the result.

    So everything up to the end of the shorter plan stays as it was.
    """
    further = epochs - sum(level.epochs for level in levels)
    return [*levels[:-1], levels[-1]._replace(epochs=levels[-1].epochs + further)]
