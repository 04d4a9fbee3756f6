"""The way through a film: frame by frame, scene by scene, forwards and backwards."""

import bisect
from pathlib import Path
from typing import NamedTuple, Optional

import numpy as np

from ...film import flow, reading, stability
from ...pictures import colors, images, masks
from .. import prepare
from ..snapshots import finished
from .painter import Earlier, Painted
from .stack import levels


class Step(NamedTuple):
    """One frame of one pass."""

    turn: int  # the pass, from 0
    frame: int  # from 0
    direction: int  # 1 forwards, -1 backwards: the way that the pass goes


class Row(NamedTuple):
    """What is known of a frame that was painted: a row of frames.csv."""

    frame: int  # its number in the film
    scene: int  # from 1
    turn: int  # the pass, from 1
    seconds: float  # since the run began
    epochs: int
    total: Optional[float]  # the losses
    content: Optional[float]
    style: Optional[float]
    temporal: Optional[float]
    trusted: Optional[float]  # share of it, by the flow to the frame painted before; None: it begins a scene
    error: Optional[float]  # warping error to that frame, of the result
    film_error: Optional[float]  # the same of the film itself


def distances(window):
    """How far back a frame looks: 1, 2, 4, ... up to the window (arXiv 1604.08610, section 3.3), and at the least 1."""
    return [2**power for power in range(max(1, window).bit_length())]


def is_cut(flows, frame):
    """Whether a frame begins a scene: the flow to the one before explains little of it."""
    return frame == 0 or flows.motion(frame, frame - 1).explained < stability.CUT


class Course:
    """Paints frame after frame.

    Parameters
    ----------
    run : prepare.Run
        Of the first frame.
    painter : painter.Optimisation
        Or another one with the same method.
    stacks : stack.Stacks
    flows : flows.Flows
    scenes : list of int
        The frames that begin a scene, as far as they are known.
    looked : int
        Of so many frames, from the first one, it is known whether they do.
    """

    def __init__(self, run, painter, stacks, flows, scenes, looked):
        self._run, self._painter, self._stacks, self._flows = run, painter, stacks, flows
        self.scenes, self.looked = list(scenes), looked
        self._masks = mask_files(run.settings)
        self._matched = {}  # scene -> its paintings, and what its frames share

    def steps(self, first=0, last=None):
        """The steps from one frame to before another one, scene by scene, passes forwards and backwards in turn.

        Where a scene ends is found out on the way; the first frame begins one.
        """
        last = len(self._stacks.numbers) if last is None else last
        while first < last:
            end = first
            while end < last and (self._begins_scene(end) == (end == first)):
                yield Step(0, end, 1)
                end += 1
            for turn in range(1, self._run.settings.passes):
                direction = -1 if turn % 2 else 1
                yield from (Step(turn, frame, direction) for frame in range(first, end)[::direction])
            first = end

    def wanted(self, step):
        """The pairs of frames, (from, to), whose motion a step needs, and the one that follows if nothing is cut."""
        after = step._replace(frame=step.frame + step.direction)
        pairs = self._pairs(step) + (self._pairs(after) if 0 <= after.frame < len(self._stacks.numbers) else [])
        return list(filter(self._is_within_scene, pairs))

    def _pairs(self, step):
        """The nearest first."""
        back = (step.frame - step.direction * away for away in distances(self._run.settings.temporal_window))
        return [(step.frame, other) for other in back if 0 <= other < len(self._stacks.numbers)]

    def paint(self, step, follow=None):
        """Paint a frame, and put it on the stacks.

        Parameters
        ----------
        step : Step
        follow : callable, optional
            As of `painter.Optimisation.paint`.

        Returns
        -------
        Row
        Painted
        """
        pairs = list(filter(self._is_within_scene, self._pairs(step)))
        run = self._run_of(step.frame)
        target, past = self._stacks.painted[step.turn % 2], self._stacks.painted[(step.turn + 1) % 2]
        if pairs and run.settings.temporal_window and self._is_repeated(*pairs[0]):
            painted = Painted(images.to_network(target.picture(pairs[0][1])), {}, 0, "finished")
        else:
            before = images.to_network(past.picture(step.frame)) if step.turn else None
            earlier = self._earlier(target, pairs) if run.settings.temporal_window else []
            painted = self._painter.paint(run, earlier, before, follow)
        target[step.frame] = levels(images.from_network(painted.image))
        self._stacks.shown[step.frame] = levels(finished(run, images.to_network(target.picture(step.frame))))
        return self._row(step, painted, pairs), painted

    def _begins_scene(self, frame):
        if frame >= self.looked:
            if is_cut(self._flows, frame):
                self.scenes.append(frame)
            self.looked = frame + 1
        return frame in self.scenes

    def _is_within_scene(self, pair):
        return self._scene(pair[0]) == self._scene(pair[1])

    def _scene(self, frame):
        return bisect.bisect_right(self.scenes, frame) - 1

    def _is_repeated(self, frame, other):
        """Whether a frame is the one before once more, as in cartoons and in films whose rate was raised."""
        same = np.array_equal(self._stacks.source[frame], self._stacks.source[other])
        return same and len(self._masks) < 2

    def _earlier(self, target, pairs):
        """What the painter is given of earlier frames: each counts where no nearer one does (equation 10)."""
        found, left = [], 1.0
        for pair in pairs:
            motion = self._flows.motion(*pair)
            moved = flow.warped(images.to_network(target.picture(pair[1])), motion.flow, order=3)
            trust = np.minimum(motion.trust.trusted, left).astype(np.float32)
            left = np.maximum(left - motion.trust.trusted, 0)
            found.append(Earlier(images.clip(moved), trust, motion.trust.hidden))
        return found

    def _run_of(self, frame):
        """The run of one frame: its photograph, its masks, the paintings of its scene."""
        it, content = self._run.settings, self._stacks.source.picture(frame)
        run = self._run._replace(content=content)
        if it.preserve_colors in colors.MATCHING:
            scene = self._scene(frame)
            if scene not in self._matched:
                first = self._stacks.source.picture(self.scenes[scene])
                self._matched = {scene: (prepare.read_pictures(it, first).styles, prepare.Shared())}
            styles, shared = self._matched[scene]
            run = run._replace(styles=styles, shared=shared)
        if len(self._masks) > 1:
            mask = self._masks[self._stacks.numbers[frame] - 1]
            regions = masks.read(mask, it.style_mask, len(run.styles), run.size, it.max_pixels)
            run = run._replace(regions=regions.result, style_regions=regions.styles, painted=regions.painted)
            if it.style_mask is not None:  # whose regions come in the order of this mask
                run = run._replace(shared=prepare.Shared())
        return run

    def _row(self, step, painted, pairs):
        losses = [painted.losses.get(name) for name in ("total", "content", "style", "temporal")]
        trusted, errors = None, (None, None)
        if pairs:
            here, there = pairs[0]
            motion = self._flows.motion(here, there)
            trusted = float(np.mean(motion.trust.trusted))
            errors = (
                stability.error(stack.picture(here), stack.picture(there), motion.flow, motion.trust.trusted)
                for stack in (self._stacks.shown, self._stacks.source)
            )
        number = self._stacks.numbers[step.frame]
        return Row(number, self._scene(step.frame) + 1, step.turn + 1, 0.0, painted.epochs, *losses, trusted, *errors)


def mask_files(settings):
    """The files of `--content-mask`: none, one, or of a folder one for each frame of the film."""
    name = settings.content_mask
    if name is None:
        return []
    if not Path(name).is_dir():
        return [name]
    return list(reading.opened(name, max_pixels=settings.max_pixels).pictures)
