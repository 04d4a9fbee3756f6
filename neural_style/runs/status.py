"""How a run stands, as run.json, its state and the exit status tell it."""

import enum


class Status(str, enum.Enum):
    """A string, so that JSON and comparisons need nothing of it."""

    RUNNING = "running"
    CONVERGED = "converged"
    FINISHED = "finished"
    DIVERGED = "diverged"
    INTERRUPTED = "interrupted"
    FAILED = "failed"

    __str__ = str.__str__
    __hash__ = str.__hash__
    __format__ = str.__format__


DONE = frozenset({Status.CONVERGED, Status.FINISHED})  # the picture is what was asked for
ENDED = DONE | {Status.DIVERGED}  # of itself: no further epoch belongs to it
