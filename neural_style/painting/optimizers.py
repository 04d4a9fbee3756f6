"""Steps down the gradient of a picture: NAG, Adam and L-BFGS, each with one evaluation of the objective per step.

An optimizer is given the picture, its loss and gradient, and returns the next picture. Its arrays can be taken out,
put back, and brought to another size (`state`, `restore`, `resize`), so that a run can go on at a finer level or
after an interruption.

`classic` says that a run keeps to the recipe of MXNet's example/neural-style: the gradient's norm is limited, pixels
are not, a small step alone means the end, and the last picture is the result. Pictures are float32 arrays (1, 3, H, W)
in network range, 256 levels per channel. `pieces` says how they are computed with.
"""

from typing import Protocol, Union

import numpy as np
from PIL import Image

from .arrays import Array, array_namespace, resized
from .lbfgs import LBFGS
from .pieces import MEMORY, Pieces


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
        """The next picture, an array of its own."""

    def forget(self) -> None:
        """Start afresh from the next picture."""

    def anew(self) -> None:
        """Go on from the next picture with a loss that differs a little from the one before."""

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
    pieces : pieces.Pieces
    """

    default_rate = 0.001
    classic = True
    pictures = 1
    numbers, arrays, pairs = ("steps",), ("velocity",), ()
    _steps: int
    _velocity: Array

    def __init__(
        self, rate: float, momentum: float = 0.95, weight_decay: float = 0.0001, pieces: Pieces = MEMORY
    ) -> None:
        self.rate, self._pieces = rate, pieces
        self._momentum, self._weight_decay = momentum, weight_decay
        self.forget()

    def step(self, image: Array, loss: float, gradient: Array) -> Array:
        """The next picture."""
        momentum, decay = self._momentum, self._weight_decay
        if self._steps == 0:
            self._velocity = self._pieces.made(lambda image: 0 * image, image)
        self._steps += 1

        def ahead(image: Array, velocity: Array, gradient: Array) -> Array:
            looked_ahead = image + momentum * (momentum * velocity)
            looked_ahead -= (1 + momentum) * self.rate * (gradient + decay * image)
            return looked_ahead

        looked_ahead = self._pieces.made(ahead, image, self._velocity, gradient)
        # MXNet's kernel works in place: the weight decay of the velocity sees the new picture
        self._velocity = self._pieces.made(
            lambda velocity, gradient, image: momentum * velocity - self.rate * (gradient + decay * image),
            self._velocity, gradient, looked_ahead,
        )  # fmt: skip
        return looked_ahead

    @property
    def held_back(self) -> bool:
        """Whether the momentum is still gathering: one step alone has a twentieth of the length that the rate means."""
        return self._steps * (1 - self._momentum) < 1

    def forget(self) -> None:
        """Start afresh from the next picture."""
        self._steps, self._velocity = 0, None

    def anew(self) -> None:
        """Go on with a loss that differs a little from the one before, as with the same."""

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
    pieces : pieces.Pieces
    """

    default_rate = 4.0
    classic = False
    pictures = 2
    numbers, arrays, pairs = ("steps",), ("mean", "square"), ()
    held_back = False
    _steps: int
    _mean: Array
    _square: Array

    def __init__(
        self, rate: float, betas: tuple[float, float] = (0.9, 0.99), epsilon: float = 1e-8, pieces: Pieces = MEMORY
    ) -> None:
        self.rate, self._pieces = rate, pieces
        self._betas, self._epsilon = betas, epsilon
        self.forget()

    def step(self, image: Array, loss: float, gradient: Array) -> Array:
        """The next picture."""
        made, xp, (first, second) = self._pieces.made, array_namespace(image), self._betas
        if self._steps == 0:
            self._mean, self._square = (made(lambda image: 0 * image, image) for _ in range(2))
        self._steps += 1
        self._mean = made(lambda mean, part: first * mean + (1 - first) * part, self._mean, gradient)
        self._square = made(lambda square, part: second * square + (1 - second) * part**2, self._square, gradient)
        short, long = 1 - first**self._steps, 1 - second**self._steps

        def further(image: Array, mean: Array, square: Array) -> Array:
            return image - self.rate * (mean / short) / (xp.sqrt(square / long) + self._epsilon)

        return made(further, image, self._mean, self._square)

    def forget(self) -> None:
        """Start afresh from the next picture."""
        self._steps, self._mean, self._square = 0, None, None

    def anew(self) -> None:
        """Go on with a loss that differs a little from the one before, as with the same."""

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


OPTIMIZERS: dict[str, type[Union[NAG, Adam, LBFGS]]] = {"nag": NAG, "adam": Adam, "lbfgs": LBFGS}
