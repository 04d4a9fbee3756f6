"""Optical flow between frames, where it can be trusted, and pictures moved along it.

A flow is an array (H, W, 2), float32: for each pixel of a frame how far to the right and down, in pixels, the same
point lies in another frame. After Ruder, Dosovitskiy & Brox, "Artistic Style Transfer for Videos", arXiv 1604.08610.
"""

import struct
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy.ndimage import map_coordinates
from skimage.color import rgb2gray
from skimage.registration import optical_flow_tvl1

from ..errors import InputError
from ..files import write_bytes
from ..pictures import images

MAGIC = 202021.25  # of Middlebury's .flo
SAME = 0.1  # root mean square of the channels' differences: pixels that differ by more are not the same thing


class Trust(NamedTuple):
    """Where a flow from a frame to another one can be trusted, each (H, W) bool."""

    trusted: np.ndarray  # what is there is to be seen in both frames, and not beside the edge of a motion
    hidden: np.ndarray  # what is there is not to be seen in the other one


def tvl1(frame, other):
    """The flow from a frame to another one (TV-L1, Zach, Pock & Bischof 2007, as scikit-image computes it).

    Parameters
    ----------
    frame, other : ndarray, (H, W, 3) in 0..1

    Returns
    -------
    ndarray, (H, W, 2) float32
    """
    down, right = optical_flow_tvl1(rgb2gray(frame).astype(np.float32), rgb2gray(other).astype(np.float32))
    return np.stack([right, down], axis=2).astype(np.float32)


def warped(picture, flow, order=1):
    """A picture of the other frame, seen from the frame: its value where the flow leads to.

    Parameters
    ----------
    picture : ndarray, (H, W, C) or (1, C, H, W)
    flow : ndarray, (H, W, 2)
    order : int
        Of the interpolation: 1 linear, 3 cubic. Beyond the edges the outermost pixels go on.

    Returns
    -------
    ndarray, of the picture's shape
    """
    if picture.ndim == 4:
        return warped(picture[0].transpose(1, 2, 0), flow, order).transpose(2, 0, 1)[None]
    places = _places(flow)
    planes = [map_coordinates(plane, places, order=order, mode="nearest") for plane in np.moveaxis(picture, 2, 0)]
    return np.stack(planes, axis=2).astype(picture.dtype)


def trust(flow, back):
    """Where a flow can be trusted, and where it leads to something else.

    Hidden is where `|b + f|^2 > 0.01 (|b|^2 + |f|^2) + 0.5`, b brought to the frame by f (equation 5), and where f
    leads out of the picture. Trusted is what is not hidden, nor the edge of a motion: `|grad f|^2 > 0.01 |f|^2 + 0.002`
    (equation 6).

    Parameters
    ----------
    flow : ndarray, (H, W, 2)
        f, from the frame to the other one.
    back : ndarray, (H, W, 2)
        b, from the other one to the frame.

    Returns
    -------
    Trust
    """
    height, width = flow.shape[:2]
    there = warped(back, flow)
    down, right = _places(flow)
    outside = (down < 0) | (down > height - 1) | (right < 0) | (right > width - 1)
    hidden = outside | (_square(there + flow) > 0.01 * (_square(there) + _square(flow)) + 0.5)
    gradient = sum(_square(np.gradient(flow, axis=axis)) for axis in (0, 1))
    return Trust(~hidden & (gradient <= 0.01 * _square(flow) + 0.002), hidden)


def explained(frame, other, flow, trusted):
    """The share of a frame that the flow from another one explains: trusted, and of the same colour.

    Parameters
    ----------
    frame, other : ndarray, (H, W, 3) in 0..1
    flow : ndarray, (H, W, 2)
        From the frame to the other one.
    trusted : ndarray, (H, W) bool

    Returns
    -------
    float
    """
    same = np.mean((frame - warped(other, flow)) ** 2, axis=2) < SAME**2
    return float(np.mean(trusted & same))


def resized(flow, size):
    """A flow at another size of picture (height, width)."""
    if flow.shape[:2] == tuple(size):
        return flow
    (height, width), (h, w) = size, flow.shape[:2]
    planes = images.resize_planes(np.ascontiguousarray(flow.transpose(2, 0, 1)[None]), size, Image.Resampling.BILINEAR)
    return planes[0].transpose(1, 2, 0) * np.float32([width / w, height / h])


def read_flo(path):
    """A flow from a file of Middlebury's format.

    Raises
    ------
    InputError
        If it cannot be read, or is not such a file.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}).") from None
    magic, width, height = struct.unpack("<fii", data[:12]) if len(data) >= 12 else (0, 0, 0)
    if magic != MAGIC or min(width, height) < 1 or len(data) != 12 + 8 * width * height:
        raise InputError(f"{path}: not a flow in Middlebury's format (.flo), or cut off; write it again.")
    flow = np.frombuffer(data, "<f4", offset=12).reshape(height, width, 2)
    if not np.isfinite(flow).all():
        raise InputError(f"{path}: it holds values that are not numbers; write it again.")
    return flow.astype(np.float32)


def write_flo(path, flow):
    """Write a flow in Middlebury's format, whole or not at all; OSError where it cannot be."""
    height, width = flow.shape[:2]
    write_bytes(path, struct.pack("<fii", MAGIC, width, height) + np.asarray(flow, "<f4").tobytes())


def _places(flow):
    """Rows and columns that a flow leads to, (2, H, W)."""
    down, right = np.mgrid[: flow.shape[0], : flow.shape[1]].astype(np.float32)
    return np.stack([down + flow[..., 1], right + flow[..., 0]])


def _square(vectors):
    return np.sum(vectors**2, axis=2)
