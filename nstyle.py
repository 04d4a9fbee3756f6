#!/usr/bin/env python3
"""Repaint a photograph in the style of a painting.

    sh download.sh
    python nstyle.py --gpu -1 --max-num-epochs 150

As a library: `train_nstyle(get_args([...]), callback)`.
"""
import argparse
import contextlib
import sys

from neural_style import images, options, samples, transfer, weights
from neural_style.errors import InputError
from neural_style.progress import Progress
from neural_style.snapshots import Snapshots


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
    shared : dict, optional
        The same one for several photographs: the network and the paintings' statistics are kept in it.

    Returns
    -------
    str
        How the run ended: converged, finished or diverged.

    Raises
    ------
    InputError
        If an option or a file cannot be used.
    KeyboardInterrupt
        If the user interrupted the run; the picture reached so far has been saved.
    """
    run = transfer.prepare(options.complete(args), shared)
    settings = run.settings
    state, event = transfer.start(run), None
    snapshots = Snapshots(run, settings.output_dir)
    with Progress(settings.max_num_epochs, bar=not settings.no_progress) as progress:
        for notice in run.notices:
            progress.say(notice)
        try:
            for event in transfer.events(run, state):
                file = snapshots.add(event)
                progress.show(event)
                if callback is not None:
                    callback(_callback_data(run, event, file))
        except KeyboardInterrupt:
            if event is None:
                snapshots.write_record("interrupted")
            else:
                progress.say(f"Interrupted; the picture reached so far is {snapshots.finish('interrupted', event)}.")
            raise
        except Exception:
            with contextlib.suppress(InputError):
                snapshots.write_record("failed")
            raise
        final = snapshots.finish(event.status, event)
    if event.status == "diverged":
        print(f"nstyle: the losses became infinite again and again; try a smaller --lr than {settings.lr:g}.", file=sys.stderr)
    print(final)
    return event.status


def _callback_data(run, event, file):
    data = {"eps": event.relative_change, "epoch": event.epoch}
    if file is not None:
        data.update(filename=str(file), img=images.resize_planes(event.image, run.size))
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
    shared, failures = {}, []
    for photograph, folder in samples.folders(photographs, args.output_dir).items():
        try:
            one = argparse.Namespace(**{**vars(args), "content_image": str(photograph), "output_dir": str(folder)})
            if train_nstyle(one, shared=shared) == "diverged":
                failures.append(f"{photograph}: diverged")
        except InputError as error:
            print(f"nstyle: error: {error}", file=sys.stderr)
            failures.append(str(error))
    print(f"{len(photographs) - len(failures)} of {len(photographs)} pictures painted", *failures, sep="\n  failed: ")
    return 1 if failures else 0


def main(arglist=None):
    """The command line; the exit status is 0, 1 (diverged), 2 (bad input) or 130 (interrupted)."""
    try:
        args = get_args(arglist)
        if args.list_weights:
            print(weights.describe(weights.installed()))
            return 0
        photographs = samples.expand(args.content_image)
        if len(photographs) > 1:
            return paint_all(args, photographs)
        return 1 if train_nstyle(args) == "diverged" else 0
    except InputError as error:
        print(f"nstyle: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
