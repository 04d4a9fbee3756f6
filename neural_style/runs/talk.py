"""What is said on the terminal. Nobody has to listen: a reader that is gone, or a full disk, ends no run.

A stream that cannot be written is silent from then on. The files of a run are the truth, not what was said of it.
"""

import contextlib
import os
import sys

from tqdm import tqdm


class Stream:
    """`sys.stdout` or `sys.stderr` as it stands when something is said; writing to it never raises.

    Parameters
    ----------
    name : {"stdout", "stderr"}
    """

    def __init__(self, name):
        self._name = name

    def write(self, text):
        """As of a text file."""
        try:
            try:
                self._stream.write(text)
            except UnicodeEncodeError:  # a name that is not text, on a stream of somebody else's
                self._stream.write(text.encode(self.encoding, "replace").decode(self.encoding))
        except (OSError, ValueError, AttributeError):
            self._silence()

    def flush(self):
        """As of a text file."""
        try:
            self._stream.flush()
        except (OSError, ValueError, AttributeError):
            self._silence()

    def isatty(self):
        """As of a text file."""
        try:
            return self._stream.isatty()
        except (OSError, ValueError, AttributeError):
            return False

    def fileno(self):
        """As of a text file; OSError where there is none."""
        if self._stream is None:
            raise OSError(f"no {self._name}")
        return self._stream.fileno()

    @property
    def encoding(self):
        """As of a text file."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    @property
    def _stream(self):
        return getattr(sys, self._name)  # None: a process without one

    def _silence(self):
        # what is still in its buffer would fail once more when Python ends, and change the exit status
        with contextlib.suppress(OSError, ValueError, AttributeError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


err, out = Stream("stderr"), Stream("stdout")


def say(line):
    """Show a line for the user on stderr, above a progress bar where there is one."""
    tqdm.write(line, file=err)
    err.flush()


def answer(*lines):
    """Print what was asked for on stdout."""
    for line in lines:
        out.write(f"{line}\n")
    out.flush()
