"""What the user sees while a run goes on: a bar on a terminal, plain lines elsewhere. A listener to its events."""

import sys
import time

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 10


class Progress:
    """Shows the events of a run on stderr.

    Parameters
    ----------
    epochs : int
        Of the whole run.
    done : int
        Of them, done before.
    quiet : bool
        Show only what went wrong.
    """

    def __init__(self, epochs, done=0, quiet=False):
        terminal = sys.stderr is not None and sys.stderr.isatty()  # None: a process without one
        self._lines, self._quiet = not terminal and not quiet, quiet
        self._bar = tqdm(total=epochs, initial=done, unit="epoch", disable=quiet or not terminal, dynamic_ncols=True)
        self._epochs, self._last_line = epochs, time.monotonic()

    def say(self, line):
        """Show a line of text."""
        self._bar.write(line, file=sys.stderr)

    def tell(self, notice):
        """Show a line of text that nobody needs to act on."""
        if not self._quiet:
            self.say(notice)

    def show(self, event):
        """Show an epoch."""
        height, width = event.image.shape[2:]
        text = f"{width} x {height}, loss {event.losses['total']:.4g}, change {event.relative_change:.4f}"
        if event.failed:
            self.say(
                f"Epoch {event.epoch} gave values that are not finite: "
                "back to the last good picture with half the step."
            )
        self._bar.set_postfix_str(text, refresh=False)
        self._bar.update()
        if self._lines and (event.status or time.monotonic() - self._last_line > SECONDS_BETWEEN_LINES):
            self._last_line = time.monotonic()
            print(f"epoch {event.epoch} of {self._epochs}: {text}", file=sys.stderr, flush=True)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._bar.close()
