"""What the user sees while a run goes on: a bar on a terminal, plain lines elsewhere; see `notebook` for those."""

import time

from tqdm import tqdm

from . import notebook, talk
from .listeners import Listener
from .status import Status

SECONDS_BETWEEN_LINES = 10


class Progress(Listener):
    """Shows a run on stderr; a bar where that is a terminal, unless `--no-progress`."""

    def __init__(self, context):
        super().__init__(context)
        self._epochs = context.run.settings.max_num_epochs
        self._bar = self._last_line = None

    def begin(self):
        context, terminal = self.context, talk.err.isatty()
        done = 0 if context.saved is None else context.saved.event.epoch
        hidden = not terminal or context.run.settings.no_progress
        self._lines = not (terminal or context.run.settings.no_progress or notebook.shell())
        self._last_line = time.monotonic()
        self._bar = tqdm(
            total=self._epochs, initial=done, unit="epoch", disable=hidden, dynamic_ncols=True, file=talk.err
        )

    def epoch(self, event, saves):
        height, width = event.image.shape[2:]
        text = f"{width} x {height}, loss {event.losses['total']:.4g}, change {event.relative_change:.4f}"
        if event.failed:
            talk.say(
                f"Epoch {event.epoch} gave values that are not finite: "
                "back to the last good picture with half the step."
            )
        self._bar.set_postfix_str(text, refresh=False)
        self._bar.update()
        if self._lines and (event.status or time.monotonic() - self._last_line > SECONDS_BETWEEN_LINES):
            self._last_line = time.monotonic()
            talk.say(f"epoch {event.epoch} of {self._epochs}: {text}")

    def end(self, event, status):
        self._close()
        if status == Status.INTERRUPTED and self.context.folder is not None:
            final, folder = self.context.record.final, self.context.folder
            reached = f"the state of epoch {event.epoch} is in {folder}"
            if final is not None:
                reached = f"the picture reached so far is {folder / final['file']}"
            talk.say(f"Interrupted; {reached}.")

    def fail(self, status, reason):
        self._close()

    def _close(self):
        if self._bar is not None:
            self._bar.close()
