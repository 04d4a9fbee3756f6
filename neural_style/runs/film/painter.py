"""One frame of a film, painted by optimisation.

A painter is anything with `paint(run, earlier, before, follow)`; the way through the film (`course.py`) knows no more.
"""

from typing import NamedTuple

import numpy as np

from ...film import filling
from ...painting import levels
from ...painting.arrays import to_numpy
from ...painting.descent import State
from ...pictures import images
from .. import course, snapshots

NEW = 0.05  # share of a frame: where more of it was not seen before, it is painted coarse to fine
SHARE = 0.5  # of the frame before in a start that has also the frame of the pass before: delta of arXiv 1604.08610, 3.4


class Earlier(NamedTuple):
    """A frame that was painted before, moved to where its things are now."""

    picture: np.ndarray  # (1, 3, H, W), network range
    trust: np.ndarray  # (H, W) in 0..1: where it holds
    hidden: np.ndarray  # (H, W) bool: where it shows something else


class Painted(NamedTuple):
    """What painting a frame gave."""

    image: np.ndarray  # (1, 3, H, W), network range
    losses: dict
    epochs: int
    status: str


class Optimisation:
    """The painter of this suite: descends to the lowest loss of a frame."""

    def __init__(self):
        self._kept = {}  # what one frame was evaluated with serves the next, too

    def paint(self, run, earlier, before=None, follow=None):
        """Paint a frame.

        Parameters
        ----------
        run : prepare.Run
            Its photograph, masks and paintings are those of the frame.
        earlier : list of Earlier
            The nearest first; empty: the frame begins a scene.
        before : ndarray, (1, 3, H, W), optional
            The frame as the pass before painted it.
        follow : callable, optional
            Called with the `descent.Event` of each epoch.

        Returns
        -------
        Painted
        """
        begun = self._begun(run, earlier, before)
        if begun is None:
            events = course.events(run, course.start(run), kept=self._kept)
        else:
            it = run.settings
            new = 0.0 if before is not None or not earlier else np.mean(earlier[0].hidden)
            # so much of it that is new takes as many epochs as all that has moved
            epochs = min(it.max_num_epochs, round(it.frame_epochs * (1 + new / NEW)))
            plan = levels.plan(run.size, max(epochs, it.frame_epochs), it.pyramid_levels if new > NEW else 1)
            events = course.events(
                run._replace(levels=plan),
                State(images.resize_planes(begun, plan[0].size)),
                [(one.picture, one.trust) for one in earlier],
                detail=images.from_network(begun),
                kept=self._kept,
            )
        event = None
        for event in events:
            if follow is not None:
                follow(event)
        _, _, image = snapshots.final(run.settings, event)
        return Painted(to_numpy(image), event.losses, event.epoch, event.status)

    @staticmethod
    def _begun(run, earlier, before):
        """Where a frame starts from; None: as a photograph does."""
        if not earlier:
            return before
        nearest = earlier[0]
        if before is not None:
            share = SHARE * nearest.trust
            return share * nearest.picture + (1 - share) * before
        return filling.filled(nearest.picture, run.content, ~nearest.hidden)
