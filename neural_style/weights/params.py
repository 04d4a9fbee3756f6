"""MXNet's `.params`: a list of named arrays, of today's format or one of the two before. No engine is needed for it."""

import math
import struct

import numpy as np

from .mapped import mapped
from .naming import ours as made_for

__all__ = ["made_for", "matches", "read", "write"]

LIST, DENSE = 0x112, 0xF993FAC9  # marks of the file and of each array
OLDER, NUMPY = 0xF993FAC8, 0xF993FACA  # marks of arrays of 2017, and of those with NumPy's shapes
TYPES = {0: "<f4", 1: "<f8", 2: "<f2", 3: "u1", 4: "<i4", 5: "i1", 6: "<i8"}  # by MXNet's numbers
FLOAT32 = 0


def matches(head, size):
    """Whether a file begins as MXNet's lists do."""
    return head.startswith(struct.pack("<Q", LIST))


def read(path):
    """The arrays by name, without 'arg:' in front of it.

    MXNet's own loader believes every size that a damaged file states, and can fill the memory with it.

    Raises
    ------
    ValueError and others
        If the file is damaged; the memory taken is bounded by the file's length.
    """
    data, at = mapped(path), 16

    def take(kind, count=1):
        nonlocal at
        values = np.frombuffer(data, kind, count, at)
        at += values.nbytes
        return values

    arrays = []
    for _ in range(take("<u8").item()):
        # today's formats begin with a mark and the kind of storage, the next with a mark, the oldest with ndim
        ndim, dimension = take("<u4").item(), "<u4"
        if ndim in (DENSE, NUMPY) and take("<i4").item() != 0:
            raise ValueError("a sparse array")
        if ndim in (OLDER, DENSE, NUMPY):
            ndim, dimension = take("<u4").item(), "<i8"
        shape = take(dimension, ndim).tolist()
        kind = take("<i4", 3)[2]  # after the device and its number
        if not shape or min(shape) < 0 or kind not in TYPES:
            raise ValueError("an array without a proper shape and type")
        arrays.append(take(TYPES[kind], math.prod(shape)).reshape(shape))
    names = [take("u1", take("<u8").item()).tobytes().decode() for _ in range(take("<u8").item())]
    if len(names) != len(arrays) or at != len(data):
        raise ValueError("names and arrays do not match")
    return {name.split(":", 1)[-1]: array for name, array in zip(names, arrays)}


def write(path, arrays):
    """Write float32 arrays by name, as `mx.nd.save` does: the same bytes for the same arrays.

    Parameters
    ----------
    path : Path
    arrays : dict of str to ndarray

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    with path.open("wb") as file:
        file.write(struct.pack("<QQQ", LIST, 0, len(arrays)))
        for array in arrays.values():
            array = np.ascontiguousarray(array, "<f4")
            file.write(struct.pack("<IiI", DENSE, 0, array.ndim))
            file.write(struct.pack(f"<{array.ndim}q", *array.shape))
            file.write(struct.pack("<iii", 1, 0, FLOAT32))  # on the CPU, number 0
            file.write(array.data)
        names = [name.encode() for name in arrays]
        file.write(struct.pack("<Q", len(names)))
        for name in names:
            file.write(struct.pack("<Q", len(name)) + name)
