"""Pictures continued beyond their edges by their mirror image, and their gradients back: whole, or by rows.

How far is said by four numbers, `beyond`: pixels above, below, on the left and on the right.
"""

import numpy as np


def around(border, phase=(0, 0)):
    """A border of so many pixels, that lets a network sample the picture in another phase.

    Parameters
    ----------
    border : int
    phase : (int, int)
        Rows and columns by which the picture lies further down and to the right in its continuation, which is as large
        as ever; at most `border`.

    Returns
    -------
    (int, int, int, int)
        Pixels above, below, on the left and on the right.
    """
    down, right = phase
    return border + down, border - down, border + right, border - right


def mirrored(image, beyond, rows=None):
    """A picture continued beyond its edges by its mirror image.

    Parameters
    ----------
    image : Array, shape (1, C, H, W)
    beyond : (int, int, int, int)
    rows : (int, int), optional
        The first, and one behind the last, of those of the result that are wanted; by default all.
    """
    first, last = rows or (0, image.shape[2] + sum(beyond[:2]))
    if not any(beyond):
        return image[:, :, first:last]
    lines, columns = _sources(image.shape[2], *beyond[:2]), _sources(image.shape[3], *beyond[2:])
    return image[:, :, lines[first:last]][:, :, :, columns]


def folded(gradient, beyond):
    """The gradient of a picture from that of its mirrored continuation: what `mirrored` copied is added up."""
    if not any(beyond):
        return gradient
    above, below = beyond[:2]
    height = gradient.shape[2] - above - below
    inner = gradient[:, :, above : above + height] + 0
    inner[:, :, 1 : above + 1] += gradient[:, :, _backwards(above)]
    inner[:, :, height - 1 - below : height - 1] += gradient[:, :, above + height + _backwards(below)]
    return _folded_columns(inner, *beyond[2:])


def fold_into(total, gradient, rows, beyond):
    """Add to the gradient of a picture, `total`, that of some rows of its mirrored continuation."""
    (first, last), height, (above, below, *sides) = rows, total.shape[2], beyond
    gradient = _folded_columns(gradient, *sides)
    inside = max(first, above), min(last, above + height)
    if inside[0] < inside[1]:
        total[:, :, inside[0] - above : inside[1] - above] += gradient[:, :, inside[0] - first : inside[1] - first]
    lines = _sources(height, above, below)
    for row in (*range(first, min(last, above)), *range(max(first, above + height), last)):
        total[:, :, lines[row]] += gradient[:, :, row - first]


def _folded_columns(gradient, left, right):
    if not left and not right:
        return gradient
    width = gradient.shape[3] - left - right
    inner = gradient[:, :, :, left : left + width] + 0
    inner[:, :, :, 1 : left + 1] += gradient[:, :, :, _backwards(left)]
    inner[:, :, :, width - 1 - right : width - 1] += gradient[:, :, :, left + width + _backwards(right)]
    return inner


def _backwards(count):
    return np.arange(count)[::-1].copy()


def _sources(length, before, behind):
    """Which pixel of an edge each one of its continuation is."""
    return np.pad(np.arange(length), (before, behind), mode="reflect")
