"""The program ffmpeg, that of the system's `IMAGEIO_FFMPEG_EXE` or the one that imageio-ffmpeg carries: calls of it."""

import contextlib
import re
import subprocess
import tempfile
from functools import lru_cache

from .. import start
from ..errors import InputError

QUIET = ["-nostdin", "-hide_banner", "-nostats", "-loglevel", "level+info"]
COMPLAINT = re.compile(r"\[(?:error|fatal)\] (.*)")


@lru_cache(maxsize=1)
def program():
    """The path of the program; InputError where there is none."""
    try:
        import imageio_ffmpeg

        return imageio_ffmpeg.get_ffmpeg_exe()
    except (ImportError, RuntimeError):
        raise InputError(f"films are read and written by ffmpeg, which is missing: {start.install('film')}") from None


def complaints(said):
    """What ffmpeg calls an error in what it said, line by line."""
    return [found[1].strip() for line in said.splitlines() if (found := COMPLAINT.search(line))]


class Call:
    """ffmpeg at work: what it says goes to a file, for a pipe that nobody reads fills up.

    Parameters
    ----------
    arguments : list of str
    **pipes
        As of `subprocess.Popen`.
    """

    def __init__(self, arguments, **pipes):
        self._file = tempfile.TemporaryFile()  # noqa: SIM115
        command = [program(), *QUIET, *map(str, arguments)]
        # without it a terminal's Ctrl-C would end ffmpeg, and what it reads or writes, before the run can
        self.process = subprocess.Popen(command, stderr=self._file, start_new_session=True, **pipes)

    def said(self):
        """All that it has said so far."""
        self._file.seek(0)
        return self._file.read().decode("utf-8", "replace")

    def close(self):
        """End it, and wait for it."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._file.close()


@contextlib.contextmanager
def calling(arguments, **pipes):
    """A `Call` that ends with the block."""
    call = Call(arguments, **pipes)
    try:
        yield call
    finally:
        call.close()


def run(arguments):
    """Call ffmpeg to its end.

    Returns
    -------
    int, str, str
        Its exit status, what it wrote to its output, what it said.
    """
    with calling(arguments, stdout=subprocess.PIPE) as call:
        output, _ = call.process.communicate()
        return call.process.returncode, output.decode("utf-8", "replace"), call.said()
