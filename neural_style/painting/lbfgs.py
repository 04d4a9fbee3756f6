"""L-BFGS in a trust region: an `optimizers.Optimizer`."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .arrays import Array, array_namespace, device
from .pieces import MEMORY, Difference, Pieces
from .remembered import Remembered, Whole

NOTHING = float(np.finfo(np.float32).tiny)  # below this a length of float32 is none


class LBFGS:
    """Limited-memory BFGS (Liu & Nocedal 1989; two-loop recursion of Nocedal 1980) in a trust region.

    There is no line search: a step longer than the trust radius is shortened to it; where the loss has risen the step
    is taken back and tried again, so that a run cannot blow up, with the radius at which the parabola through both
    losses and the slope is lowest (Nocedal & Wright 2006, equation 3.57), at most half; where it has fallen the radius
    grows. A step that was taken back is remembered as any other.

    Parameters
    ----------
    rate : float
        Length of the first step: root mean square over the picture, in grey levels (of 256).
    history : int
        Pairs of steps and gradient differences that are remembered.
    remember : callable
        How: array, or `pieces.Difference`, and scale to `remembered.Remembered`.
    pieces : pieces.Pieces
    """

    default_rate = 4.0
    classic = False
    history = 12
    pictures = 2 * history + 2
    numbers, arrays, pairs = ("radius", "loss"), ("image", "gradient"), ("step", "difference")
    longest_step = 16.0  # grey levels, root mean square
    held_back: bool
    # of a step, the difference of gradients along it, and their product
    _pairs: list[tuple[Remembered, Remembered, float]]
    _radius: float
    _image: Array  # the latest picture whose loss was not higher than the one before, and its loss and gradient
    _loss: float
    _gradient: Array

    def __init__(
        self,
        rate: float,
        history: int = history,
        remember: Callable[[Any, float], Remembered] = Whole,
        pieces: Pieces = MEMORY,
    ) -> None:
        self.rate, self._pieces = rate, pieces
        self._history, self._keep = history, remember
        self.forget()

    def step(self, image: Array, loss: float, gradient: Array) -> Array:
        """The next picture."""
        risen, pieces = False, self._pieces
        if self._image is None:
            self._radius = self.rate if math.isnan(self._radius) else self._radius
        else:
            step, risen = Difference(image, self._image), loss > self._loss
            if risen:
                slope = min(0.0, pieces.dot(self._gradient, step))
                lowest = -slope / (2 * (loss - self._loss - slope))
                self._radius = min(self._radius, pieces.rms(step)) * max(0.1, lowest)
            else:
                self._radius = min(1.5 * self._radius, self.longest_step)
            self._remember(step, Difference(gradient, self._gradient))
        if not risen:
            self._image, self._loss, self._gradient = image, loss, gradient
        direction = self._direction(self._gradient)
        length = pieces.rms(direction)
        self.held_back = length > self._radius or not self._pairs
        if self.held_back:
            factor = self._radius / length if length > NOTHING else 0.0
            pieces.change(direction, lambda part: factor * part)
        pieces.change(direction, lambda part, image: image + part, self._image)
        return direction

    def _remember(self, step: Difference, difference: Difference) -> None:
        curvature = self._pieces.dot(step, difference)
        # the update keeps the matrix positive definite only where the curvature along the step is positive
        if curvature > 1e-10 * self._pieces.dot(difference, difference):
            del self._pairs[: max(0, len(self._pairs) + 1 - self._history)]
            self._pair(self._keep(step, 1.0), self._keep(difference, 1.0))

    def _pair(self, step: Remembered, difference: Remembered) -> None:
        self._pairs.append((step, difference, step.dot(difference)))

    def _direction(self, gradient: Array) -> Array:
        result, factors = self._pieces.made(lambda part: -part, gradient), []
        direction = result.reshape(-1)
        for step, difference, curvature in reversed(self._pairs):
            factor = _single(step.dot(direction) / curvature)
            factors.append(factor)
            difference.add_to(direction, -factor)
        if self._pairs:
            # of the two steps of Barzilai & Borwein 1988 the short one alone is too short for these losses
            step, difference, curvature = self._pairs[-1]
            short, long = curvature / difference.dot(difference), step.dot(step) / curvature
            factor = _single(short**0.75 * long**0.25)
            self._pieces.change(direction, lambda part: factor * part)
        for (step, difference, curvature), factor in zip(self._pairs, reversed(factors)):
            step.add_to(direction, _single(factor - _single(difference.dot(direction) / curvature)))
        return result

    def forget(self) -> None:
        """Start afresh from the next picture."""
        self._pairs, self._radius, self.held_back = [], math.nan, False
        self._image, self._loss, self._gradient = None, math.nan, None

    def anew(self) -> None:
        """Go on with a loss that differs a little from the one before: its curvature is taken for the same."""
        self._image, self._loss, self._gradient = None, math.nan, None

    def resize(self, size: tuple[int, int]) -> None:
        """Nothing of the history holds at another size: start afresh there."""
        self.forget()

    def state(self) -> dict[str, Array]:
        """The arrays that the next step depends on, by name."""
        if self._image is None:
            return {}
        pairs = {}
        for number, (step, difference, _) in enumerate(self._pairs):
            pairs.update(step.state(f"step_{number}", self._image.shape))
            pairs.update(difference.state(f"difference_{number}", self._image.shape))
        return {
            **pairs,
            "radius": np.array(self._radius),
            "image": self._image,
            "loss": np.array(self._loss),
            "gradient": self._gradient,
        }

    def restore(self, state: dict[str, Array]) -> None:
        """Put back what `state` gave."""
        self.forget()
        if state:
            image = state["image"]
            count = sum(f"step_{number}" in state for number in range(len(state)))
            for number in range(max(0, count - self._history), count):
                arrays = {name: state[f"{name}_{number}"] for name in self.pairs}
                self._pair(*(
                    self._keep(_beside(image, array), float(state.get(f"{name}_{number}_scale", 1.0)))
                    for name, array in arrays.items()
                ))  # fmt: skip
            self._radius, self._loss = float(state["radius"]), float(state["loss"])
            self._image, self._gradient = state["image"], state["gradient"]


def _beside(image: Array, array: Array) -> Array:
    """An array of any library as one of another's, on its device."""
    return array_namespace(image).asarray(array, device=device(image))


def _single(number: float) -> float:
    """A number rounded to float32, as it is multiplied into pictures."""
    return float(np.float32(number))
