"""What the user sees while a film is painted: a bar over its frames on a terminal, plain lines elsewhere."""

import time

from tqdm import tqdm

from .. import talk
from ..progress import SECONDS_BETWEEN_LINES


class Progress:
    """Shows a run on stderr, unless `--no-progress`."""

    def __init__(self, settings):
        self._quiet, self._terminal = settings.no_progress, talk.err.isatty()
        self._bar, self._last_line = None, time.monotonic()

    def begin(self, done, steps):
        """Before the first frame that is painted now; `steps` are those of all passes."""
        hidden = self._quiet or not self._terminal
        self._began, self._first, self._done, self._steps = time.monotonic(), done, done, steps
        self._bar = tqdm(total=steps, initial=done, unit="frame", disable=hidden, dynamic_ncols=True, file=talk.err)

    def epoch(self, number, event):
        """After an epoch of a frame."""
        if event.failed:
            talk.say(f"Frame {number}: values that are not finite; back to the last good picture with half the step.")
        self._bar.set_postfix_str(f"frame {number}, epoch {event.epoch}, loss {event.losses['total']:.4g}")

    def frame(self, row):
        """After a frame."""
        self._bar.update()
        self._done += 1
        done, now = self._done, time.monotonic()
        due = done == self._steps or now - self._last_line > SECONDS_BETWEEN_LINES
        if due and not self._terminal and not self._quiet:
            self._last_line = now
            left = (now - self._began) / (done - self._first) * (self._steps - done)
            talk.say(f"frame {row.frame}, {done} of {self._steps}: {row.epochs} epochs, about {_spoken(left)} left")

    def close(self):
        """At the end."""
        if self._bar is not None:
            self._bar.close()


def _spoken(seconds):
    size, unit = (3600, "h") if seconds > 5400 else (60, "min") if seconds > 90 else (1, "s")
    return f"{seconds / size:.0f} {unit}"
