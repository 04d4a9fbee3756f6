"""Steps down the gradient of a picture: NAG, Adam and L-BFGS, each with one evaluation of the objective per step.

An optimizer is given the picture, its loss and gradient, and returns the next picture. Its arrays can be taken out,
put back, and brought to another size (`state`, `restore`, `resize`), so that a run can go on at a finer level or
after an interruption.

`classic` says that a run keeps to the recipe of MXNet's example/neural-style: the gradient's norm is limited, pixels
are not, a small step alone means the end, and the last picture is the result. Pictures are float32 arrays (1, 3, H, W)
in network range, 256 levels per channel.
"""

import math
from collections.abc import Callable
from typing import Protocol, Union

import numpy as np
from PIL import Image

from .arrays import Array, array_namespace, device, dot, resized, rms
from .remembered import Remembered, Whole

NOTHING = float(np.finfo(np.float32).tiny)  # below this a length of float32 is none


class Optimizer(Protocol):
    """What the loop knows of an optimizer."""

    rate: float
    default_rate: float
    classic: bool
    pictures: int  # how many arrays of a picture's size are remembered from step to step
    numbers: tuple[str, ...]  # names of the numbers in what `state` gives
    arrays: tuple[str, ...]  # of the arrays of a picture's size in it
    pairs: tuple[str, ...]  # of those that are there several times: <name>_0, <name>_1, ...

    @property
    def held_back(self) -> bool:
        """Whether something of the optimizer's own, not the loss, kept the last step short."""

    def step(self, image: Array, loss: float, gradient: Array) -> Array:
        """The next picture."""

    def forget(self) -> None:
        """Start afresh from the next picture."""

    def resize(self, size: tuple[int, int]) -> None:
        """Carry what is remembered to another picture size (height, width)."""

    def state(self) -> dict[str, Array]:
        """The arrays that the next step depends on, by name."""

    def restore(self, state: dict[str, Array]) -> None:
        """Put back what `state` gave."""


class NAG:
    """Nesterov's accelerated gradient with momentum and weight decay, as MXNet's optimizer of that name.

    Parameters
    ----------
    rate : float
    momentum, weight_decay : float
    """

    default_rate = 0.001
    classic = True
    pictures = 1
    numbers, arrays, pairs = ("steps",), ("velocity",), ()
    _steps: int
    _velocity: Array

    def __init__(self, rate: float, momentum: float = 0.95, weight_decay: float = 0.0001) -> None:
        self.rate = rate
        self._momentum, self._weight_decay = momentum, weight_decay
        self.forget()

    def step(self, image: Array, loss: float, gradient: Array) -> Array:
        """The next picture."""
        if self._steps == 0:
            self._velocity = array_namespace(image).zeros_like(image)
        self._steps += 1
        velocity = self._momentum * self._velocity
        looked_ahead = image + self._momentum * velocity
        looked_ahead -= (1 + self._momentum) * self.rate * (gradient + self._weight_decay * image)
        # MXNet's kernel works in place: the weight decay of the velocity sees the new picture
        self._velocity = velocity - self.rate * (gradient + self._weight_decay * looked_ahead)
        return looked_ahead

    @property
    def held_back(self) -> bool:
        """Whether the momentum is still gathering: one step alone has a twentieth of the length that the rate means."""
        return self._steps * (1 - self._momentum) < 1

    def forget(self) -> None:
        """Start afresh from the next picture."""
        self._steps, self._velocity = 0, None

    def resize(self, size: tuple[int, int]) -> None:
        """Carry the velocity to another picture size."""
        if self._steps:
            self._velocity = resized(self._velocity, size)

    def state(self) -> dict[str, Array]:
        """The arrays that the next step depends on, by name."""
        return {"steps": np.array(self._steps), "velocity": self._velocity} if self._steps else {}

    def restore(self, state: dict[str, Array]) -> None:
        """Put back what `state` gave."""
        self.forget()
        if state:
            self._steps, self._velocity = int(state["steps"]), state["velocity"]


class Adam:
    """Adam (Kingma & Ba, arXiv 1412.6980, algorithm 1).

    Parameters
    ----------
    rate : float
        Grey levels (of 256) per step.
    """

    default_rate = 4.0
    classic = False
    pictures = 2
    numbers, arrays, pairs = ("steps",), ("mean", "square"), ()
    held_back = False
    _steps: int
    _mean: Array
    _square: Array

    def __init__(self, rate: float, betas: tuple[float, float] = (0.9, 0.99), epsilon: float = 1e-8) -> None:
        self.rate = rate
        self._betas, self._epsilon = betas, epsilon
        self.forget()

    def step(self, image: Array, loss: float, gradient: Array) -> Array:
        """The next picture."""
        xp, (first, second) = array_namespace(image), self._betas
        if self._steps == 0:
            self._mean, self._square = xp.zeros_like(image), xp.zeros_like(image)
        self._steps += 1
        self._mean = first * self._mean + (1 - first) * gradient
        self._square = second * self._square + (1 - second) * gradient**2
        mean = self._mean / (1 - first**self._steps)
        square = self._square / (1 - second**self._steps)
        return image - self.rate * mean / (xp.sqrt(square) + self._epsilon)

    def forget(self) -> None:
        """Start afresh from the next picture."""
        self._steps, self._mean, self._square = 0, None, None

    def resize(self, size: tuple[int, int]) -> None:
        """Carry the moments to another picture size."""
        if self._steps:
            self._mean = resized(self._mean, size)
            # bilinear: the mean square must not become negative
            self._square = resized(self._square, size, Image.Resampling.BILINEAR)

    def state(self) -> dict[str, Array]:
        """The arrays that the next step depends on, by name."""
        return {"steps": np.array(self._steps), "mean": self._mean, "square": self._square} if self._steps else {}

    def restore(self, state: dict[str, Array]) -> None:
        """Put back what `state` gave."""
        self.forget()
        if state:
            self._steps, self._mean, self._square = int(state["steps"]), state["mean"], state["square"]


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
        How: array and scale to `remembered.Remembered`.
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
        self, rate: float, history: int = history, remember: Callable[[Array, float], Remembered] = Whole
    ) -> None:
        self.rate = rate
        self._history, self._keep = history, remember
        self.forget()

    def step(self, image: Array, loss: float, gradient: Array) -> Array:
        """The next picture."""
        risen = False
        if self._image is None:
            self._radius = self.rate
        else:
            step, risen = image - self._image, loss > self._loss
            if risen:
                slope = min(0.0, float(dot(self._gradient, step)))
                lowest = -slope / (2 * (loss - self._loss - slope))
                self._radius = min(self._radius, rms(step)) * max(0.1, lowest)
            else:
                self._radius = min(1.5 * self._radius, self.longest_step)
            self._remember(step, gradient - self._gradient)
        if not risen:
            self._image, self._loss, self._gradient = image, loss, gradient
        direction = self._direction(self._gradient)
        length = rms(direction)
        self.held_back = length > self._radius or not self._pairs
        if self.held_back:
            direction *= self._radius / length if length > NOTHING else 0.0
        return self._image + direction

    def _remember(self, step: Array, difference: Array) -> None:
        curvature = float(dot(step, difference))
        # the update keeps the matrix positive definite only where the curvature along the step is positive
        if curvature > 1e-10 * float(dot(difference, difference)):
            del self._pairs[: max(0, len(self._pairs) + 1 - self._history)]
            self._pair(self._keep(step, 1.0), self._keep(difference, 1.0))

    def _pair(self, step: Remembered, difference: Remembered) -> None:
        self._pairs.append((step, difference, step.dot(difference)))

    def _direction(self, gradient: Array) -> Array:
        direction, factors = -gradient.reshape(-1), []
        for step, difference, curvature in reversed(self._pairs):
            factor = _single(step.dot(direction) / curvature)
            factors.append(factor)
            difference.add_to(direction, -factor)
        if self._pairs:
            # of the two steps of Barzilai & Borwein 1988 the short one alone is too short for these losses
            step, difference, curvature = self._pairs[-1]
            short, long = curvature / difference.dot(difference), step.dot(step) / curvature
            direction *= _single(short**0.75 * long**0.25)
        for (step, difference, curvature), factor in zip(self._pairs, reversed(factors)):
            step.add_to(direction, _single(factor - _single(difference.dot(direction) / curvature)))
        return direction.reshape(gradient.shape)

    def forget(self) -> None:
        """Start afresh from the next picture."""
        self._pairs, self._radius, self.held_back = [], math.nan, False
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


OPTIMIZERS: dict[str, type[Union[NAG, Adam, LBFGS]]] = {"nag": NAG, "adam": Adam, "lbfgs": LBFGS}
