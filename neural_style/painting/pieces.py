"""Arithmetic on arrays of a picture's size, piece by piece, so that no more of them are held than there have to be.

Where memory is short they lie on a disk; what is computed is the same.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Optional

import numpy as np

from ..files import Scratch
from ..pictures import images
from .arrays import Array, array_namespace, clipped, device, dot, finite, total

PIECE = 1 << 22  # values that are computed at a time


class Difference:
    """One array less another, flat: computed where it is asked for, and never held whole.

    Parameters
    ----------
    one, other : Array
    """

    def __init__(self, one: Array, other: Array) -> None:
        self._one, self._other = one.reshape(-1), other.reshape(-1)
        self.shape = self._one.shape

    def __getitem__(self, part: slice) -> Array:
        """Some of its values."""
        return self._one[part] - self._other[part]

    def reshape(self, *_: int) -> "Difference":
        """It has one shape."""
        return self


class Pieces:
    """How a run computes with its pictures.

    Parameters
    ----------
    scratch : files.Scratch, optional
        Where new arrays lie, those of the processor; by default in memory.
    """

    def __init__(self, scratch: Optional[Scratch] = None) -> None:
        self.scratch = scratch

    def array(self, shape: Sequence[int], dtype: Any = np.float32) -> Array:
        """A new array of NumPy's, to be written to."""
        if self.scratch is None or not math.prod(shape):
            return np.empty(shape, dtype)
        size = math.prod(shape) * np.dtype(dtype).itemsize
        return np.frombuffer(self.scratch.allocate(size), dtype).reshape(shape)

    def empty(self, like: Array) -> Array:
        """A new array, of the library, the shape and the device of another, to be written to."""
        xp = array_namespace(like)
        if self.scratch is None or str(device(like)) != "cpu":
            # not as the other lies in memory, which may be in any order
            return xp.empty(tuple(like.shape), dtype=like.dtype, device=device(like))
        return xp.asarray(self.array(tuple(like.shape)))

    def in_network_range(self, picture: Array, size: Sequence[int]) -> Array:
        """A picture (H, W, 3) in 0..1 as one of another size (height, width) in network range, NumPy's."""
        picture = images.resize(picture, size, empty=self.array)
        result = self.array((1, picture.shape[2], *size))
        for rows in self.rows(result.shape):
            images.to_network(picture[rows], result[:, :, rows])
        return result

    def made(self, function: Callable[..., Array], *arrays: Array) -> Array:
        """A new array of what a function gives for each value of others of one shape."""
        result = self.empty(arrays[0])
        self.change(result, lambda _, *parts: function(*parts), *arrays)
        return result

    def change(self, array: Array, function: Callable[..., Array], *others: Array) -> None:
        """Put in the place of each value of an array what a function gives for it and those of others there.

        It lies in memory in the order of its axes, as those do that are made here.
        """
        flat = array.reshape(-1)
        for part, *parts in self._parts(flat, *others):
            part[:] = function(part, *parts)

    def sum(self, function: Callable[..., Any], *arrays: Any) -> float:
        """What a function gives for the pieces of arrays, added up."""
        return sum(float(function(*parts)) for parts in self._parts(*arrays))

    def dot(self, one: Any, other: Any) -> float:
        """The inner product of two arrays, or differences."""
        return self.sum(dot, one, other)

    def squares(self, features: Array) -> float:
        """The sum of the squares of feature maps (1, C, H, W), which may lie channels last, in any precision."""
        xp = array_namespace(features)
        return sum(
            total(xp.astype(features[:, :, rows], xp.float32) ** 2) for rows in self.rows(tuple(features.shape))
        )

    def norm(self, array: Any) -> float:
        """The L2 norm over all values."""
        return math.sqrt(self.sum(_square, array))

    def rms(self, array: Any) -> float:
        """The root of the mean square of all values."""
        return self.norm(array) / math.sqrt(math.prod(array.shape))

    def finite(self, array: Array) -> bool:
        """Whether every value is a number, and none infinite."""
        return all(finite(part) for (part,) in self._parts(array))

    def clipped(self, image: Array) -> Array:
        """See `arrays.clipped`."""
        result = self.empty(image)
        for rows in self.rows(image.shape):
            result[:, :, rows] = clipped(image[:, :, rows])
        return result

    def clip(self, image: Array) -> None:
        """As `clipped`, in place."""
        for rows in self.rows(image.shape):
            image[:, :, rows] = clipped(image[:, :, rows])

    def rows(self, shape: Sequence[int]) -> Iterator[slice]:
        """Rows of a picture (1, C, H, W) that are computed at a time."""
        _, channels, height, width = shape
        step = max(1, PIECE // (channels * width))
        for first in range(0, height, step):
            yield slice(first, min(height, first + step))
            self.passed(12 * channels * width * step)

    def parts(self, array: Array) -> Iterator[Array]:
        """The pieces of an array, flat: the same memory."""
        return (part for (part,) in self._parts(array))

    def _parts(self, *arrays: Any) -> Iterator[list[Any]]:
        flat = [array.reshape(-1) for array in arrays]
        for start in range(0, flat[0].shape[0], PIECE):
            yield [array[start : start + PIECE] for array in flat]
            self.passed(4 * PIECE * sum(2 if isinstance(array, Difference) else 1 for array in flat))

    def passed(self, size: int) -> None:
        """So many bytes more of the arrays have been read or written."""
        if self.scratch is not None:
            self.scratch.passed(size)


def _square(array: Array) -> Array:
    return dot(array, array)


MEMORY = Pieces()
