"""How steady a film is: the warping error of Lai et al., "Learning Blind Video Temporal Consistency", arXiv 1808.00449.

Between two frames that is the mean squared difference, over the channels in 0..1, of one and the other moved along the
flow of the film that it was painted from, where the flow can be trusted; of a film the mean over its frames.
"""

from typing import NamedTuple

import numpy as np

from . import flow

CUT = 0.2  # of a frame: where the flow from the one before explains less, a scene begins


class Steadiness(NamedTuple):
    """Warping errors from each frame to the one before, None where a scene begins."""

    film: list  # of the film itself
    results: list  # for each result such a list


def error(picture, other, motion, trusted):
    """The warping error from a frame to another one (section 4.3, equation 9).

    Parameters
    ----------
    picture, other : ndarray, (H, W, 3) in 0..1
    motion : ndarray, (H, W, 2)
        The flow from the frame to the other one.
    trusted : ndarray, (H, W) bool

    Returns
    -------
    float
        0 where nothing can be trusted.
    """
    squares = np.mean((picture - flow.warped(other, motion)) ** 2, axis=2)
    return float(squares[trusted].mean()) if trusted.any() else 0.0


def measure(frames, results):
    """How steady films are that were painted from one.

    Parameters
    ----------
    frames : iterable of ndarray, (H, W, 3) in 0..1
        Of the film.
    results : list of iterable
        The same of each result, at the same size.

    Returns
    -------
    Steadiness
        As long as the shortest of them.
    """
    found, before = [[] for _ in (frames, *results)], None
    for pictures in zip(frames, *results):
        errors = [None] * len(pictures) if before is None else _errors(pictures, before)
        for kept, one in zip(found, errors):
            kept.append(one)
        before = pictures
    return Steadiness(found[0], found[1:])


def _errors(pictures, before):
    """Those of a film and its results; None where a scene begins."""
    motion = flow.tvl1(pictures[0], before[0])
    trusted = flow.trust(motion, flow.tvl1(before[0], pictures[0])).trusted
    if flow.explained(pictures[0], before[0], motion, trusted) < CUT:
        return [None] * len(pictures)
    return [error(picture, other, motion, trusted) for picture, other in zip(pictures, before)]


def mean(errors):
    """The mean of errors, of which some are None; None where all are."""
    known = [value for value in errors if value is not None]
    return sum(known) / len(known) if known else None
