"""The command line: what is asked for, how it ends, and that a signal ends it well."""

import contextlib
import signal
import sys

from ..errors import InputError, RunError
from ..pictures import find
from ..weights import store
from . import batch, options, paint


def main(arglist=None):
    """The command line; the exit status is 0, 1 (diverged, failed), 2 (bad input), 130 (Ctrl-C) or 143 (SIGTERM)."""
    try:
        with _ended_by_sigterm():
            return _command(arglist)
    except Terminated:
        return 143
    except KeyboardInterrupt:
        return 130


def _command(arglist):
    try:
        args = options.parse(arglist)
        if args.list_weights:
            print(store.describe(store.installed()))
            return 0
        photographs = find.expand(args.content_image)
        if len(photographs) > 1:
            return batch.paint_all(args, photographs)
        args.content_image = str(photographs[0])
        return 1 if paint.train(args) == "diverged" else 0
    except InputError as error:
        print(f"nstyle: error: {error}", file=sys.stderr)
        return 2
    except (RunError, MemoryError) as error:
        print(f"nstyle: error: {(str(error).splitlines() or ['out of memory'])[0]}", file=sys.stderr)
        return 1


class Terminated(KeyboardInterrupt):
    """SIGTERM: ends a run as Ctrl-C does."""


@contextlib.contextmanager
def _ended_by_sigterm():
    """SIGTERM raises Terminated, until the end; later there is nothing left to save."""
    previous = None  # also where the handler is not Python's, and cannot be put back
    with contextlib.suppress(ValueError):  # not in the main thread
        previous = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        if previous is not None:
            signal.signal(signal.SIGTERM, previous)


def _terminate(*_):
    raise Terminated
