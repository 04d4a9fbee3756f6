"""Paint several photographs, each into its own folder of results."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..errors import one_line
from ..pictures import find
from . import paint, prepare, talk


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
    shared, failures = prepare.Shared(), []
    folders = find.folders(photographs, args.output_dir)
    for number, (photograph, folder) in enumerate(folders.items(), 1):
        if not args.no_progress:
            talk.say(f"Picture {number} of {len(folders)}: {photograph}")
        try:
            own = {"content_image": str(photograph), "output_dir": str(folder), "open": args.open and number == 1}
            one = argparse.Namespace(**{**vars(args), **own})
            if paint.train(one, shared=shared) == "diverged":
                failures.append(f"{photograph}: diverged")
        except Exception as error:  # whatever is wrong with one, the next is another
            talk.say(f"nstyle: error: {one_line(error)}")
            # whose own message may begin with it
            failures.append(f"{photograph}: {one_line(error).removeprefix(f'{photograph}: ')}")
    talk.answer(
        f"{len(folders) - len(failures)} of {len(folders)} pictures painted",
        *(f"  failed: {failure}" for failure in failures),
    )
    return 1 if failures else 0
