"""How things move between the frames of a run: computed while the frame before is painted, or read from files."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...engines import door
from ...errors import InputError, RunError
from ...film import flow as flows
from .. import output, resume
from .course import distances
from .stack import FLOWS, FlowStack

TVL1, RAFT = "tvl1", "raft"
LATEST = 4  # frames of which flows are kept where nothing comes back to earlier ones


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
    store : FlowFolder or FlowStack, optional
        Where flows are taken from, and those that are missing are kept.
    compute : callable, optional
        Frame, other one -> flow, as `flow.tvl1`, which stands for it.
    """

    def __init__(self, source, store=None, compute=None):
        self._source, self._store, self._compute = source, store, compute or flows.tvl1
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
        found = None if self._store is None else self._store.get(here, there)
        if found is None:
            found = self._compute(frame, other)
            if self._store is not None:
                self._store.put(here, there, found)
        return found


class FlowFolder:
    """A folder of `.flo` files: `backward_2_1.flo` leads from frame 2 to frame 1, `forward_1_2.flo` from 1 to 2.

    Parameters
    ----------
    path : Path
    size : (int, int)
        Height and width of the flows that are given; those in the files may have another one.
    numbers : sequence of int
        The number of each frame in the film.
    """

    def __init__(self, path, size, numbers):
        self._path, self._size, self._numbers = path, size, numbers

    def get(self, here, there):
        """The flow from a frame to another one, (H, W, 2) float32; None where there is no file of it."""
        path = self._file(here, there)
        return flows.resized(flows.read_flo(path), self._size) if path.exists() else None

    def put(self, here, there, flow):
        """Keep a flow; RunError where that cannot be."""
        try:
            flows.write_flo(self._file(here, there), flow)
        except OSError as error:
            raise RunError(
                f"--flow {self._path}: cannot be written any more ({output.reason(error)}); see to the folder, then "
                "go on with --resume."
            ) from None

    def _file(self, here, there):
        direction, numbers = "backward" if here > there else "forward", (self._numbers[here], self._numbers[there])
        return self._path / "{}_{}_{}.flo".format(direction, *numbers)


def opened(run, stacks, folder, whole, compute=None):
    """The motions of a run, as its settings say.

    Parameters
    ----------
    run : prepare.Run
    stacks : stack.Stacks
    folder : Path
        Of the run.
    whole : bool
        Whether there is a way back to the flows of all frames.
    compute : callable, optional
        As of `Flows`.
    """
    if run.settings.flow in (TVL1, RAFT):
        kept = len(stacks.numbers) if whole else LATEST
        store = FlowStack(folder / FLOWS, run.size, kept, distances(run.settings.temporal_window))
    else:
        store = FlowFolder(Path(run.settings.flow), run.size, stacks.numbers)
    return Flows(stacks.source, store, compute)


def program(run):
    """What computes the flows of a run, as of `Flows`; the folder that `--flow` names is made if it is missing.

    Raises
    ------
    InputError
        If that is no folder for flows, or what computes them is not at hand.
    """
    if run.settings.flow == RAFT:
        return door.raft(run.engine)
    if run.settings.flow != TVL1:
        _make(Path(run.settings.flow))
    return flows.tvl1


def fingerprint(run, compute):
    """As `resume.fingerprint`; which weights compute flows counts, too."""
    found = resume.fingerprint(run)
    if run.settings.flow == RAFT:
        found["flow"] = {"file": f"{RAFT} with {compute.path.name}", "sha256": compute.sha256}
    return found


def _make(path):
    if path.exists() and not path.is_dir():
        raise InputError(f"--flow {path}: not a folder; name one with .flo files, an empty one, {TVL1} or {RAFT}.")
    try:
        path.mkdir(parents=True, exist_ok=True)
        files = [file.name for file in path.iterdir()]
    except OSError as error:
        raise InputError(f"--flow {path}: cannot be used ({error.strerror}); name another folder.") from None
    if files and not any(name.startswith(("forward_", "backward_")) and name.endswith(".flo") for name in files):
        raise InputError(f"--flow {path}: it holds other files, but no flow such as backward_2_1.flo; name another.")
