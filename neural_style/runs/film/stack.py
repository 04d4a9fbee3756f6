"""Frames and flows of one size in one file, any of which can be read and written: memory does not grow with a film."""

import contextlib
import math
import os
import struct
import zlib
from typing import NamedTuple

import numpy as np

SOURCE, PAINTED, SHOWN, FLOWS = "source.stack", ("painted-1.stack", "painted-2.stack"), "shown.stack", "flow.stack"
NAMES = (SOURCE, *PAINTED, SHOWN, FLOWS)
FLOW = struct.Struct("<iiI")  # before a flow: which frames it leads between, and its checksum


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
        with _writing(self.path) as file:
            file.seek(index * self._length)
            file.write(np.ascontiguousarray(frame, np.uint8).data)
            file.flush()
            os.fsync(file.fileno())

    def picture(self, index):
        """A frame as a picture, (H, W, 3) in 0..1."""
        return self[index].astype(np.float32) / 255


class Stacks(NamedTuple):
    """The frames of a run on disk."""

    source: Stack  # at the size of the result
    painted: tuple  # two Stacks: what a pass paints lies beside what the one before painted
    shown: Stack  # as the film shows them
    numbers: list  # of each frame in the film


def opened(folder, size, numbers):
    """The `Stacks` in the folder of a run, of frames (height, width) that have these numbers in the film."""
    painted = tuple(Stack(folder / name, size) for name in PAINTED)
    return Stacks(Stack(folder / SOURCE, size), painted, Stack(folder / SHOWN, size), numbers)


class FlowStack:
    """Flows between frames on disk: what was computed before a run was stopped, or for another pass over the film.

    Parameters
    ----------
    path : Path
        The file, which is made when the first flow is put in.
    size : (int, int)
        Height and width.
    frames : int
        Of so many frames the flows are kept, the latest ones.
    distances : sequence of int
        How far apart the frames may be that a flow leads between.
    """

    def __init__(self, path, size, frames, distances):
        self.path, self._shape, self._frames, self._distances = path, (*size, 2), frames, list(distances)
        self._length = FLOW.size + 4 * math.prod(self._shape)

    def get(self, here, there):
        """The flow from a frame to another one, (H, W, 2) float32; None where it is not kept, or damaged."""
        with contextlib.suppress(FileNotFoundError), open(self.path, "rb") as file:
            file.seek(self._place(here, there))
            head, data = file.read(FLOW.size), file.read(self._length - FLOW.size)
            # what was being written when the process died has another checksum, as has a hole in the file
            if head == FLOW.pack(here, there, zlib.crc32(data)) and len(data) == self._length - FLOW.size:
                return np.frombuffer(data, "<f4").reshape(self._shape)
        return None

    def put(self, here, there, flow):
        """Keep a flow; OSError where that cannot be."""
        data = np.ascontiguousarray(flow, "<f4").tobytes()
        with _writing(self.path) as file:
            file.seek(self._place(here, there))
            file.write(FLOW.pack(here, there, zlib.crc32(data)) + data)

    def _place(self, here, there):
        slot = max(here, there) % self._frames * len(self._distances) + self._distances.index(abs(here - there))
        return (2 * slot + (here > there)) * self._length


def levels(picture):
    """A picture in 0..1 as uint8."""
    return np.rint(picture * 255).astype(np.uint8)


def _writing(path):
    """A file opened to be written anywhere; others may be writing elsewhere in it."""
    return open(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666), "r+b")
