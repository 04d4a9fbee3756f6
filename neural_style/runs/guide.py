"""The first lines that a new user sees: what to type, with the pictures that lie here."""

import sys
from pathlib import Path

from .. import start
from ..errors import InputError
from ..pictures import find
from . import options, talk
from .declared import OPTIONS


def is_wanted(arguments):
    """Whether somebody at a terminal asked for nothing, and the sample pair, which would be painted, is not there."""
    samples = (OPTIONS[name].default for name in options.PICTURES)
    return not arguments and talk.err.isatty() and not all(find.find(name)[0].is_file() for name in samples)


def lines(folder=Path()):
    """What to type in a folder, as five lines."""
    here = sorted(path.name for path in folder.iterdir() if path.suffix.lower() in find.PICTURES and path.is_file())
    missing = ["PHOTOGRAPH.jpg", "PAINTING.jpg"][len(here) :]
    shown = ", ".join(here[:4]) + (f" and {len(here) - 4} more" if len(here) > 4 else "")
    command = " ".join(options.program(sys.argv[0]))
    pair = " ".join(f'"{name}"' if " " in name else name for name in [*here, *missing][:2])
    rows = (
        (start.download(), f"first: {_lacking()}"),
        (f"{command} {pair}", "paints; the photograph first, then the painting"),
        (f"{command} {pair} --preset draft --open", "soon and small, shown in the browser as it grows"),
        (f"{command} -h", f"all options; {command} --doctor: what this machine has"),
    )
    width = max(len(row[0]) for row in rows)
    what = f"Here lie {shown}." if len(here) > 1 else f"Here lies {shown}." if here else "Here lies no picture."
    return [
        f"nstyle repaints a photograph in the style of a painting. {what}",
        *(f"  {typed:{width}}  {meaning}" for typed, meaning in rows),
    ]


def _lacking():
    """What the download would bring."""
    from ..weights import store  # which takes time to load

    try:
        store.find(OPTIONS["model"].default)
    except InputError:
        return "fetches the networks, and two pictures to try"
    return "the networks are there; fetches two pictures to try"
