"""Masks: pictures whose flat colours name regions, each of which takes its style from the region of the same colour."""

from typing import NamedTuple, Optional

import numpy as np
from PIL import Image
from scipy.ndimage import maximum_filter, minimum_filter

from ..errors import InputError
from . import images, reading

SMALLEST_SHARE = 0.005  # of a mask's pixels; rarer colours are specks
NEAREST = 32 / 255  # two colours whose channels differ by less are the same


class Regions(NamedTuple):
    """Where a run paints what."""

    result: list  # of masks (H, W) in 0..1 of the result; [None]: the whole picture
    styles: list  # for each painting its masks, in the same order, each of the size of its file
    painted: Optional[np.ndarray]  # (H, W) in 0..1: where the picture may change; None: everywhere


def read(content_mask, style_masks, paintings, size, max_pixels=reading.MAX_PIXELS):
    """The regions that mask files give.

    Parameters
    ----------
    content_mask : str or Path or None
        Alone: its white is where the picture may change.
    style_masks : list or None
        One for each painting: the region of a colour takes its style from that of the same colour.
    paintings : int
    size : (int, int)
        Height and width of the result.
    max_pixels : int

    Returns
    -------
    Regions

    Raises
    ------
    InputError
        If a file cannot be read, or the masks do not belong together; it names the option.
    """
    everywhere = [[None]] * paintings
    if content_mask is None:
        return Regions([None], everywhere, None)
    content = _read("--content-mask", content_mask, max_pixels)
    if style_masks is None:
        painted = resized(content.mean(axis=2), size)
        _check_white("--content-mask", content_mask, painted)
        return Regions([painted], everywhere, painted)
    content = regions(content)
    pairs = [pair(content, regions(_read("--style-mask", path, max_pixels))) for path in style_masks]
    return Regions([resized(region, size) for region in content.values()], [style for _, style in pairs], None)


def of_painters(paths, size, max_pixels=reading.MAX_PIXELS):
    """For each painter's mask file where it paints: (H, W) in 0..1 at a size (height, width).

    Raises
    ------
    InputError
        If a file cannot be read, or nothing in it is white.
    """
    found = []
    for path in paths:
        found.append(resized(_read("--painter-mask", path, max_pixels).mean(axis=2), size))
        _check_white("--painter-mask", path, found[-1])
    return found


def _check_white(option, path, mask):
    if mask.max() < 0.5:
        raise InputError(f"{option} {path}: nothing in it is white, so nothing would be painted; invert it.")


def _read(option, path, max_pixels):
    try:
        return reading.read(path, max_pixels)
    except InputError as error:
        raise InputError(f"{option}: {error}") from None


def resized(mask, size):
    """A mask (H, W) at another size (height, width): the mean of what falls on a pixel."""
    return images.resize_planes(mask[None, None], size, Image.Resampling.BOX)[0, 0]


def regions(mask):
    """The regions of a mask.

    Parameters
    ----------
    mask : ndarray, (H, W, 3) in 0..1
        Flat colours; or levels of grey, which blend a white region into a black one.

    Returns
    -------
    dict of str to ndarray
        Colour (#rrggbb) -> (H, W) float32 in 0..1; at each pixel they add up to 1.
    """
    if np.ptp(mask, axis=2).max() < NEAREST:
        white = mask.mean(axis=2).astype(np.float32)
        both = {"#ffffff": white, "#000000": 1 - white}
        return {color: region for color, region in both.items() if region.mean() > SMALLEST_SHARE}
    levels = np.rint(mask * 255).astype(np.uint8)
    # where a pixel differs from its neighbours is the blurred border between two regions
    flat = np.max(maximum_filter(mask, (3, 3, 1)) - minimum_filter(mask, (3, 3, 1)), axis=2) < NEAREST
    colors, counts = np.unique(levels[flat], axis=0, return_counts=True)
    chosen = []
    for color in colors[np.argsort(-counts, kind="stable")][: np.sum(counts > SMALLEST_SHARE * flat.size)]:
        if all(_distance(color / 255, other / 255) >= NEAREST for other in chosen):
            chosen.append(color)
    if not chosen:
        raise InputError("it has no flat colours; paint each region in one plain colour.")
    distances = [np.abs(mask - color / 255).max(axis=2) for color in chosen]
    nearest = np.argmin(distances, axis=0)
    return {_name(color): (nearest == index).astype(np.float32) for index, color in enumerate(chosen)}


def pair(content, style):
    """Bring a content mask's and a style mask's regions into one order.

    Parameters
    ----------
    content, style : dict of str to ndarray
        As `regions` gives them.

    Returns
    -------
    list of ndarray, list of ndarray

    Raises
    ------
    InputError
        If a colour stands on one side only; it names the colour.
    """
    ordered = []
    for color in content:
        match = min(style, key=lambda other: _distance(_values(color), _values(other)))
        if _distance(_values(color), _values(match)) >= NEAREST:
            raise InputError(f"--style-mask: no region has the colour {color} of the content mask; add one.")
        ordered.append(match)
    for color in style:
        if color not in ordered:
            raise InputError(f"--content-mask: no region has the colour {color} of the style mask; add one.")
    return list(content.values()), [style[color] for color in ordered]


def _distance(color, other):
    return float(np.abs(np.asarray(color) - np.asarray(other)).max())


def _name(color):
    return "#" + "".join(f"{level:02x}" for level in color)


def _values(name):
    return np.array([int(name[at : at + 2], 16) for at in (1, 3, 5)]) / 255
