"""What this wing asks of arrays: those of any library that follows the Python array API, through array-api-compat.

NumPy's are computed as NumPy does it; tensors stay on their device.
"""

from typing import Any

import array_api_compat.numpy  # noqa: F401, else loaded by the first array, in the middle of a run
import numpy as np
from array_api_compat import array_namespace, device, to_device
from PIL import Image

from ..pictures import images

Array = Any

__all__ = [
    "Array", "array_namespace", "clipped", "device", "dot", "double", "finite", "norm", "resized", "rms", "to_numpy",
    "total",
]  # fmt: skip


def to_numpy(array: Array) -> Array:
    """An array as one of NumPy's; those stay as they are."""
    return np.asarray(to_device(array, "cpu"))


def double(array: Array) -> Array:
    """An array in double precision; on the processor where its device knows none, as Apple's GPUs."""
    xp = array_namespace(array)
    try:
        return xp.astype(array, xp.float64)
    except TypeError:
        return xp.astype(to_device(array, "cpu"), xp.float64)


def total(array: Array) -> float:
    """The sum of all values, added up in double precision where the device knows it."""
    xp = array_namespace(array)
    try:
        return float(xp.sum(array, dtype=xp.float64))
    except TypeError:
        return float(xp.sum(array))


def dot(one: Array, other: Array) -> Array:
    """The inner product of two arrays of the same shape, as an array of no dimension."""
    # the method, which every library has beside the standard's function: L-BFGS takes this product some 40 times a step
    return one.reshape(-1) @ other.reshape(-1)


def norm(array: Array) -> Array:
    """The L2 norm over all values, as an array of no dimension."""
    return array_namespace(array).sqrt(dot(array, array))


def rms(array: Array) -> float:
    """The root of the mean square of all values."""
    xp = array_namespace(array)
    return float(xp.sqrt(xp.mean(array**2)))


def finite(array: Array) -> bool:
    """Whether every value is a number, and none infinite."""
    xp = array_namespace(array)
    return bool(xp.all(xp.isfinite(array)))


def clipped(image: Array) -> Array:
    """A picture in network range, (1, 3, H, W), with every pixel brought into the range that a file can hold."""
    xp = array_namespace(image)
    lowest, highest = (xp.asarray(bound, device=device(image)) for bound in (images.LOWEST, images.HIGHEST))
    return xp.clip(image, lowest, highest)


def resized(planes: Array, size: tuple[int, int], resample: Image.Resampling = Image.Resampling.BICUBIC) -> Array:
    """An array (1, C, H, W) at another size (height, width): by way of NumPy, once per level."""
    result = images.resize_planes(to_numpy(planes), size, resample)
    return array_namespace(planes).asarray(result, device=device(planes))
