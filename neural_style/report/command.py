"""The command `python -m neural_style.report`."""
import argparse
import sys
from pathlib import Path

from ..errors import InputError
from . import contact_sheet, film, results, served
from .page import write_comparison, write_gallery, write_page


def main(arglist=None):
    """Write the page that is asked for, print its name; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m neural_style.report",
        description="Write the page and the contact sheet of a run again, or a page that shows several runs.",
    )
    parser.add_argument("folders", nargs="*", metavar="OUT", help="the output directory of a run; of several: compare")
    parser.add_argument("--gallery", metavar="DIR", help="a page of all runs in a folder, and in the folders in it")
    parser.add_argument("--serve", metavar="PORT", nargs="?", type=int, const=0,
                        help="serve that folder, or the one of --gallery, to a browser until Ctrl-C "
                        "(default: the first free port from 8765 on)")  # fmt: skip
    parser.add_argument("--output", metavar="FILE", help="the page to write (comparison.html, or DIR/gallery.html)")
    args = parser.parse_args(arglist)
    if bool(args.gallery) == bool(args.folders):
        parser.error("give the output directory of a run, or of several, or --gallery with a folder of runs")
    if args.output and len(args.folders) == 1:
        parser.error("--output: names the page that shows several runs; give at least two output directories")
    if args.serve is not None and (len(args.folders) > 1 or not 0 <= args.serve < 2**16):
        parser.error("--serve: takes a port from 0 to 65535, and one folder")
    try:
        if args.serve is not None:
            return _serve(args.gallery or args.folders[0], args.serve)
        if args.gallery:
            written = [write_gallery(args.gallery, args.output)]
        elif len(args.folders) > 1:
            written = [write_comparison(args.folders, args.output or "comparison.html")]
        else:
            (folder,) = args.folders
            sheet = [] if film.is_film(results.read(folder)) else [contact_sheet.write(folder)]
            written = [*sheet, write_page(folder)]
    except InputError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{parser.prog}: {error.filename or 'the page'} cannot be written: {error.strerror}", file=sys.stderr)
        return 2
    print(*written, sep="\n")
    return 0


def _serve(folder, port):
    if not Path(folder).is_dir():
        raise InputError(f"{folder}: there is no such folder; name the output directory of a run, or one with several")
    with served.served(folder, port) as address:
        print(*served.told(address), "Ctrl-C ends it.", sep="\n", flush=True)
        served.stay()
    return 0
