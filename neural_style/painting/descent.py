"""The loop: from a start picture, coarse to fine, epoch by epoch, to the end: a stream of events."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Callable, NamedTuple, Optional, Protocol

import numpy as np

from . import phases
from .arrays import Array, resized
from .levels import Level
from .optimizers import Optimizer
from .pieces import MEMORY, Difference, Pieces

MOST_FAILURES = 5
LOOK_BACK = 6  # epochs
# epochs at the size of the result before what will be written is looked at, and again after three times as many, ...
FIRST_AIM = 8
# of what will not be written is put on beforehand: on eight pairs all of it came nearest to the painting, and went a
# tenth further from the photograph
PUT_ON = 0.6
SETTLED = 8  # times `stop_eps` the loss may still fall in so many: on eight pairs nobody saw what more would bring


class Objective(Protocol):
    """What the loop knows of an objective; see `objective.Objective`."""

    noise: Optional[Array]

    def losses_and_gradient(self, image: Array) -> tuple[dict[str, float], Array]:
        """The losses by name, `total` among them, and the gradient of the total."""

    def admitted(self, image: Array) -> Array:
        """The picture as it may be where a level begins."""

    def look_from(self, phase: tuple[int, int]) -> None:
        """Let the network sample the picture in another phase from now on."""


class Best(NamedTuple):
    """The picture with the lowest total loss at the size of the result."""

    epoch: int
    total: float
    image: Array


@dataclass(frozen=True)
class State:
    """All that the next epoch depends on; with it a run can be taken up again."""

    image: Array
    epoch: int = 0  # epochs done in all levels
    level: int = 0  # of the next epoch
    level_epoch: int = 0  # epochs done in that level
    step_scale: float = 1.0  # halved by each failed step
    failures: int = 0  # failed steps in a row
    # of the latest epochs at this level, at most LOOK_BACK + 1: `total`, `style`, and `change` where it may end it
    latest: list[dict[str, float]] = field(default_factory=list)
    best: Optional[Best] = None
    average: Optional[Array] = None  # running mean of the pictures, with average_decay
    noise: Optional[Array] = None  # what the losses leave out of the picture: it is not written
    optimizer: dict[str, Array] = field(default_factory=dict)

    @property
    def shown(self) -> Array:
        """The picture to show: the running mean where there is one."""
        return self.image if self.average is None else self.average

    def mapped(self, convert: Callable[[Array], Array]) -> "State":
        """The same state with another library's arrays, each of a picture's size converted."""
        optimizer = {key: convert(value) if np.ndim(value) else value for key, value in self.optimizer.items()}
        best = None if self.best is None else self.best._replace(image=convert(self.best.image))
        average, noise = (None if part is None else convert(part) for part in (self.average, self.noise))
        return replace(self, image=convert(self.image), best=best, average=average, noise=noise, optimizer=optimizer)


class Event(NamedTuple):
    """What an epoch brought.

    `losses` are those of the picture itself, also where `image`, which has the size of its level, is the running mean;
    `relative_change` is the L2 norm of the change over that of the picture. `failed` says that the step led to values
    that are not finite and was taken back. `status` is None until the last event of a run: converged, finished or
    diverged.
    """

    epoch: int
    image: Array
    losses: dict[str, float]
    relative_change: float
    failed: bool
    status: Optional[str]
    state: State

    def mapped(self, convert: Callable[[Array], Array]) -> "Event":
        """The same event with another library's arrays."""
        state = self.state.mapped(convert)
        return self._replace(image=state.shown, state=state)


def descend(
    levels: Sequence[Level],
    make_objective: Callable[[tuple[int, int]], Objective],
    optimizer: Optimizer,
    state: State,
    *,
    rate_at: Callable[[int], float],
    stop_eps: float = 0.0,
    clip: bool = True,
    average_decay: float = 0.0,
    enlarge: Callable[[Array, tuple[int, int]], Array] = resized,
    noise_of: Optional[Callable[[Array], Array]] = None,
    moving: bool = False,
    pieces: Pieces = MEMORY,
) -> Iterator[Event]:
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
        A level may end with an epoch that changes the picture by less than this, relative L2 norm. With a classic
        optimizer it does; with others a coarser level does if that epoch also lowers the loss by less than this,
        relative, and the last one if one of its last `LOOK_BACK` epochs changes the picture so little, and together
        they lower neither the loss nor the style's by `SETTLED` times this. An epoch whose step the optimizer held
        back (see `Optimizer.held_back`) ends nothing while the loss falls.
    clip : bool
        Keep every pixel in the range that a file can hold.
    average_decay : float
        Above 0, events carry a running mean of the pictures in which one of n epochs ago weighs average_decay^n, as
        in Polyak & Juditsky 1992; their losses stay those of the picture itself, and no picture is kept as the best.
    enlarge : callable
        Image, size -> image at another size: how a picture is carried from level to level.
    noise_of : callable, optional
        Image -> what denoising takes out of it when it is written, an array of its own. At the size of the result,
        after 8, 24, 72, ... epochs, `PUT_ON` times it become the objective's `noise`: from there on the losses are
        nearly those of what is written, and what denoising takes away is put on the picture beforehand, as in the
        iterations of Osher et al. 2005, "An Iterative Regularization Method for Total Variation-Based Image
        Restoration".
    moving : bool
        Whether the phase in which the network samples the picture changes on the way: see `phases`.
    pieces : pieces.Pieces

    Yields
    ------
    Event
        One for each epoch.
    """
    optimizer.restore(state.optimizer)
    for index in range(state.level, len(levels)):
        level, last_level = levels[index], index == len(levels) - 1
        objective = None  # lets go of the coarser level's network first
        objective = make_objective(level.size)
        if state.level_epoch == 0:
            optimizer.resize(level.size)
            state = _resized(state, level.size, enlarge, pieces)
            image = pieces.clipped(state.image) if clip else state.image
            state = replace(state, image=objective.admitted(image))
        objective.noise = state.noise
        if moving:
            objective.look_from(phases.of_epoch(index, state.level_epoch))
        with np.errstate(over="ignore", invalid="ignore"):
            losses, gradient = objective.losses_and_gradient(state.image)
        if last_level and not average_decay:
            state = _with_best(state, losses)
        while state.level_epoch < level.epochs:
            aims = noise_of is not None and last_level and _is_aimed_after(state.level_epoch)
            moves = moving and phases.changes_after(state.level_epoch)
            if aims and noise_of is not None:
                objective.noise = noise_of(state.shown)
                pieces.change(objective.noise, lambda part: PUT_ON * part)
            if moves:
                objective.look_from(phases.of_epoch(index, state.level_epoch))
            if aims or moves:
                optimizer.anew()
                with np.errstate(over="ignore", invalid="ignore"):
                    losses, gradient = objective.losses_and_gradient(state.image)
                # losses of before are those of another picture
                state = replace(state, noise=objective.noise, latest=[], best=None)
                if last_level and not average_decay:
                    state = _with_best(state, losses)
            optimizer.rate = rate_at(state.epoch + 1) * state.step_scale
            # values that are not finite are dealt with below, warnings of NumPy's would only confuse
            with np.errstate(over="ignore", invalid="ignore"):
                image = optimizer.step(state.image, losses["total"], gradient)
                if clip:
                    pieces.clip(image)
                new_losses, new_gradient = objective.losses_and_gradient(image)
            failed = not (_all_finite(new_losses) and pieces.finite(new_gradient))
            change, status, falls = 0.0, None, False
            state = replace(state, epoch=state.epoch + 1, level_epoch=state.level_epoch + 1)
            if failed:
                optimizer.forget()
                state = replace(state, failures=state.failures + 1, step_scale=state.step_scale / 2)
                status = "diverged" if state.failures == MOST_FAILURES else None
            else:
                change = pieces.norm(Difference(image, state.image)) / (pieces.norm(image) or math.nan)
                falls = new_losses["total"] < losses["total"]
                may_end = not (optimizer.held_back and falls)
                latest = state.latest or [_told(losses, math.inf)]
                latest = [*latest, _told(new_losses, change if may_end else math.inf)][-LOOK_BACK - 1 :]
                losses, gradient = new_losses, new_gradient
                state = replace(state, image=image, failures=0, latest=latest)
                if average_decay:
                    state = _with_average(state, average_decay, pieces)
                elif last_level:
                    state = _with_best(state, losses)
            state = replace(state, optimizer=optimizer.state())
            # the steps of L-BFGS vary in length: one alone says little
            epochs, least_fall = (LOOK_BACK, SETTLED * stop_eps) if last_level else (1, stop_eps)
            settled = _settled(state.latest, epochs, stop_eps, least_fall, optimizer.classic)
            is_aimed = noise_of is None or not last_level or state.noise is not None
            converged = settled and is_aimed and not failed and not (optimizer.held_back and falls)
            level_over = converged or state.level_epoch == level.epochs
            if level_over and last_level and status is None:
                # too few epochs for five failures in a row, but not one at this size that succeeded
                painted = _all_finite(losses) and state.failures < state.level_epoch
                status = "converged" if converged else "finished" if painted else "diverged"
            if level_over and not last_level:
                state = replace(state, level=index + 1, level_epoch=0, latest=[])
            yield Event(state.epoch, state.shown, losses, change, failed, status, state)
            if status == "diverged":
                return
            if level_over:
                break


def _is_aimed_after(epochs: int) -> bool:
    """Whether so many epochs are 8, 24, 72, ..."""
    while epochs > FIRST_AIM and epochs % 3 == 0:
        epochs //= 3
    return epochs == FIRST_AIM


def _all_finite(losses: dict[str, float]) -> bool:
    return all(math.isfinite(value) for value in losses.values())


def _told(losses: dict[str, float], change: float) -> dict[str, float]:
    return {"total": losses["total"], "style": losses.get("style", 0.0), "change": change}


def _settled(latest: list[dict[str, float]], epochs: int, stop_eps: float, least_fall: float, classic: bool) -> bool:
    """Whether so many epochs have brought little; with a classic optimizer, whether the last one has."""
    if classic:
        return bool(latest) and latest[-1]["change"] < stop_eps
    if len(latest) <= epochs:
        return False
    first, last = latest[-1 - epochs], latest[-1]
    of_total, of_style = (1 - last[name] / first[name] if first[name] else 0.0 for name in ("total", "style"))
    # a step after which the total is higher was too long, and is taken back
    lowest = last["total"] <= min(each["total"] for each in latest[-1 - epochs :])
    brought = of_total >= least_fall or (epochs > 1 and of_style >= least_fall)
    return lowest and not brought and min(each["change"] for each in latest[-epochs:]) < stop_eps


def _resized(
    state: State, size: tuple[int, int], enlarge: Callable[[Array, tuple[int, int]], Array], pieces: Pieces
) -> State:
    average = None if state.average is None else pieces.clipped(enlarge(state.average, size))
    return replace(state, image=enlarge(state.image, size), average=average)


def _with_best(state: State, losses: dict[str, float]) -> State:
    total = losses["total"]
    if math.isfinite(total) and (state.best is None or total < state.best.total):
        return replace(state, best=Best(state.epoch, total, state.image))
    return state


def _with_average(state: State, decay: float, pieces: Pieces) -> State:
    # at first the plain mean, so that the start weighs no more than what follows
    share = max(1 - decay, 1 / state.epoch)
    average = state.image
    if state.average is not None:
        average = pieces.made(lambda mean, image: mean + share * (image - mean), state.average, state.image)
    return replace(state, average=average)
