"""Paint several photographs, each into its own folder of results."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..errors import one_line
from ..pictures import find
from . import dispatch, paint, prepare, talk


def paint_all(args: argparse.Namespace, photographs: Sequence[Path]) -> int:
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
    folders = find.folders(photographs, args.output_dir)
    runs = {}
    for number, (photograph, folder) in enumerate(folders.items(), 1):
        own = {"content_image": str(photograph), "output_dir": str(folder), "open": args.open and number == 1}
        runs[str(photograph)] = argparse.Namespace(**{**vars(args), **own})
    failures = {}
    for photograph, failure in (_painted_here if args.cluster is None else dispatch.painted)(args, runs):
        if failure is not None:
            # whose own message may begin with it
            failures[photograph] = failure.removeprefix(f"{photograph}: ")
    talk.answer(
        f"{len(folders) - len(failures)} of {len(folders)} pictures painted",
        *(f"  failed: {photograph}: {failures[photograph]}" for photograph in runs if photograph in failures),
    )
    return 1 if failures else 0


def _painted_here(args, runs):
    """Paint one after another; as `dispatch.painted`."""
    shared = prepare.Shared()
    for number, (photograph, settings) in enumerate(runs.items(), 1):
        if not args.no_progress:
            talk.say(f"Picture {number} of {len(runs)}: {photograph}")
        try:
            diverged = paint.train(settings, shared=shared) == "diverged"
        except Exception as error:  # whatever is wrong with one, the next is another
            talk.say(f"nstyle: error: {one_line(error)}")
            yield photograph, one_line(error)
            continue
        yield photograph, "diverged" if diverged else None
