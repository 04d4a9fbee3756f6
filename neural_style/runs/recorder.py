"""Listeners that keep what a run needs to be told of and gone on with: its state, losses.csv and run.json."""

import contextlib

from ..painting.arrays import to_numpy
from . import output, record, resume, state
from .listeners import Listener
from .status import DONE, ENDED, Status


class States(Listener):
    """Saves the state with every picture on the way, and at the end.

    Of a run that has ended the earlier state goes: it is there for the case that a process dies while it writes.
    """

    def __init__(self, context):
        super().__init__(context)
        self._settings = resume.fingerprint(context.run)
        context.record.announce(*output.STATES)

    def writes(self, name):
        return name in output.STATES

    def begin(self):
        saved = self.context.saved
        if saved is not None and saved.file != state.NEWEST:
            (self.context.folder / saved.file).replace(self.context.folder / state.NEWEST)

    def epoch(self, event, saves):
        if saves:
            self._save(event)

    def end(self, event, status):
        if event.epoch != self.context.record.saved_epoch:
            self.context.record.note(event)
            self._save(event)
        if status in ENDED:
            with self.context.writing():
                (self.context.folder / state.EARLIER).unlink(missing_ok=True)
            self.context.record.files.pop(state.EARLIER, None)

    def _save(self, event):
        context = self.context
        saved = state.Saved(event.mapped(to_numpy), context.run.levels, self._settings, context.record)
        with context.writing():
            state.save(context.folder, saved, context.run.pieces)
        context.record.saved_epoch = event.epoch


class Losses(Listener):
    """Notes the losses of every epoch."""

    def epoch(self, event, saves):
        self.context.record.note(event)

    def end(self, event, status):
        rows = self.context.record.rows
        if not rows or rows[-1][0] != event.epoch:
            self.context.record.note(event)


class Records(Listener):
    """Writes losses.csv and run.json."""

    def __init__(self, context):
        super().__init__(context)
        context.record.announce(output.LOSSES)

    def writes(self, name):
        return name in (output.RECORD, output.LOSSES)

    def begin(self):
        self._write(Status.RUNNING)

    def epoch(self, event, saves):
        if saves:
            with self.context.writing():
                self._write(Status.RUNNING)

    def end(self, event, status):
        with self.context.writing():
            self._write(status)

    def fail(self, status, reason):
        with contextlib.suppress(OSError):
            self.context.claim.check()
            if not (self.context.folder / output.RECORD).exists():
                _write_record(self.context, status, reason)  # else what follows might be left without a name
            self._write(status, reason)

    def _write(self, status, reason=None):
        # in this order: run.json names no epoch without losses
        record.write_losses(self.context.folder / output.LOSSES, self.context.record)
        _write_record(self.context, status, reason)


class Opening(Listener):
    """Names in run.json what the run will write, before it is there.

    Comes before every listener that writes: what a process leaves that is killed belongs to a run.
    """

    def begin(self):
        _write_record(self.context, Status.RUNNING)


class Seal(Listener):
    """Notes in run.json, when nothing more is written, the checksum of what was written again and again till then.

    Comes after every listener that writes.
    """

    def __init__(self, context):
        super().__init__(context)
        self._sealed = set()

    def end(self, event, status):
        files, folder = self.context.record.files, self.context.folder
        # a run that is interrupted while it ends is ended, and written, once more
        self._sealed.update(name for name, digest in files.items() if digest is None and name not in output.STATES)
        with self.context.writing():
            for name in [name for name in files if name in self._sealed]:
                if (folder / name).is_file():
                    self.context.record.wrote(folder / name)
                elif status in ENDED:
                    del files[name]  # announced, and not needed
            _write_record(self.context, status)


class Replaced(Listener):
    """Removes the run that this one was to overwrite, now that its picture is there."""

    def end(self, event, status):
        if status in DONE:
            with self.context.writing():
                output.remove_replaced(self.context.folder)


def _write_record(context, status, reason=None):
    record.write(context.folder / output.RECORD, context.run, context.record, status, reason)
