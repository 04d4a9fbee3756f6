"""Which rows of a picture a strip of a layer needs: how a network is computed piece by piece, from its rows alone.

A network falls into stages at the poolings that everything above rests on. Between two of them a strip needs only a
thin halo of the stage's input, and what strips overlap is computed twice.
"""

import functools
from collections.abc import Collection, Sequence
from typing import NamedTuple, Optional

from .layers import CHANNELS, DATA, Layer, Network, fields, needed, shapes

Rows = tuple[int, int]  # the first, and one behind the last


class Feed(NamedTuple):
    """What a layer takes of one of its inputs in a strip: rows of the strip's array of that input, and padding."""

    name: str
    start: int  # rows of the input's array in this strip, not of the whole picture
    stop: int
    above: int  # rows of padding, at the upper and the lower edge of the whole picture only
    below: int


class Step(NamedTuple):
    """A layer of a strip."""

    layer: Layer
    feeds: tuple[Feed, ...]  # one for each of the layer's inputs


class Strip(NamedTuple):
    """Rows of a stage's layers, and how to compute them from rows of the stage's input."""

    input: str  # of the stage
    source: Rows  # of the stage's input, that are needed
    steps: tuple[Step, ...]  # in the order of the network
    wanted: dict[str, Rows]  # layer that is looked at -> its rows that belong to this strip alone
    held: dict[str, Rows]  # layer -> its rows that this strip computes


class Stage(NamedTuple):
    """Layers between two poolings on which everything above rests."""

    input: str  # the layer below, or the picture
    layers: tuple[Layer, ...]
    output: Optional[str]  # the pooling at its end; None: the last stage


def sees_all(network: Network, names: Collection[str]) -> Optional[str]:
    """The first layer among those of these names and below that sees the whole picture at once; else None."""
    return next((layer.name for layer in needed(network, names) if layer.kind == "global_pool"), None)


def stages(network: Network, names: Collection[str]) -> list[Stage]:
    """The stages of a network up to the layers of these names, from the picture upwards; none may see it all."""
    rows = needed(network, names)
    found: list[Stage] = []
    start = DATA
    layers: list[Layer] = []
    for position, row in enumerate(rows):
        layers.append(row)
        above = rows[position + 1 :]
        known = {row.name, *(layer.name for layer in above)}
        if row.kind == "pool" and row.stride > 1 and above and all(known.issuperset(layer.inputs) for layer in above):
            found.append(Stage(start, tuple(layers), row.name))
            start, layers = row.name, []
    return [*found, Stage(start, tuple(layers), None)]


class Division:
    """A network's stages at one size of picture, each in strips.

    Parameters
    ----------
    network : Network
    size : (int, int)
        Height and width of the picture, its border included.
    pooling : {"avg", "max"}
    names : collection of str
        The layers that are looked at.
    values : int
        How many values of all its layers together a strip may hold; one that cannot be thinner holds more.

    Attributes
    ----------
    shapes : dict of str to tuple
        Shape (C, H, W) of the picture and of every layer.
    """

    def __init__(self, network: Network, size: Sequence[int], pooling: str, names: Collection[str], values: int):
        self.shapes = {DATA: (CHANNELS, size[0], size[1]), **shapes(network, size, pooling)}
        self._strides = {name: field.stride for name, field in fields(network).items()}
        self._names, self._at_most = set(names), values
        self._stages = stages(network, names)

    @functools.cached_property
    def stages(self) -> list[tuple[Stage, list[Strip]]]:
        """From the picture upwards; the strips from top to bottom."""
        return [(stage, self._strips(stage)) for stage in self._stages]

    @property
    def values(self) -> int:
        """Values of the largest strip."""
        return max(self._values(strip) for _, strips in self.stages for strip in strips)

    @property
    def thinnest(self) -> int:
        """Values that a strip holds at least, whatever is asked for: of the stage where these are most."""
        return max(self._values(self._middle(stage, *self._looked_at(stage), 1)) for stage in self._stages)

    @property
    def handed_on(self) -> int:
        """Values that the stages hand on to the next, of the whole picture."""
        return sum(self._handed_on)

    @property
    def _handed_on(self) -> list[int]:
        return [self._row(stage.output) * self._height(stage.output) for stage in self._stages if stage.output]

    def held(self, forward: bool) -> int:
        """The most of them that are held at once, with their gradients, on the way up and down.

        Parameters
        ----------
        forward : bool
            What one stage hands on is let go of when the next one has been computed; else it is there for the way
            back, too.
        """
        steps = list(enumerate(zip(self._handed_on, [0, *self._handed_on])))
        return max([0, *(here + below + (0 if forward else sum(self._handed_on[:at])) for at, (here, below) in steps)])

    def kept(self, pooling: str, each: int) -> int:
        """Bytes that are kept for the way back of the whole picture, in as few bits as it takes.

        Parameters
        ----------
        pooling : {"avg", "max"}
        each : int
            Bytes of a value of a feature map.
        """
        total = 0
        for layer in (layer for stage in self._stages for layer in stage.layers):
            values = self._row(layer.name) * self._height(layer.name)
            total += values // 8 if layer.relu or layer.kind == "relu" else 0
            total += values if layer.kind == "pool" and pooling == "max" else 0
            total += each * values if layer.kind == "lrn" else 0
            total += each * values if layer.name in self._names else 0
        return total

    def _height(self, name: str) -> int:
        return self.shapes[name][1]

    def _row(self, name: str) -> int:
        """Values in a row of a layer."""
        channels, _, width = self.shapes[name]
        return channels * width

    def _values(self, strip: Strip) -> int:
        held = {strip.input: strip.source, **strip.held}
        return sum(self._row(name) * (last - first) for name, (first, last) in held.items())

    def _looked_at(self, stage: Stage) -> tuple[list[str], str]:
        """The layers of a stage that are looked at from outside, and the one of them with the fewest rows.

        Thinner than one row of that a strip cannot be.
        """
        looked_at = [layer.name for layer in stage.layers if layer.name in self._names or layer.name == stage.output]
        return looked_at, max(looked_at, key=lambda name: (self._strides[name], -self._height(name)))

    def _strips(self, stage: Stage) -> list[Strip]:
        looked_at, coarsest = self._looked_at(stage)
        height = self._height(coarsest)
        thin, thicker = (self._values(self._middle(stage, looked_at, coarsest, step)) for step in (1, 2))
        step = min(height, 1 + max(0, self._at_most - thin) // max(1, thicker - thin))
        return [
            self._strip(stage, self._wanted(looked_at, coarsest, first, min(height, first + step)))
            for first in range(0, height, step)
        ]

    def _middle(self, stage: Stage, looked_at: list[str], coarsest: str, step: int) -> Strip:
        height = self._height(coarsest)
        first = max(0, (height - step) // 2)
        return self._strip(stage, self._wanted(looked_at, coarsest, first, min(height, first + step)))

    def _wanted(self, looked_at: list[str], coarsest: str, first: int, last: int) -> dict[str, Rows]:
        """The rows of each layer that belong to the same part of the picture as some of the coarsest layer's."""

        def row(name: str, of_coarsest: int) -> int:
            if of_coarsest == self._height(coarsest):  # of what no stride reached the last strip has the rest
                return self._height(name)
            return min(self._height(name), of_coarsest * self._strides[coarsest] // self._strides[name])

        return {name: (row(name, first), row(name, last)) for name in looked_at}

    def _strip(self, stage: Stage, wanted: dict[str, Rows]) -> Strip:
        held = dict(wanted)
        for layer in reversed(stage.layers):
            if layer.name in held:
                first, last = reach(layer, held[layer.name])
                for name in layer.inputs:
                    low, high = held.get(name, (first, last))
                    held[name] = max(0, min(low, first)), min(self._height(name), max(high, last))
        steps = []
        for layer in stage.layers:
            if layer.name in held:
                first, last = reach(layer, held[layer.name])
                feeds = []
                for name in layer.inputs:
                    start, stop = max(0, first), min(self._height(name), last)
                    above = held[name][0]
                    feeds.append(Feed(name, start - above, stop - above, start - first, last - stop))
                steps.append(Step(layer, tuple(feeds)))
        source = held.pop(stage.input)
        return Strip(stage.input, source, tuple(steps), wanted, held)


def reach(layer: Layer, rows: Rows) -> Rows:
    """The rows of its input that a layer sees for some of its own; those beyond the picture's edges are padding."""
    first = rows[0] * layer.stride - layer.pad
    return first, (rows[1] - 1) * layer.stride - layer.pad + layer.kernel
