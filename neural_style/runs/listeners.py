"""What follows a run: each listener is told of every epoch, in order. The loop knows none, and they not each other."""

import contextlib
from typing import NamedTuple, Optional

from ..errors import RunError
from . import output
from .output import Claim
from .prepare import Run
from .record import Record
from .state import Saved


class Context(NamedTuple):
    """A run from where it begins or is taken up until it stops: what listeners are made with, and share."""

    run: Run
    claim: Optional[Claim]  # on the folder; None: a run that writes no file
    record: Record  # what is known so far
    saved: Optional[Saved] = None  # what it was taken up from

    @property
    def folder(self):
        """Path of the run's files; None where it writes none."""
        return self.claim and self.claim.folder

    @contextlib.contextmanager
    def writing(self):
        """Turn an error of the file system into a `RunError`, also that the folder is no longer this run's."""
        try:
            self.claim.check()
            yield
        except OSError as error:
            epoch = self.record.saved_epoch
            saved = "no state was saved yet" if epoch is None else f"the last state is of epoch {epoch}"
            raise RunError(
                f"{self.folder} cannot be written any more ({output.reason(error)}); {saved}: "
                "see to the folder, then go on with --resume."
            ) from None


class Listener:
    """The protocol. A listener has those of the methods that it needs; its constructor touches no file."""

    def __init__(self, context):
        self.context = context

    def writes(self, name):
        """Whether it may write a file of this name in the folder of the run."""
        return False

    def begin(self):
        """Before the first epoch, when the folder is free."""

    def epoch(self, event, saves):
        """After an epoch, a `descent.Event`; on those with `saves` the user wants to see results."""

    def end(self, event, status):
        """After the last epoch, of which `epoch` may not have been told to its end."""

    def fail(self, status, reason):
        """Instead of `end`, where there was no epoch or none can follow. Must not raise."""


class Listeners(Listener):
    """Several as one."""

    def __init__(self, members):
        self._members = members

    def writes(self, name):
        return any(member.writes(name) for member in self._members)

    def begin(self):
        for member in self._members:
            member.begin()

    def epoch(self, event, saves):
        for member in self._members:
            member.epoch(event, saves)

    def end(self, event, status):
        for member in self._members:
            member.end(event, status)

    def fail(self, status, reason):
        for member in self._members:
            member.fail(status, reason)
