"""The command line: what is asked for, how it ends, and that a signal ends it well."""

import contextlib
import signal
import sys
from collections.abc import Sequence
from typing import Optional

from .. import start
from ..errors import InputError, RunError, one_line
from ..networks import listing
from ..networks.registry import NETWORKS
from ..pictures import find
from . import guide, options, talk


def main(arglist: Optional[Sequence] = None) -> int:
    """Paint what a command line (`sys.argv` by default) asks for.

    Returns
    -------
    int
        The exit status: 0, 1 (diverged, failed), 2 (bad input), 129 (SIGHUP) or 143 (SIGTERM).

    Raises
    ------
    KeyboardInterrupt
        If the user interrupted it.
    """
    try:
        with ended_by_signals():
            return _command(arglist)
    except Terminated as error:
        return 128 + error.signal


def _command(arglist):
    try:
        if guide.is_wanted(sys.argv[1:] if arglist is None else arglist):
            for line in guide.lines():
                talk.say(line)
            return 2
        args = options.parse(arglist)
        if args.list_models:
            from ..weights import published

            talk.answer(listing.models(NETWORKS.values(), published.PUBLISHERS))
            return 0
        if args.doctor:
            from . import doctor

            talk.answer(*doctor.report(args))
            return 0
        if args.list_layers:
            talk.answer(listing.table(NETWORKS[args.model]))
            return 0
        if args.list_weights:
            from ..weights import store

            talk.answer(store.describe(store.installed()))
            return 0
        photographs = find.expand(args.content_image, as_film=args.film)
        if options.is_at_once(args):
            with start.importing():
                from . import repaint
            return repaint.repaint_all(args, photographs)
        with start.importing():
            from . import batch, paint, viewing
        with viewing.serving(args) as stay:
            if find.names_several(args.content_image, as_film=args.film):
                status = batch.paint_all(args, photographs)
            else:
                args.content_image = str(photographs[0])
                status = 1 if paint.train(args) == "diverged" else 0
            stay()
        return status
    except InputError as error:
        talk.say(f"nstyle: error: {error}")
        return 2
    except (RunError, MemoryError) as error:
        talk.say(f"nstyle: error: {one_line(error)}")
        return 1


class Terminated(KeyboardInterrupt):
    """A signal that ends a run as Ctrl-C does."""

    def __init__(self, signal: int):
        super().__init__(signal)
        self.signal = signal


@contextlib.contextmanager
def ended_by_signals():
    """SIGTERM and SIGHUP raise Terminated, until the end; later there is nothing left to save."""
    previous = {}
    for number in (signal.SIGTERM, getattr(signal, "SIGHUP", None)):
        # one that is ignored, as nohup does, stays so; None: a handler that is not Python's, and cannot be put back
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            with contextlib.suppress(ValueError):  # not in the main thread
                previous[number] = signal.signal(number, _terminate)
    try:
        yield
    finally:
        for number, handler in previous.items():
            if handler is not None:
                signal.signal(number, handler)


def _terminate(number, _):
    raise Terminated(number)
