"""Pictures continued beyond their edges by their mirror image, and their gradients back: whole, or by rows."""

import numpy as np


def mirrored(image, border, rows=None):
    """A picture continued beyond its edges by its mirror image.

    Parameters
    ----------
    image : Array, shape (1, C, H, W)
    border : int
        Pixels.
    rows : (int, int), optional
        The first, and one behind the last, of those of the result that are wanted; by default all.
    """
    first, last = rows or (0, image.shape[2] + 2 * border)
    if not border:
        return image[:, :, first:last]
    lines, columns = (_sources(length, border) for length in image.shape[2:])
    return image[:, :, lines[first:last]][:, :, :, columns]


def folded(gradient, border):
    """The gradient of a picture from that of its mirrored continuation: what `mirrored` copied is added up."""
    if not border:
        return gradient
    backwards = np.arange(border)[::-1].copy()
    height, width = (length - 2 * border for length in gradient.shape[2:])
    inner = gradient[:, :, border : border + height] + 0
    inner[:, :, 1 : border + 1] += gradient[:, :, backwards]
    inner[:, :, height - 1 - border : height - 1] += gradient[:, :, border + height + backwards]
    return _folded_columns(inner, border)


def fold_into(total, gradient, rows, border):
    """Add to the gradient of a picture, `total`, that of some rows of its mirrored continuation."""
    (first, last), height = rows, total.shape[2]
    gradient = _folded_columns(gradient, border)
    inside = max(first, border), min(last, border + height)
    if inside[0] < inside[1]:
        total[:, :, inside[0] - border : inside[1] - border] += gradient[:, :, inside[0] - first : inside[1] - first]
    lines = _sources(height, border)
    for row in (*range(first, min(last, border)), *range(max(first, border + height), last)):
        total[:, :, lines[row]] += gradient[:, :, row - first]


def _folded_columns(gradient, border):
    if not border:
        return gradient
    backwards, width = np.arange(border)[::-1].copy(), gradient.shape[3] - 2 * border
    inner = gradient[:, :, :, border : border + width] + 0
    inner[:, :, :, 1 : border + 1] += gradient[:, :, :, backwards]
    inner[:, :, :, width - 1 - border : width - 1] += gradient[:, :, :, border + width + backwards]
    return inner


def _sources(length, border):
    """Which pixel of an edge each one of its continuation is."""
    return np.pad(np.arange(length), border, mode="reflect")
