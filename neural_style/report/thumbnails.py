"""Small pictures beside the large ones of a run, so that a page with hundreds of them stays quick.

A run writes them where its result is large; the page, which shows many pictures at once, falls back on the full ones.
"""

from pathlib import PurePath

LONG_EDGE = 480  # pixels
NEEDED_FROM = 900  # pixels of the long edge of the result: smaller pictures are quick themselves
PREFIX = "small_"


def name(file):
    """The name of the thumbnail of a picture."""
    return f"{PREFIX}{PurePath(file).stem}.jpg"


def of(name):
    """The stem of the name of the picture that a file of this name would be the thumbnail of, or None."""
    path = PurePath(name)
    return path.stem.removeprefix(PREFIX) if name.startswith(PREFIX) and path.suffix == ".jpg" else None

