"""Pictures too large to be denoised or encoded at once: strip by strip, with the neighbours that a strip needs.

A picture comes and goes here as strips of rows, arrays (h, W, 3) in 0..1, from top to bottom.
"""

import struct
import zlib

import numpy as np
import tifffile

from ..files import replacing
from . import denoising, images

WHOLE = 1 << 23  # pixels: pictures of up to so many are denoised and encoded at once
STRIP = 1 << 21  # pixels of a strip
STEPS = 40  # of denoising: their number is the same for each strip, so that there is no seam
REACH = STEPS + 2  # rows by which a strip that is denoised is continued: as far as its steps see
LONGEST_JPEG = 65_535  # pixels of an edge


def fits(shape):
    """Whether a picture of a shape (H, W, ...) is denoised and encoded at once."""
    return shape[0] * shape[1] <= WHOLE


def bounds(shape):
    """The first row, and the one behind the last, of each strip of a picture of a shape (H, W, ...)."""
    height, width = shape[:2]
    step = height if fits(shape) else max(REACH, STRIP // width)
    return [(first, min(height, first + step)) for first in range(0, height, step)]


def denoised(read, shape, weight):
    """The strips of a picture, denoised; see `denoising.denoised`.

    Parameters
    ----------
    read : callable
        First row, row behind the last -> that part of the picture.
    shape : tuple
        Of the picture: height, width, ...
    weight : float

    Yields
    ------
    int, int, ndarray
        First row, row behind the last, and what is between them.
    """
    for first, last in bounds(shape):
        above, below = (0, 0) if not weight else (min(first, REACH), min(shape[0] - last, REACH))
        strip = denoising.denoised(read(first - above, last + below), weight, None if fits(shape) else STEPS)
        yield first, last, strip[above : above + last - first]


def save(strips, shape, path):
    """Write a picture, tagged sRGB, whole or not at all; see `images.save`.

    Parameters
    ----------
    strips : iterable of ndarray
    shape : (int, int)
        Height and width of the picture.
    path : Path

    Raises
    ------
    OSError
        If the file cannot be written; what stood at `path` stays as it was.
    """
    strips = iter(strips)
    if fits(shape):
        images.save(next(strips), path)
        return
    suffix = path.suffix.lower()
    if suffix in (".tif", ".tiff"):
        with replacing(path) as temporary:
            _save_tiff(strips, shape, temporary)
    elif suffix == ".png":
        with replacing(path) as temporary, temporary.open("wb") as file:
            _save_png(strips, shape, file)
    else:  # Pillow's encoders want it whole: in bytes, a quarter of what it is otherwise
        whole = np.empty((*shape, 3), np.uint8)
        for (first, last), strip in zip(bounds(shape), strips):
            whole[first:last] = np.rint(strip * 255)
        images.save_levels(whole, path)


def _save_tiff(strips, shape, path):
    rows = bounds(shape)[0][1]
    levels = (np.rint(strip * 65535).astype(np.uint16) for strip in strips)
    # classic TIFF counts bytes in 32 bits
    big = shape[0] * shape[1] * 6 >= (1 << 32) - (1 << 25)
    tifffile.imwrite(
        path, levels, shape=(*shape, 3), dtype=np.uint16, photometric="rgb", rowsperstrip=rows, bigtiff=big,
        iccprofile=images.srgb_profile(), metadata=None,
    )  # fmt: skip


def _save_png(strips, shape, file):
    """PNG (ISO/IEC 15948): each row is stored as its difference from the one above."""
    height, width = shape
    file.write(b"\x89PNG\r\n\x1a\n")
    _chunk(file, b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    _chunk(file, b"iCCP", b"sRGB\0\0" + zlib.compress(images.srgb_profile()))
    packer, above = zlib.compressobj(6), np.zeros((1, width * 3), np.uint8)
    for strip in strips:
        rows = np.rint(strip * 255).astype(np.uint8).reshape(len(strip), -1)
        filtered = np.empty((len(rows), 1 + width * 3), np.uint8)
        filtered[:, 0] = 2  # the filter type "up"
        filtered[:, 1:] = rows - np.concatenate([above, rows[:-1]])
        above = rows[-1:].copy()
        _chunk(file, b"IDAT", packer.compress(filtered.tobytes()))
    _chunk(file, b"IDAT", packer.flush())
    _chunk(file, b"IEND", b"")


def _chunk(file, kind, data):
    file.write(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)))
