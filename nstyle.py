#!/usr/bin/env python3
"""Repaint a photograph in the style of a painting.

    sh download.sh
    python nstyle.py --gpu -1 --max-num-epochs 150

As a library: `train_nstyle(get_args([...]), callback)`.
"""

import argparse
import contextlib
import signal
import sys

from neural_style.engines.mxnet.library import mx
from neural_style.errors import InputError, RunError
from neural_style.pictures import find
from neural_style.report import animation, contact_sheet, page
from neural_style.runs import course, options, resume, state
from neural_style.runs import folder as output
from neural_style.runs import limits as resources
from neural_style.runs import prepare as transfer
from neural_style.runs.progress import Progress
from neural_style.runs.recorder import Snapshots
from neural_style.weights import store as weights


def get_args(arglist=None):
    """The options of a run as a namespace; `sys.argv` by default.

    Raises
    ------
    InputError
        If an option is unknown or is not of its form.
    """
    return options.parse(arglist)


def train_nstyle(args, callback=None, shared=None):
    """Paint.

    Parameters
    ----------
    args : argparse.Namespace
        From `get_args`, or made by hand; options that are missing take their defaults.
    callback : callable, optional
        Called after each epoch with a dict: `epoch` (from 1), `eps` (relative change of the picture), and on epochs
        that save also `filename` and `img` (network range, shape (1, 3, H, W)).
    shared : runs.prepare.Studio, optional
        The same one for several photographs: the network and the paintings' statistics are kept in it.

    Returns
    -------
    str
        How the run ended: converged, finished or diverged.

    Raises
    ------
    InputError
        If an option or a file cannot be used.
    RunError
        If the output directory cannot be written any more.
    KeyboardInterrupt
        If the user interrupted the run; the picture reached so far and the state have been saved.
    """
    run = transfer.prepare(options.complete(args), shared)
    if run.settings.animate:
        animation.check(run.settings.animate)
    with output.claimed(run.settings.output_dir) as folder:
        saved = None
        if run.settings.resume:
            saved, notice = state.load(folder)
            if saved is not None:
                run, saved = resume.taken_up(run, saved)
            run = run._replace(notices=(*run.notices, notice or _resume_notice(folder, saved)))
        resources.check(run, folder)
        start = course.start(run) if saved is None else saved.event.state
        snapshots = Snapshots(run, folder, saved)
        return _paint(run, start, saved and saved.event, snapshots, callback)


def _resume_notice(folder, saved):
    if saved is None:
        return f"There is no state in {folder} to go on with: starting anew."
    event = saved.event
    more = {"finished": "; a larger --max-num-epochs goes on", "converged": "; a smaller --stop-eps goes on"}
    if event.status is not None:
        return f"The run in {folder} has {event.status} at epoch {event.epoch}{more.get(event.status, '')}."
    return f"Going on from epoch {event.epoch}."


def _paint(run, start, event, snapshots, callback):
    """From the first event to the last; `event` is that of a run that is taken up."""
    settings = run.settings
    ended = event is not None and event.status is not None
    with Progress(settings.max_num_epochs, start.epoch, not settings.no_progress) as progress:
        for notice in (*run.notices, *snapshots.notices):
            progress.say(notice)
        try:
            for event in () if ended else course.events(run, start):
                file = snapshots.add(event)
                progress.show(event)
                if file is not None:
                    _publish(run, progress.say)
                if callback is not None:
                    callback(_callback_data(run, event, file))
            final = snapshots.finish(event.status, event)
            _publish(run, progress.say, ended=True)
        except KeyboardInterrupt:
            if event is None:
                snapshots.fail("interrupted")
            else:
                progress.say(f"Interrupted; the picture reached so far is {snapshots.finish('interrupted', event)}.")
                _publish(run, progress.say, ended=True)
            raise
        except Exception as error:
            snapshots.fail("failed", (str(error).splitlines() or [type(error).__name__])[0])
            _publish(run, lambda line: None)
            raise
    if event.status == "diverged":
        print(
            "nstyle: the losses became infinite again and again; "
            f"try a smaller --lr than {settings.lr:g}, or smaller --content-weight and --style-weight.",
            file=sys.stderr,
        )
    print(final)
    return event.status


def _publish(run, say, ended=False):
    """Bring the page up to date; at the end of a run also make the contact sheet and the animation."""
    settings = run.settings
    try:
        if ended:
            contact_sheet.write(settings.output_dir)
            if settings.animate:
                animation.write(settings.output_dir, settings.animate)
        if settings.image_format != "tiff":  # which browsers do not show
            page.write_page(settings.output_dir)
    except (InputError, OSError) as error:
        say(f"The report is not complete: {error}")


def _callback_data(run, event, file):
    data = {"eps": event.relative_change, "epoch": event.epoch}
    if file is not None:
        data.update(filename=str(file), img=course.enlarged(run, event.image, run.size))
    return data


def paint_all(args, photographs):
    """Paint several photographs, each into its own folder in the output directory.

    One that fails does not stop the rest; a summary at the end says which did.

    Parameters
    ----------
    args : argparse.Namespace
    photographs : list of Path

    Returns
    -------
    int
        The exit status: 0, or 1 if any failed.
    """
    shared, failures = transfer.Studio(), []
    for photograph, folder in find.folders(photographs, args.output_dir).items():
        try:
            one = argparse.Namespace(**{**vars(args), "content_image": str(photograph), "output_dir": str(folder)})
            if train_nstyle(one, shared=shared) == "diverged":
                failures.append(f"{photograph}: diverged")
        except (InputError, RunError) as error:
            print(f"nstyle: error: {error}", file=sys.stderr)
            failures.append(str(error))
    print(f"{len(photographs) - len(failures)} of {len(photographs)} pictures painted", *failures, sep="\n  failed: ")
    return 1 if failures else 0


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
        args = get_args(arglist)
        if args.list_weights:
            print(weights.describe(weights.installed()))
            return 0
        photographs = find.expand(args.content_image)
        if len(photographs) > 1:
            return paint_all(args, photographs)
        args.content_image = str(photographs[0])
        return 1 if train_nstyle(args) == "diverged" else 0
    except InputError as error:
        print(f"nstyle: error: {error}", file=sys.stderr)
        return 2
    except (RunError, MemoryError, mx.MXNetError) as error:
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


if __name__ == "__main__":
    sys.exit(main())
