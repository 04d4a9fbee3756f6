"""A generator's rows in plain NumPy, written from their definition alone: the whole picture, in double precision."""

import numpy as np

MODES = {"reflect": {"mode": "reflect"}, "edge": {"mode": "edge"}, "zero": {"mode": "constant"}}


def painted(generator, arrays, picture, noise):
    """As `painters.forward.painted`, of a picture whose edges are a multiple of the generator's."""
    order = [2, 1, 0] if generator.bgr else [0, 1, 2]
    data = (picture * generator.levels - np.array(generator.mean))[..., order].transpose(2, 0, 1)
    edges = (generator.border,) * 2
    maps = {"data": np.pad(data, ((0, 0), edges, edges), mode="reflect"), "noise": noise}
    for row in generator.rows:
        maps[row.name] = layer(row, maps, arrays, generator.epsilon)
    result = maps[generator.rows[-1].name][order].transpose(1, 2, 0)
    return generator.gain * result + np.array(generator.offset) + generator.keep * picture


def layer(row, maps, arrays, epsilon):
    below = np.concatenate([maps[name] for name in row.inputs])
    weight = arrays[f"{row.name}_weight"].astype(float)
    result = spread(below, weight, row) if row.transposed else convolved(enlarged(below, row), weight, row)
    if row.bias:
        result = result + arrays[f"{row.name}_bias"][:, None, None]
    if row.norm:
        gamma, beta = (arrays[f"{row.name}_{part}"][:, None, None] for part in ("gamma", "beta"))
        if row.norm == "instance":
            mean, variance = (of(result, axis=(1, 2), keepdims=True) for of in (np.mean, np.var))
        else:
            mean, variance = (arrays[f"{row.name}_{part}"][:, None, None] for part in ("mean", "variance"))
        result = gamma * (result - mean) / np.sqrt(variance + epsilon) + beta
    leaky = np.where(result > 0, result, result / 4)
    result = {"relu": np.maximum(result, 0), "leaky": leaky, "tanh": np.tanh(result), "": result}[row.activation]
    if row.plus:
        other = maps[row.plus]
        cut = [(there - here) // 2 for there, here in zip(other.shape[1:], result.shape[1:])]
        result = result + other[:, cut[0] : other.shape[1] - cut[0], cut[1] : other.shape[2] - cut[1]]
    return result


def enlarged(below, row):
    for axis in (1, 2):
        below = below.repeat(row.up, axis)
        if row.smooth:  # repeated twice, then averaged by 1 2 1: halfway between the centres of pixels
            edges = [(1, 1) if at == axis else (0, 0) for at in range(3)]
            wide = np.moveaxis(np.pad(below, edges, mode="edge"), axis, 0)
            below = np.moveaxis((wide[:-2] + 2 * wide[1:-1] + wide[2:]) / 4, 0, axis)
    return below


def convolved(below, weight, row):
    if row.padding != "none":
        behind = row.kernel - row.stride - row.before
        edges = (row.before, behind if row.stride > 1 else row.kernel - 1 - row.before)
        below = np.pad(below, ((0, 0), edges, edges), **MODES[row.padding])
    windows = np.lib.stride_tricks.sliding_window_view(below, (row.kernel, row.kernel), axis=(1, 2))
    windows = windows[:, :: row.stride, :: row.stride]
    groups = zip(np.split(windows, row.groups), np.split(weight, row.groups))
    return np.concatenate([np.einsum("cyxij,kcij->kyx", seen, filters) for seen, filters in groups])


def spread(below, weight, row):
    height, width = below.shape[1:]
    whole = np.zeros((weight.shape[1], (height - 1) * row.stride + row.kernel, (width - 1) * row.stride + row.kernel))
    for y in range(height):
        for x in range(width):
            part = np.einsum("c,ckij->kij", below[:, y, x], weight)
            top, left = y * row.stride, x * row.stride
            whole[:, top : top + row.kernel, left : left + row.kernel] += part
    end = [row.before + edge * row.stride for edge in (height, width)]
    whole = np.pad(whole, ((0, 0), *((0, max(0, stop - have)) for stop, have in zip(end, whole.shape[1:]))))
    return whole[:, row.before : end[0], row.before : end[1]]


def narrow(generator, width=6):
    """The same rows with at most so many channels in each, the picture's three aside."""
    rows = (row._replace(channels=min(width, row.channels)) for row in generator.rows)
    return generator._replace(rows=tuple(rows))


def random_arrays(shapes, seed=3):
    """Arrays of these shapes by name; variances above zero."""
    rng, arrays = np.random.default_rng(seed), {}
    for name, shape in shapes.items():
        if name.endswith(("_gamma", "_variance")):
            arrays[name] = (0.5 + rng.random(shape)).astype(np.float32)
        else:
            spread = 1 / np.sqrt(np.prod(shape[1:])) if len(shape) == 4 else 0.3
            arrays[name] = (spread * rng.standard_normal(shape)).astype(np.float32)
    return arrays
