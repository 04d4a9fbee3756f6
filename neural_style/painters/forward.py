"""A generator's way forward, on any engine and at any size: in strips, by the statistics of the whole picture.

Maps are arrays of the engine of shape (height, width, channels). What lies beyond an edge, and what a map is enlarged
by, are values that are there already: rows and columns of a strip are gathered by their numbers. A stage of the
generator ends where its map is normalised; the statistics of a strip's map are added to those of the strips before it,
so that strips give what the whole picture gives.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace, device

from ..engines.contract import Engine
from .rows import DATA, HALVES, NOISE, Generator, Row, extended, sizes, stages, widths

Array = Any
Rows = tuple[int, int]  # the first, and one behind the last

VALUES = 1 << 22  # of all the maps of a strip together: larger ones are not faster
LEAKY = 0.25  # slope below zero


class Part(NamedTuple):
    """Some rows of a map."""

    first: int
    values: Array  # (height, width, channels)


def painted(
    engine: Engine, generator: Generator, arrays: dict[str, Array], picture: Array, values: int = VALUES
) -> Array:
    """A picture as the generator repaints it.

    Parameters
    ----------
    engine : engines.contract.Engine
    generator : Generator
    arrays : dict of str to Array
        As `rows.shapes` names them, of the engine.
    picture : ndarray, shape (H, W, 3), 0..1
    values : int
        How many values the maps of a strip may hold.

    Returns
    -------
    ndarray, shape (H, W, 3), float32
        About 0..1: it may reach beyond.
    """
    height, width = picture.shape[:2]
    known = sizes(generator, (height, width))
    border = generator.border
    rows, columns = (_reflected(np.arange(extended(generator, edge)) - border, edge) for edge in (height, width))
    order = slice(None, None, -1 if generator.bgr else 1)
    data = picture[..., order] * np.float32(generator.levels)
    data -= np.float32(generator.mean[order])
    maps = {DATA: engine.array(_taken(_taken(data, rows, 0), columns, 1))}
    del data
    if generator.noise:
        maps[NOISE] = engine.array(noise(known[NOISE]))
    groups = list(stages(generator))
    for number, stage in enumerate(groups):
        maps[stage[-1].name] = _stage(engine, generator, arrays, stage, maps, known, values)
        later = {name for group in groups[number + 1 :] for row in group for name in (*row.inputs, row.plus)}
        for name in maps.keys() - later - {stage[-1].name}:
            del maps[name]
    result = engine.numpy(maps[generator.rows[-1].name])[..., order]
    top, left = ((have - extended(generator, edge)) // 2 + border
                 for have, edge in zip(result.shape, (height, width)))  # fmt: skip
    result = result[top : top + height, left : left + width] * np.float32(generator.gain)
    result += np.float32(generator.offset)
    return result + np.float32(generator.keep) * picture if generator.keep else result


def noise(size: tuple[int, int]) -> Array:
    """The noise of every picture of a size: (height, width, 1) float32, NumPy's."""
    return np.random.default_rng(0).standard_normal((*size, 1), np.float32)


def _stage(engine: Engine, generator: Generator, arrays: dict[str, Array], stage: Sequence[Row], maps: dict[str, Array],
           known: dict[str, Any], values: int) -> Array:  # fmt: skip
    """The map of a stage's last row, from those of the stages before."""
    last, (height, width) = stage[-1], known[stage[-1].name]
    step, moments, whole = _step(generator, stage, known, values), _Moments(), None
    for first in range(0, height, step):
        held = {name: Part(0, whole) for name, whole in maps.items()}
        wanted = _wanted(stage, known, (first, min(height, first + step)))
        for row in stage:
            held[row.name] = Part(wanted[row.name][0], _row(engine, generator, arrays, row, held, wanted, known))
        part = held[last.name].values
        if last.norm == "instance":
            moments.add(engine, part)
        if step == height:
            whole = part
        else:
            if whole is None:
                shape = height, width, last.channels
                whole = array_namespace(part).empty(shape, dtype=part.dtype, device=device(part))
            whole[first : first + part.shape[0]] = part
        del held, part
    if last.norm == "instance":
        mean, deviation = moments.result(generator.epsilon)
        held = {name: Part(0, it) for name, it in maps.items()}
        for first in range(0, height, step):  # in strips, too: what is computed on the way would be as large as the map
            rows = first, min(height, first + step)
            part = whole[rows[0] : rows[1]]
            _scale(engine, arrays, last, part, mean, deviation)
            whole[rows[0] : rows[1]] = _ended(last, part, held, rows, known)
    return whole


def _row(engine: Engine, generator: Generator, arrays: dict[str, Array], row: Row, held: dict[str, Part],
         wanted: dict[str, Rows], known: dict[str, Any]) -> Array:  # fmt: skip
    """Some rows of a row's map; where the whole map is to be normalised, as they are before that."""
    rows, (_, width) = wanted[row.name], known[row.name]
    weight, bias = arrays[f"{row.name}_weight"], arrays[f"{row.name}_bias"] if row.bias else None
    if row.halves:
        small = row._replace(up=1)
        first, last = rows[0] // 2, -(-rows[1] // 2)
        source = _source(small, held, known, (first, last), width // 2)
        result = _enlarged(engine.filtered(source, *_of_halves(engine, weight, bias)))
        result = result[rows[0] - 2 * first : rows[1] - 2 * first]
    else:
        source = _source(row, held, known, rows, width)
        result = engine.filtered(source, weight, bias, row.stride, row.groups, row.transposed)
    if row.transposed:
        ends = zip((rows, (0, width)), known[row.inputs[0]])
        top, left = (them[0] + row.before - _spread(row, them, edge)[0] * row.stride for them, edge in ends)
        result = result[top : top + rows[1] - rows[0], left : left + width]
    if row.norm == "instance":
        return result
    if row.norm == "batch":
        variance = np.asarray(engine.numpy(arrays[f"{row.name}_variance"]), np.float64)
        mean = engine.numpy(arrays[f"{row.name}_mean"])
        _scale(engine, arrays, row, result, mean, np.sqrt(variance + generator.epsilon))
    return _ended(row, result, held, rows, known)


def _source(row: Row, held: dict[str, Part], known: dict[str, Any], rows: Rows, width: int) -> Array:
    """What a convolution sees for some rows of its map, of all its inputs."""
    inputs = []
    for name in row.inputs:
        below, part = known[name], held[name]
        part = _gathered(part.values, row, rows, below[0], part.first, 0)
        inputs.append(_gathered(part, row, (0, width), below[1], 0, 1))
    return inputs[0] if len(inputs) == 1 else array_namespace(inputs[0]).concat(inputs, axis=2)


def _of_halves(engine: Engine, weight: Array, bias: Array) -> tuple[Array, Array]:
    """Weights and bias of the convolution of a small map that is one of 3 x 3 behind its enlarging (`rows.HALVES`)."""
    four = np.einsum("ockl,pak,qbl->pqocab", engine.numpy(weight), HALVES, HALVES).astype(np.float32)
    return engine.array(four.reshape(-1, *four.shape[3:])), engine.array(np.tile(engine.numpy(bias), 4))


def _enlarged(values: Array) -> Array:
    """A map (h, w, 4 C) whose channels are those of the four quarters of a pixel as one of (2 h, 2 w, C)."""
    height, width, channels = values.shape
    xp = array_namespace(values)
    values = xp.permute_dims(xp.reshape(values, (height, width, 2, 2, channels // 4)), (0, 2, 1, 3, 4))
    return xp.reshape(values, (2 * height, 2 * width, channels // 4))


def _ended(row: Row, values: Array, held: dict[str, Part], rows: Rows, known: dict[str, Any]) -> Array:
    """What a row does behind its normalisation, to some rows of its map, which may be overwritten."""
    xp = array_namespace(values)
    if row.activation == "tanh":
        values = xp.tanh(values)
    elif row.activation == "relu":
        values = xp.clip(values, min=0)
    elif row.activation == "leaky":
        values = xp.where(values > 0, values, LEAKY * values)
    if row.plus:
        (top, left), part = _middle(row, known), held[row.plus]
        start, width = rows[0] + top - part.first, values.shape[1]
        values += part.values[start : start + rows[1] - rows[0], left : left + width]
    return values


def _scale(engine: Engine, arrays: dict[str, Array], row: Row, values: Array, mean: Array, deviation: Array) -> None:
    """Normalise a map where it is."""
    gamma, beta = (np.asarray(engine.numpy(arrays[f"{row.name}_{part}"]), np.float64) for part in ("gamma", "beta"))
    factor = gamma / deviation
    values *= engine.array(factor.astype(np.float32))
    values += engine.array((beta - factor * mean).astype(np.float32))


class _Moments:
    """Mean and variance of a map's channels over strips (Chan, Golub & LeVeque 1983)."""

    def __init__(self) -> None:
        self._count, self._mean, self._squares = 0, np.zeros(1), np.zeros(1)

    def add(self, engine: Engine, part: Array) -> None:
        """One strip more."""
        xp, count = array_namespace(part), part.shape[0] * part.shape[1]
        mean = xp.mean(part, axis=(0, 1))
        squares = xp.sum((part - mean) ** 2, axis=(0, 1))
        mean, squares = (engine.numpy(it).astype(np.float64) for it in (mean, squares))
        total, difference = self._count + count, mean - self._mean
        self._squares = self._squares + squares + difference**2 * self._count * count / total
        self._mean = self._mean + difference * count / total
        self._count = total

    def result(self, epsilon: float) -> tuple[Array, Array]:
        """Means and standard deviations."""
        return self._mean, np.sqrt(self._squares / self._count + epsilon)


def _middle(row: Row, known: dict[str, Any]) -> tuple[int, int]:
    """Where the middle of the map that a row adds begins."""
    return tuple((there - here) // 2 for there, here in zip(known[row.plus], known[row.name]))  # type: ignore[return-value]


def _wanted(stage: Sequence[Row], known: dict[str, Any], rows: Rows) -> dict[str, Rows]:
    """The rows of each map of a stage that some rows of its last one need."""
    wanted = {stage[-1].name: rows}
    for row in reversed(stage):
        first, last = wanted[row.name]
        needs = {name: _reach(row, (first, last), known[name][0]) for name in row.inputs}
        if row.plus:
            top = _middle(row, known)[0]
            needs[row.plus] = _both(needs.get(row.plus), (first + top, last + top))
        for name, needed in needs.items():
            wanted[name] = _both(wanted.get(name), needed)
    return wanted


def _both(one: Any, other: Rows) -> Rows:
    return other if one is None else (min(one[0], other[0]), max(one[1], other[1]))


def _step(generator: Generator, stage: Sequence[Row], known: dict[str, Any], values: int) -> int:
    """How many rows of a stage's last map a strip has."""
    height, channels = known[stage[-1].name][0], widths(generator)

    def cost(step: int) -> int:
        first = max(0, (height - step) // 2)
        wanted = _wanted(stage, known, (first, min(height, first + step)))
        return sum((last - first) * known[name][1] * channels[name] for name, (first, last) in wanted.items())

    if cost(height) <= values:
        return height
    thin, thicker = cost(1), cost(9)
    return min(height, 1 + max(0, values - thin) * 8 // max(1, thicker - thin))


def _reach(row: Row, rows: Rows, edge: int) -> Rows:
    """The rows of its input that a row needs for some of its own."""
    if row.transposed:
        return _spread(row, rows, edge)
    numbers = [places for places, _ in _places(row, rows, edge)]
    return min(int(it.min()) for it in numbers), max(int(it.max()) for it in numbers) + 1


def _spread(row: Row, rows: Rows, edge: int) -> Rows:
    """As `_reach`, of a transposed convolution."""
    first, last = rows[0] + row.before, rows[1] - 1 + row.before
    return max(0, -(-(first - row.kernel + 1) // row.stride)), min(edge, last // row.stride + 1)


def _places(row: Row, rows: Rows, edge: int) -> list[tuple[Array, float]]:
    """Which rows (or columns) of its input a convolution sees for some of its own, and how much each counts."""
    seen = np.arange(rows[0] * row.stride - row.before, (rows[1] - 1) * row.stride - row.before + row.kernel)
    seen = np.clip(seen, 0, edge * row.up - 1) if row.padding == "edge" else _reflected(seen, edge * row.up)
    if row.up == 1:
        return [(seen, 1.0)]
    near = seen // row.up
    if not row.smooth:
        return [(near, 1.0)]
    # twice as large: each value is a quarter of the way to one of its neighbours
    other = np.clip(near + np.where(seen % 2 == 1, 1, -1), 0, edge - 1)
    return [(near, 0.75), (other, 0.25)]


def _reflected(numbers: Array, edge: int) -> Array:
    """Numbers of rows beyond an edge as those of the rows that are seen there in the mirror."""
    period = max(1, 2 * (edge - 1))
    numbers = np.abs(numbers) % period
    return np.minimum(numbers, period - numbers) if edge > 1 else 0 * numbers


def _gathered(values: Array, row: Row, rows: Rows, edge: int, first: int, axis: int) -> Array:
    """The rows (columns) of an input that a row needs, beyond its edges, too; `values` begins with number `first`."""
    if row.transposed:
        start, stop = _spread(row, rows, edge)
        return values[start - first : stop - first] if axis == 0 else values[:, start:stop]
    (places, share), *others = _places(row, rows, edge)
    result = _taken(values, places - first, axis)
    if others:
        result = share * result + others[0][1] * _taken(values, others[0][0] - first, axis)
    if row.padding == "zero":
        seen = np.arange(rows[0] * row.stride - row.before, (rows[1] - 1) * row.stride - row.before + row.kernel)
        above, below = int(np.sum(seen < 0)), int(np.sum(seen >= edge * row.up))
        result = _blank(result, above, below, axis)
    return result


def _blank(values: Array, above: int, below: int, axis: int) -> Array:
    """Zeros in the first and the last rows (columns) of an array of ours."""
    count = values.shape[axis]
    for part in (slice(0, above), slice(count - below, count)):
        if axis == 0:
            values[part] = 0
        else:
            values[:, part] = 0
    return values


def _taken(values: Array, numbers: Array, axis: int) -> Array:
    """Rows (columns) by their numbers, in memory of its own."""
    if isinstance(values, np.ndarray):
        return np.take(values, numbers, axis)
    xp = array_namespace(values)
    return xp.take(values, xp.asarray(numbers, device=values.device), axis=axis)
