"""Pictures as arrays: resized, to and from the network's range, saved in one rename.

In this suite a picture is a float32 array of shape (H, W, 3), sRGB in 0..1; inside a run it is a float32 array of
shape (1, 3, H, W) in network range, RGB times 256 minus the mean pixel of ImageNet.
"""

import functools
import io
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image, ImageCms

from ..files import write_bytes
from ..ranges import LEVELS, MEAN_PIXEL

_MEAN = np.array(MEAN_PIXEL, np.float32).reshape(1, 3, 1, 1)
LOWEST, HIGHEST = -_MEAN, LEVELS - _MEAN  # of the network range
SMALLEST_EDGE = 32  # pixels
BICUBIC = Image.Resampling.BICUBIC
PORTION = 1 << 22  # pixels that are resized at a time


def fitted_size(shape, long_edge, enlarge=False):
    """Height and width of a picture of `shape` brought to a long edge of `long_edge` pixels (0: as it is).

    A smaller picture keeps its size unless `enlarge`.

    >>> fitted_size((1000, 1500, 3), 600)
    (400, 600)
    >>> fitted_size((200, 300, 3), 600), fitted_size((200, 300, 3), 600, enlarge=True)
    ((200, 300), (400, 600))
    """
    height, width = shape[:2]
    longest = max(height, width)
    scale = long_edge / longest if long_edge and (enlarge or long_edge < longest) else 1
    return max(1, round(height * scale)), max(1, round(width * scale))


def resize(picture, size, resample=Image.Resampling.LANCZOS, empty=np.empty):
    """A picture (H, W, 3) at another size (height, width), anti-aliased; Lanczos' overshoots are cut to 0..1.

    `empty` gives the array that it is put into, from shape and type.
    """
    if picture.shape[:2] == tuple(size):
        return picture
    result = empty((*size, picture.shape[2]), np.float32)
    for channel in range(picture.shape[2]):
        for columns, part in resampled(picture[:, :, channel], size, resample):
            np.clip(part, 0, 1, out=result[:, columns, channel])
    return result


def resize_planes(planes, size, resample=BICUBIC):
    """An array (1, C, H, W) of any range at another size (height, width)."""
    if planes.shape[2:] == tuple(size):
        return planes
    result = np.empty((1, planes.shape[1], *size), np.float32)
    for channel in range(planes.shape[1]):
        for columns, part in resampled(planes[0, channel], size, resample):
            result[0, channel, :, columns] = part
    return result


def resampled(plane, size, resample):
    """A plane (H, W) at another size (height, width), as Pillow makes it: a large one columns by columns.

    Yields
    ------
    slice, ndarray
        Some columns, and what stands there.
    """
    (height, width), plane = size, np.asarray(plane, np.float32)
    if max(plane.size, height * width) <= PORTION:
        yield slice(0, width), _resized(plane, size, resample)
        return
    across = plane if plane.shape[1] == width else np.empty((plane.shape[0], width), np.float32)
    for rows in _portions(plane.shape[0], max(plane.shape[1], width)) if across is not plane else ():
        across[rows] = _resized(plane[rows], (rows.stop - rows.start, width), resample)
    for columns in _portions(width, max(plane.shape[0], height)):
        yield columns, _resized(across[:, columns], (height, columns.stop - columns.start), resample)


def _portions(length, other):
    """Slices of an edge, so many that none has more than `PORTION` values."""
    step = max(1, PORTION // other)
    return [slice(first, min(length, first + step)) for first in range(0, length, step)]


def _resized(plane, size, resample):
    # Pillow's order, too, is first across, then down
    return np.asarray(Image.fromarray(np.ascontiguousarray(plane)).resize(size[::-1], resample))


def to_network(picture, result=None):
    """From (H, W, 3) in 0..1 to (1, 3, H, W) in network range, float32; into an array of that shape, if given."""
    if result is None:
        result = np.empty((1, picture.shape[2], *picture.shape[:2]), np.float32)
    np.multiply(picture.transpose(2, 0, 1), LEVELS, out=result[0])
    result -= _MEAN
    return result


def from_network(image):
    """From (1, 3, H, W) in network range to (H, W, 3) in 0..1, cut to that range."""
    return np.clip((image[0] + _MEAN[0]) / LEVELS, 0, 1).transpose(1, 2, 0)


def clip(image):
    """A picture in network range with every pixel brought into the range that a file can hold."""
    return np.clip(image, LOWEST, HIGHEST)


def save(picture, path):
    """Write a picture (H, W, 3) in 0..1, tagged sRGB, whole or not at all; the suffix of `path` names the format.

    JPEG has quality 95 and full colour resolution, TIFF 16 bits.

    Raises
    ------
    OSError
        If the file cannot be written; what stood at `path` stays as it was.
    """
    if Path(path).suffix.lower() in (".tif", ".tiff"):
        save_levels(np.rint(picture * 65535).astype(np.uint16), path)
    else:
        save_levels(np.rint(picture * 255).astype(np.uint8), path)


def save_levels(levels, path):
    """As `save`, of a picture in whole numbers: of 16 bits for TIFF, else of 8."""
    # into memory: Pillow's encoders do not notice that a full disk took only half of what they wrote
    file, kind = io.BytesIO(), Image.registered_extensions()[Path(path).suffix.lower()]
    if kind == "TIFF":
        tifffile.imwrite(file, levels, photometric="rgb", iccprofile=srgb_profile(), metadata=None)
    else:
        options = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {}
        Image.fromarray(levels).save(file, kind, icc_profile=srgb_profile(), **options)
    write_bytes(path, file.getbuffer())


@functools.cache
def srgb_profile():
    """The colour profile of what is written."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    # bytes 24 to 35 of a profile are its date of creation (ICC.1:2010, 7.2.8): the same picture must give the same file
    profile[24:36] = bytes(12)
    return bytes(profile)
