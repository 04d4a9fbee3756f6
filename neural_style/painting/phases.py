"""Where a network samples a picture: its strides take every second, fourth, eighth pixel, in one of many phases.

A gradient comes down unevenly over positions modulo the strides. Where a photograph is flat nothing else tells
positions apart, and what a painting's texture grows from there is a grid in the network's phase. In another phase that
grid is no better than any other pattern: a phase that changes while a picture is painted wears it down. (Zhang 2019,
arXiv 1904.11486, on why strides are not shift-invariant; he blurs before each, which takes other weights.)
"""

from collections.abc import Iterator
from typing import Any

from .arrays import Array, array_namespace
from .pieces import MEMORY, Pieces

PERIOD = 8  # pixels: the product of the strides below most layers that paint
# in a period: the first two phases are furthest apart, four are one of each pair of parities, sixteen of each modulo 4
STEPS = (5, 2, 4)
# epochs at a size until the phase changes first, when `descent` aims anyway, and between two later changes, in runs so
# long that a grid would grow again
FIRST, EVERY = 8, 24


def changes_after(epochs: int) -> bool:
    """Whether the phase changes after so many epochs at a size: 8, 72, 96, 120, ..."""
    return epochs == FIRST or (epochs > 2 * EVERY and epochs % EVERY == 0)


def of_epoch(level: int, epochs: int, size: tuple[int, int]) -> tuple[int, int]:
    """The phase after so many epochs of a level, counted from 0, at a size; each level begins in another one."""
    if min(size) <= PERIOD:
        return 0, 0
    return phase(level + (epochs >= FIRST) + max(0, epochs // EVERY - 2))


def phase(number: int) -> tuple[int, int]:
    """Rows and columns, from -4 to 3, by which the network's phase is moved: each of 64 once, then the same again.

    Examples
    --------
    >>> [phase(number) for number in range(5)]
    [(0, 0), (-3, -3), (-3, 0), (0, -3), (2, 2)]
    """
    down = right = 0
    for digit, step in enumerate(STEPS):
        quarter = number >> 2 * digit
        down += step * (quarter + 1 >> 1 & 1)
        right += step * (quarter & 1)
    half = PERIOD // 2
    return (down + half) % PERIOD - half, (right + half) % PERIOD - half


def moved(image: Array, by: tuple[int, int], pieces: Pieces = MEMORY) -> Array:
    """A picture (1, C, H, W) as it is seen so many rows further down and columns to the right, and mirrored beyond."""
    result = pieces.empty(image)
    for seen, shown, mirrored in _blocks(image.shape[2:], by):
        result[seen] = array_namespace(image).flip(image[shown], axis=mirrored) if mirrored else image[shown]
    pieces.passed(image.nbytes + result.nbytes)
    return result


def moved_back(gradient: Array, by: tuple[int, int], pieces: Pieces = MEMORY) -> Array:
    """The gradient of a picture from that of what `moved` made of it."""
    result = pieces.empty(gradient)
    result[:] = 0
    for seen, shown, mirrored in _blocks(gradient.shape[2:], by):
        part = gradient[seen]
        result[shown] += array_namespace(part).flip(part, axis=mirrored) if mirrored else part
    pieces.passed(gradient.nbytes + result.nbytes)
    return result


def _blocks(size: tuple[int, int], by: tuple[int, int]) -> Iterator[tuple[Any, Any, tuple[int, ...]]]:
    """The blocks of a moved picture: where they are in it, what of the picture they show, and axes mirrored."""
    for rows, of_rows, upside_down in _runs(size[0], by[0]):
        for columns, of_columns, back_to_front in _runs(size[1], by[1]):
            mirrored = (2,) * upside_down + (3,) * back_to_front
            yield (..., rows, columns), (..., of_rows, of_columns), mirrored


def _runs(edge: int, by: int) -> list[tuple[slice, slice, bool]]:
    """Along one axis."""
    if by < 0:
        return [(slice(-by, edge), slice(0, edge + by), False), (slice(0, -by), slice(1, 1 - by), True)]
    inner = slice(0, edge - by), slice(by, edge), False
    return [inner, (slice(edge - by, edge), slice(edge - 1 - by, edge - 1), True)] if by else [inner]
