"""`python -m neural_style.film --stability FILM RESULT...`: how steady painted films are, in figures."""

import argparse
import sys

from ..errors import InputError
from ..pictures import images
from . import reading, stability

DESCRIPTION = """\
Say in figures how steady films are that were painted from one.

error   mean squared difference of a frame from the one before, moved along the flow of the film, where that can be
        trusted (Lai et al., arXiv 1808.00449), in millionths; 0 is a film that stands still while it moves
film    how many times that of the film itself
first   how many times that of the first result, where there are several
"""


def main(arglist=None):
    """The command; the exit status is 0 or 2 (bad input)."""
    try:
        given = _parser().parse_args(arglist)
        film, results = reading.opened(given.film), [reading.opened(path) for path in given.results]
        sizes = {result.size for result in results}
        if len(sizes) > 1:
            raise InputError(f"{given.results[1]}: of another size than {given.results[0]}; name results of one size.")
        (size,) = sizes
        frames = reading.frames(film, given.first, None, given.every)
        found = stability.measure(_pictures(frames, size), [_pictures(reading.frames(one), size) for one in results])
        lines = list(_lines(given, found))
    except InputError as error:
        print(f"neural_style.film: error: {error}", file=sys.stderr)
        return 2
    print(*lines, sep="\n")
    return 0


def _pictures(frames, size):
    return (images.resize(frame.astype("float32") / 255, size) for frame in frames)


def _lines(given, found):
    errors = [stability.mean(errors) for errors in (found.film, *found.results)]
    if errors[0] is None:
        raise InputError(f"{given.film}: no two frames of it belong together; there is nothing to compare.")
    yield f"error {1e6 * errors[0]:.0f}  {given.film}, {len(found.film)} frames"
    for error, path in zip(errors[1:], given.results):
        ratios = f"film {error / errors[0]:.2f}" if errors[0] else "film -"
        first = f"  first {error / errors[1]:.2f}" if len(given.results) > 1 and errors[1] else ""
        yield f"error {1e6 * error:.0f}  {ratios}{first}  {path}"


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise InputError(message)


def _parser():
    it = _Parser(
        prog="python -m neural_style.film",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    it.add_argument("--stability", dest="film", required=True, metavar="FILM", help="the film that was painted")
    it.add_argument("results", nargs="+", metavar="RESULT", help="what was painted from it, such as output/final.mp4")
    it.add_argument("--first", type=_whole, default=1, metavar="N", help="the film's frame that results begin at (1)")
    it.add_argument("--every", type=_whole, default=1, metavar="N", help="frames of the film to one of the results (1)")
    return it


def _whole(text):
    number = int(text)
    if number < 1:
        raise ValueError
    return number
