"""Paint several photographs, each into its own folder of results."""

import argparse
import sys

from ..errors import InputError, RunError
from ..pictures import find
from . import paint, prepare


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
    shared, failures = prepare.Studio(), []
    for photograph, folder in find.folders(photographs, args.output_dir).items():
        try:
            one = argparse.Namespace(**{**vars(args), "content_image": str(photograph), "output_dir": str(folder)})
            if paint.train(one, shared=shared) == "diverged":
                failures.append(f"{photograph}: diverged")
        except (InputError, RunError) as error:
            print(f"nstyle: error: {error}", file=sys.stderr)
            failures.append(str(error))
    print(f"{len(photographs) - len(failures)} of {len(photographs)} pictures painted", *failures, sep="\n  failed: ")
    return 1 if failures else 0
