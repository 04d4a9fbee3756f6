"""Which part of a picture a tile of it needs: how a network is computed anywhere, from its rows alone.

A tile is computed from the picture itself, with the whole receptive field of its layers as a halo. What the network
makes of the halo's outer part is wrong, and belongs to no tile; what belongs to a tile is right to the last bit of the
arithmetic, for the halo is derived row by row as in `strips`.
"""

import math
from collections.abc import Collection, Sequence
from typing import NamedTuple

from .layers import DATA, Layer, Network, fields, needed, shapes
from .strips import Rows, reach


class Tile(NamedTuple):
    """A part of a picture: two ranges, of rows and of columns, each."""

    seen: tuple[Rows, Rows]  # of the picture: what the tile is computed from, its halo included
    own: dict[str, tuple[Rows, Rows]]  # layer -> what belongs to this tile alone, counted from where `seen` begins
    layers: dict[str, tuple[Rows, Rows]]  # the same, counted from where the picture begins


class _Span(NamedTuple):
    """A tile along one axis."""

    seen: Rows
    own: dict[str, Rows]
    layers: dict[str, Rows]


def tiles(network: Network, size: Sequence[int], pooling: str, names: Collection[str], edge: int) -> list[Tile]:
    """The tiles of a picture, row by row.

    Parameters
    ----------
    network : Network
    size : (int, int)
        Height and width of the picture, its border included.
    pooling : {"avg", "max"}
    names : collection of str
        The layers that are looked at; none may see the whole picture at once.
    edge : int
        Pixels: tiles are of about equal size, and have at most so many at each edge, rounded to the stride of the
        coarsest layer. The division follows from the sizes alone.

    Returns
    -------
    list of Tile
    """
    down, across = (_spans(network, length, pooling, names, edge) for length in size)
    return [
        Tile(
            (rows.seen, columns.seen),
            {name: (rows.own[name], columns.own[name]) for name in names},
            {name: (rows.layers[name], columns.layers[name]) for name in names},
        )
        for rows in down
        for columns in across
    ]


def _spans(network: Network, length: int, pooling: str, names: Collection[str], edge: int) -> list[_Span]:
    rows, field = needed(network, names), fields(network)
    strides = {DATA: 1, **{row.name: field[row.name].stride for row in rows}}
    lengths = {name: shape[1] for name, shape in shapes(network, (length, length), pooling).items()} | {DATA: length}
    unit = math.lcm(*strides.values())
    count = max(1, -(-length // max(edge, unit)))
    cuts = sorted({number * length // count // unit * unit for number in range(count)})
    spans = []
    for first, last in zip(cuts, [*cuts[1:], length]):
        layers = {
            name: (
                min(lengths[name], first // strides[name]),
                lengths[name] if last == length else min(lengths[name], last // strides[name]),
            )
            for name in names
        }
        low, high = _seen(rows, lengths, layers)
        low = low // unit * unit
        own = {name: (a - low // strides[name], b - low // strides[name]) for name, (a, b) in layers.items()}
        spans.append(_Span((low, high), own, layers))
    return spans


def _seen(rows: Sequence[Layer], lengths: dict[str, int], layers: dict[str, Rows]) -> Rows:
    """The part of the picture that these parts of layers see; of each layer at least one position."""
    held = {}
    for name, (first, last) in layers.items():
        first = min(first, lengths[name] - 1)
        held[name] = first, max(last, first + 1)
    for row in reversed(rows):
        first, last = reach(row, held[row.name])
        for name in row.inputs:
            low, high = held.get(name, (first, last))
            held[name] = max(0, min(low, first)), min(lengths[name], max(high, last))
    return held[DATA]
