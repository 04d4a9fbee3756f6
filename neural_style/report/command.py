"""The command `python -m neural_style.report`."""
import argparse
import sys

from ..errors import InputError
from . import contact_sheet
from .page import write_comparison, write_gallery, write_page


def main(arglist=None):
    """Write the page that is asked for, print its name; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m neural_style.report",
        description="Write the page and the contact sheet of a run again, or a page that shows several runs.",
    )
    parser.add_argument("folders", nargs="*", metavar="OUT", help="the output directory of a run; of several: compare")
    parser.add_argument("--gallery", metavar="DIR", help="a page of all runs in a folder, and in the folders in it")
    parser.add_argument("--output", metavar="FILE", help="the page to write (comparison.html, or DIR/gallery.html)")
    args = parser.parse_args(arglist)
    if bool(args.gallery) == bool(args.folders):
        parser.error("give the output directory of a run, or of several, or --gallery with a folder of runs")
    if args.output and len(args.folders) == 1:
        parser.error("--output: names the page that shows several runs; give at least two output directories")
    try:
        if args.gallery:
            written = [write_gallery(args.gallery, args.output)]
        elif len(args.folders) > 1:
            written = [write_comparison(args.folders, args.output or "comparison.html")]
        else:
            written = [contact_sheet.write(args.folders[0]), write_page(args.folders[0])]
    except InputError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{parser.prog}: {error.filename or 'the page'} cannot be written: {error.strerror}", file=sys.stderr)
        return 2
    print(*written, sep="\n")
    return 0
