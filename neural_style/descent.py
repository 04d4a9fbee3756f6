"""The loop: from a start picture, coarse to fine, epoch by epoch, to the end. A stream of events, known to no listener."""
import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from . import images

MOST_FAILURES = 5


class Level(NamedTuple):
    """A stretch of epochs at one picture size (height, width)."""

    size: tuple
    epochs: int


class Best(NamedTuple):
    """The picture with the lowest total loss at the size of the result."""

    epoch: int
    total: float
    image: np.ndarray


@dataclass
class State:
    """All that the next epoch depends on; with it a run can be taken up again."""

    image: np.ndarray
    epoch: int = 0  # epochs done in all levels
    level: int = 0
    level_epoch: int = 0  # epochs done in this level
    step_scale: float = 1.0  # halved by each failed step
    failures: int = 0  # failed steps in a row
    best: Best = None
    average: np.ndarray = None  # running mean of the pictures, with average_decay
    optimizer: dict = field(default_factory=dict)


class Event(NamedTuple):
    """What an epoch brought.

    `losses` are those of `image`, which has the size of its level; `relative_change` is the L2 norm of the change over
    that of the picture. `failed` says that the step led to values that are not finite and was taken back.
    `status` is None until the last event of a run: converged, finished or diverged.
    """

    epoch: int
    image: np.ndarray
    losses: dict
    relative_change: float
    failed: bool
    status: str
    state: State


def descend(levels, make_objective, optimizer, state, *, rate_at, stop_eps=0.0, clip=True, average_decay=0.0):
    """Paint.

    Parameters
    ----------
    levels : sequence of Level
        Coarse to fine; the last one has the size of the result.
    make_objective : callable
        Size -> Objective. Called when a level begins, so that one network at a time is in memory.
    optimizer : NAG, Adam or LBFGS
    state : State
        Where to start or to go on: a start picture of any size, or the state of an earlier event.
    rate_at : callable
        Epoch (from 1) -> the optimizer's rate.
    stop_eps : float
        A level ends when an epoch changes the picture by less than this (relative L2 norm) without having been cut
        short by the optimizer; the run ends when its last level does.
    clip : bool
        Keep every pixel in the range that a file can hold.
    average_decay : float
        Above 0, events carry a running mean of the pictures in which one of n epochs ago weighs average_decay^n, as
        in Polyak & Juditsky 1992; their losses stay those of the picture itself, and no picture is kept as the best.

    Yields
    ------
    Event
        One for each epoch.
    """
    optimizer.restore(state.optimizer)
    for index in range(state.level, len(levels)):
        level, last_level = levels[index], index == len(levels) - 1
        if index > state.level:
            state.level, state.level_epoch = index, 0
            optimizer.resize(level.size)
        state.image = images.resize_planes(state.image, level.size)
        if clip:
            state.image = images.clip(state.image)
        if average_decay and state.average is not None:
            state.average = images.clip(images.resize_planes(state.average, level.size))
        objective = make_objective(level.size)
        losses, gradient = objective.losses_and_gradient(state.image)
        if last_level and not average_decay:
            _keep_best(state, losses)
        while state.level_epoch < level.epochs:
            state.epoch += 1
            state.level_epoch += 1
            optimizer.rate = rate_at(state.epoch) * state.step_scale
            image = optimizer.step(state.image, losses["total"], gradient)
            if clip:
                image = images.clip(image)
            new_losses, new_gradient = objective.losses_and_gradient(image)
            failed = not (_finite(new_losses) and np.isfinite(new_gradient).all())
            change, status = 0.0, None
            if failed:
                state.failures += 1
                state.step_scale /= 2
                optimizer.forget()
                status = "diverged" if state.failures == MOST_FAILURES else None
            else:
                change = float(np.linalg.norm(image - state.image) / np.linalg.norm(image))
                state.image, losses, gradient, state.failures = image, new_losses, new_gradient, 0
                if average_decay:
                    # at first the plain mean, so that the start weighs no more than what follows
                    share = np.float32(max(1 - average_decay, 1 / state.epoch))
                    state.average = image if state.average is None else state.average + share * (image - state.average)
                elif last_level:
                    _keep_best(state, losses)
            converged = change < stop_eps and not failed and not optimizer.shortened
            if last_level and status is None:
                status = "converged" if converged else "finished" if state.level_epoch == level.epochs else None
            state.optimizer = optimizer.state()
            shown = state.image if state.average is None else state.average
            yield Event(state.epoch, shown, losses, change, failed, status, state)
            if status == "diverged":
                return
            if converged:
                break


def _finite(losses):
    return all(math.isfinite(value) for value in losses.values())


def _keep_best(state, losses):
    total = losses["total"]
    if math.isfinite(total) and (state.best is None or total < state.best.total):
        state.best = Best(state.epoch, total, state.image)


def plan(size, epochs, levels):
    """Share the epochs of a run among picture sizes.

    Each level has half the long edge of the next.

    Parameters
    ----------
    size : (int, int)
        Height and width of the result.
    epochs : int
    levels : int or None
        None: as many as leave a short edge of 96 pixels or more, at most 3.

    Returns
    -------
    list of Level
        Coarse to fine; levels without an epoch are left out.
    """
    height, width = size
    if levels is None:
        levels = 1 + max(0, min(2, int(math.log2(min(size) / 96)))) if min(size) >= 96 else 1
    shares = SHARES[:levels] if levels <= len(SHARES) else SHARES + (SHARES[-1],) * (levels - len(SHARES))
    counts = [round(epochs * share / sum(shares)) for share in shares]
    counts[0] = epochs - sum(counts[1:])
    sizes = [(max(1, round(height / 2**step)), max(1, round(width / 2**step))) for step in range(levels)]
    return [Level(s, n) for s, n in reversed(list(zip(sizes, counts))) if n > 0]


# epochs at the size of the result, at half of it, at a quarter, ...
SHARES = (1, 2, 2)
