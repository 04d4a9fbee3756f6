"""How things move between the frames of a run: computed while the frame before is painted, or read from files."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...errors import InputError
from ...film import flow as flows

TVL1 = "tvl1"


class Motion(NamedTuple):
    """From a frame to another one."""

    flow: np.ndarray  # (H, W, 2)
    trust: flows.Trust
    explained: float  # share of the frame


class Flows:
    """The motion from one frame to another, each pair computed once while it is wanted.

    Parameters
    ----------
    source : Stack
    numbers : sequence of int
        The number of each frame in the film.
    folder : Path or None
        Where flows are read from as `.flo` files, and those that are missing are kept: `backward_2_1.flo` leads from
        frame 2 to frame 1, `forward_1_2.flo` from 1 to 2.
    """

    def __init__(self, source, numbers, folder=None):
        self._source, self._numbers, self._folder = source, numbers, folder
        self._workers, self._wanted = ThreadPoolExecutor(1), {}

    def want(self, pairs):
        """Begin with these pairs of frames, (from, to), and forget the others."""
        self._wanted = {pair: self._wanted.get(pair) or self._workers.submit(self._motion, *pair) for pair in pairs}

    def motion(self, here, there):
        """The `Motion` from a frame to another one; waits for it."""
        if (here, there) not in self._wanted:
            return self._motion(here, there)
        return self._wanted[here, there].result()

    def close(self):
        """Begin no more."""
        self._workers.shutdown(wait=True, cancel_futures=True)

    def _motion(self, here, there):
        frame, other = self._source.picture(here), self._source.picture(there)
        flow, back = self._flow(here, there, frame, other), self._flow(there, here, other, frame)
        trust = flows.trust(flow, back)
        return Motion(flow, trust, flows.explained(frame, other, flow, trust.trusted))

    def _flow(self, here, there, frame, other):
        if self._folder is None:
            return flows.tvl1(frame, other)
        path = self._folder / file_name(self._numbers[here], self._numbers[there])
        if path.exists():
            return flows.resized(flows.read_flo(path), frame.shape[:2])
        found = flows.tvl1(frame, other)
        flows.write_flo(path, found)
        return found


def file_name(here, there):
    """The name of the file of a flow from a frame to another one, by their numbers in the film."""
    return f"{'backward' if here > there else 'forward'}_{here}_{there}.flo"


def folder(settings):
    """The folder that `--flow` names, made if it is missing; None where flows are computed anew."""
    if settings.flow == TVL1:
        return None
    path = Path(settings.flow)
    if path.exists() and not path.is_dir():
        raise InputError(f"--flow {path}: not a folder; name one with .flo files, an empty one, or {TVL1}.")
    try:
        path.mkdir(parents=True, exist_ok=True)
        files = [file.name for file in path.iterdir()]
    except OSError as error:
        raise InputError(f"--flow {path}: cannot be used ({error.strerror}); name another folder.") from None
    if files and not any(name.startswith(("forward_", "backward_")) and name.endswith(".flo") for name in files):
        raise InputError(f"--flow {path}: it holds other files, but no flow such as backward_2_1.flo; name another.")
    return path
