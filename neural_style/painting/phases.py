"""Where a network samples a picture: its strides take every second, fourth, eighth pixel, in one of many phases.

A gradient comes down unevenly over positions modulo the strides. Where a photograph is flat nothing else tells
positions apart, and what a painting's texture grows from there is a grid in the network's phase. In another phase that
grid is no better than any other pattern: a phase that changes while a picture is painted wears it down. (Zhang 2019,
arXiv 1904.11486, on why strides are not shift-invariant; he blurs before each, which takes other weights.)
"""

PERIOD = 8  # pixels: the product of the strides below most layers that paint
# in a period: the first two phases are furthest apart, four are one of each pair of parities, sixteen of each modulo 4
STEPS = (5, 2, 4)
# epochs at a size until the phase changes first, when `descent` aims anyway, and between two later changes, in runs so
# long that a grid would grow again
FIRST, EVERY = 8, 24


def changes_after(epochs: int) -> bool:
    """Whether the phase changes after so many epochs at a size: 8, 72, 96, 120, ..."""
    return epochs == FIRST or (epochs > 2 * EVERY and epochs % EVERY == 0)


def of_epoch(level: int, epochs: int) -> tuple[int, int]:
    """The phase after so many epochs of a level, counted from 0; each level begins in another one."""
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
