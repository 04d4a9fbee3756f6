"""What L-BFGS remembers of its pairs: arrays as they are, or with half the bytes in memory or on disk.

Arrays of half precision are float16 over the array's largest value, and are read piece by piece: products are summed in
float64, and no copy of a picture's size is made.
"""

from collections.abc import Iterator
from typing import Any, Optional, Protocol

import numpy as np

from ..files import Scratch
from .arrays import Array, array_namespace, device, dot, double

PIECE = 1 << 20  # values


class Remembered(Protocol):
    """An array that is kept, flat; what it is given is flat, too, or another one that is kept."""

    def __getitem__(self, part: slice) -> Array:
        """Some of its values, float32."""

    def dot(self, other: Any) -> float:
        """The inner product with another."""

    def add_to(self, other: Array, factor: float) -> None:
        """Add the array times a factor to another one, in place."""

    def state(self, name: str, shape: tuple[int, ...]) -> dict[str, Array]:
        """The array under a name, and by `NAME_scale` what its values are to be multiplied by, where that is not 1."""


class Whole:
    """An array as it is."""

    def __init__(self, array: Any, scale: float = 1.0) -> None:
        flat = array.reshape(-1)[:]
        self._array = flat if scale == 1 else array_namespace(flat).astype(flat, array_namespace(flat).float32) * scale

    def __getitem__(self, part: slice) -> Array:
        """See `Remembered`."""
        return self._array[part]

    def dot(self, other: Any) -> float:
        """See `Remembered`."""
        return float(dot(self._array, other[:]))

    def add_to(self, other: Array, factor: float) -> None:
        """See `Remembered`."""
        other += factor * self._array

    def state(self, name: str, shape: tuple[int, ...]) -> dict[str, Array]:
        """See `Remembered`."""
        return {name: self._array.reshape(shape)}


class Half:
    """An array with two bytes for each value.

    Parameters
    ----------
    array : Array or pieces.Difference
    scale : float
        What it is to be multiplied by.
    scratch : files.Scratch, optional
        Where its values lie; by default where the array does.
    """

    def __init__(self, array: Any, scale: float = 1.0, scratch: Optional[Scratch] = None) -> None:
        flat, self._scratch = array.reshape(-1), scratch
        xp, self._device = array_namespace(flat[:0]), device(flat[:0])
        self._xp = xp
        if scratch is None:
            self._values = xp.empty(flat.shape, dtype=xp.float16, device=self._device)
        else:
            self._values = xp.asarray(np.frombuffer(scratch.allocate(2 * flat.shape[0]), np.float16))
        largest = max(float(xp.max(xp.abs(flat[part]))) for part in self._parts()) or 1.0
        self._scale = scale * largest
        for part in self._parts():
            self._values[part] = flat[part] / largest

    def _parts(self) -> Iterator[slice]:
        for start in range(0, self._values.shape[0], PIECE):
            yield slice(start, start + PIECE)
            if self._scratch is not None:  # itself, and what it is computed with: two arrays of float32 at most
                self._scratch.passed((2 + 2 * 4) * PIECE)

    def __getitem__(self, part: slice) -> Array:
        """See `Remembered`."""
        values = self._xp.asarray(self._values[part], device=self._device)
        return self._xp.astype(values, self._xp.float32) * self._scale

    def dot(self, other: Any) -> float:
        """See `Remembered`."""
        return sum(float(dot(double(self[part]), double(other[part]))) for part in self._parts())

    def add_to(self, other: Array, factor: float) -> None:
        """See `Remembered`."""
        for part in self._parts():
            other[part] += factor * self[part]

    def state(self, name: str, shape: tuple[int, ...]) -> dict[str, Array]:
        """See `Remembered`."""
        return {name: self._values.reshape(shape), f"{name}_scale": np.array(self._scale)}
