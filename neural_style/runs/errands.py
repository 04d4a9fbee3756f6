"""Tasks in workers: what they see of the client's files, and what they have to tell it while they go on."""

import contextlib
import os
import time
from pathlib import Path

SECONDS_BETWEEN_LINES = 10


def unseen(folder, names):
    """The first of some files that this machine does not see from a folder, or None."""
    with contextlib.suppress(OSError):
        os.chdir(folder)
        return next((name for name in names if not Path(name).exists()), None)
    return folder


class Heard:
    """What a task in a worker has to tell those who wait for it.

    Parameters
    ----------
    token : str
        Under which they listen.
    words : str
        What begins each line.
    """

    def __init__(self, token, words):
        from distributed import get_worker

        self._worker, self._token, self._words, self._last = get_worker(), token, words, time.monotonic()
        self._key = self._worker.get_current_task()

    def say(self, text):
        """Tell it now."""
        self._worker.log_event(self._token, f"{self._words}: {text}")

    def tell(self, text):
        """Tell it, and where, if nothing was told for a while; KeyboardInterrupt if nobody waits any more."""
        task = self._worker.state.tasks.get(self._key)
        if task is None or task.state == "cancelled":
            raise KeyboardInterrupt
        if time.monotonic() - self._last > SECONDS_BETWEEN_LINES:
            self._last = time.monotonic()
            self.say(f"{text} on {self._worker.address}")

    def begin(self, text="begins"):
        """Tell that it begins, and where."""
        self.say(f"{text} on {self._worker.address}")
