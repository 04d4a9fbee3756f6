"""`python -m neural_style.judge CONTENT STYLE RESULT...`: a line of figures for each result."""

import argparse
import sys

from .. import start
from ..errors import InputError
from ..pictures import reading
from .verdict import Judge, judged_size

DESCRIPTION = """\
Say in figures how near pictures have come to a painting, and how far they have gone from a photograph.

style    distance of SqueezeNet's Gram matrices from the painting's: 1 is the photograph's, 0 the painting's own
content  mean squared difference from the photograph in SqueezeNet's fire4, of the photograph's mean square: 0 is the
         photograph, about 1 a picture that keeps its shapes only
patches  distance of the pixels' patches at four scales from the painting's, without a network: 1 and 0 as for style
limits   share of pixels that have a channel at an end of the range: more than the painting's are stains

Pictures are judged at a long edge of 360 pixels; smaller ones look blurred there, and their style far
off. SqueezeNet's weights must be installed ({download}).
"""


def main(arglist=None):
    """The command; the exit status is 0 or 2 (bad input)."""
    try:
        given = _parser().parse_args(arglist)
        photograph, painting = (_read(path, given.max_pixels) for path in (given.content, given.style))
        results = [(path, _read(path, given.max_pixels)) for path in given.result]
        judge = Judge(photograph, painting, given.weights)
        for path, picture in results:
            it = judge.verdict(picture)
            figures = f"style {it.style:.3f}  content {it.content:.3f}  patches {it.patches:.3f}"
            print(f"{figures}  limits {100 * it.limits:.1f} %  {path}")
    except InputError as error:
        print(f"neural_style.judge: error: {error}", file=sys.stderr)
        return 2
    return 0


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise InputError(message)


def _parser():
    it = _Parser(
        prog="python -m neural_style.judge",
        description=DESCRIPTION.format(download=start.download()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    it.add_argument("content", metavar="CONTENT", help="the photograph")
    it.add_argument("style", metavar="STYLE", help="the painting")
    it.add_argument("result", metavar="RESULT", nargs="+", help="pictures painted from them, such as output/final.jpg")
    it.add_argument(
        "--max-pixels",
        metavar="N",
        type=int,
        default=reading.MAX_PIXELS,
        help="refuse picture files with more pixels (%(default)s)",
    )
    it.add_argument("--weights", metavar="FILE", help="weights file of SqueezeNet 1.0 (model/squeezenet.params)")
    return it


def _read(path, max_pixels):
    picture = reading.read(path, max_pixels)
    try:
        judged_size(picture.shape)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return picture
