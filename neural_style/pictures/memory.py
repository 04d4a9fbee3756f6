"""Pictures that are in memory already, where an option names a file."""

import hashlib
import os

import numpy as np
from PIL import Image

from ..errors import InputError, one_line

SLACK = 1e-3  # beyond 0..1, from arithmetic


class InMemory(os.PathLike):
    """An array or a Pillow image in the place of a file's name.

    Parameters
    ----------
    picture : array-like or PIL.Image.Image
        (H, W, 3) red, green, blue; (H, W, 4) with opacity; or (H, W) grey. Bytes, booleans, 16-bit whole numbers, or
        floating point in 0..1. A Pillow image of any mode.

    Raises
    ------
    InputError
        If it is no such array; the message says what of it is wrong.
    """

    def __init__(self, picture):
        if isinstance(picture, Image.Image):
            self.image, self.levels = picture, None
            content = picture.mode.encode() + _loaded(picture).tobytes()
        else:
            self.image, self.levels = None, _levels(np.asarray(picture))
            content = self.levels.tobytes()
        self._name = f"picture-{hashlib.sha256(content).hexdigest()[:16]}"  # the same picture has the same name

    def __fspath__(self):
        return self._name

    def __str__(self):
        return self._name


def held(value):
    """What an option of a file is given, with arrays and Pillow images as `InMemory`; names and None stay."""
    if isinstance(value, (list, tuple)):
        return [held(item) for item in value]
    return value if value is None or isinstance(value, (str, bytes, os.PathLike)) else InMemory(value)


def _loaded(image):
    try:
        return np.asarray(image)
    except Exception as error:  # whatever a broken file leads its decoder to
        raise InputError(f"a picture that cannot be read ({one_line(error)}); give an intact one.") from None


def _levels(array):
    """An array as float32, (H, W, 3 or 4) in 0..1."""
    if array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 1):
        array = np.repeat(array.reshape(*array.shape[:2], 1), 3, axis=2)
    if array.ndim != 3 or array.shape[2] not in (3, 4):
        raise InputError(f"a picture of shape {array.shape}; give an array (height, width, 3).")
    if array.dtype in (np.uint8, np.uint16):
        return array.astype(np.float32) / np.iinfo(array.dtype).max
    if array.dtype.kind not in "bf":
        raise InputError(f"a picture of type {array.dtype}; give uint8, uint16, or floating point in 0..1.")
    levels = array.astype(np.float32)
    lowest, highest = (float(levels.min()), float(levels.max())) if levels.size else (0.0, 0.0)
    if not (lowest >= -SLACK and highest <= 1 + SLACK):
        raise InputError(f"a picture whose values reach from {lowest:g} to {highest:g}; give 0..1, or uint8.")
    return np.clip(levels, 0, 1)
