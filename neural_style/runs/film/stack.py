"""Frames of one size in one file, any of which can be read and written: memory does not grow with a film's length."""

import math
import os

import numpy as np


class Stack:
    """A sequence of frames on disk.

    Parameters
    ----------
    path : Path
        The file, which is made when the first frame is put in.
    size : (int, int)
        Height and width.
    """

    def __init__(self, path, size):
        self.path, self._shape = path, (*size, 3)
        self._length = math.prod(self._shape)

    def __getitem__(self, index):
        """A frame, (H, W, 3) uint8; OSError where it was never put in."""
        with open(self.path, "rb") as file:
            file.seek(index * self._length)
            data = file.read(self._length)
        if len(data) < self._length:
            raise OSError(None, f"{self.path.name} ends before frame {index + 1}")
        return np.frombuffer(data, np.uint8).reshape(self._shape)

    def __setitem__(self, index, frame):
        """Put a frame in, (H, W, 3) uint8; it is on disk when this returns."""
        with open(self.path, "r+b" if self.path.exists() else "w+b") as file:
            file.seek(index * self._length)
            file.write(np.ascontiguousarray(frame, np.uint8).data)
            file.flush()
            os.fsync(file.fileno())

    def picture(self, index):
        """A frame as a picture, (H, W, 3) in 0..1."""
        return self[index].astype(np.float32) / 255


def levels(picture):
    """A picture in 0..1 as uint8."""
    return np.rint(picture * 255).astype(np.uint8)
