"""SqueezeNet 1.0 as left by Deep Compression (Han et al., arXiv 1510.00149), little endian.

26 counts n (uint32), then for each convolution a codebook (256 float32), the biases (float32), n codes (uint8) and n
steps of 4 bits, low half first. The codes stand where the steps lead, each step + 1 further; elsewhere is code 0.
"""

import math

import numpy as np

from ..networks.layers import convolutions
from ..networks.registry import NETWORKS
from .naming import caffes as made_for

__all__ = ["made_for", "matches", "read"]


def matches(head, size):
    """Whether the length of a file follows from its counts: the layout has no mark."""
    layers = _layers()
    return len(head) >= 4 * len(layers) and size == 4 * len(layers) + sum(_lengths(head, layers))


def read(path):
    """The arrays of the network, float32, as `<layer>_weight` and `<layer>_bias`.

    Raises
    ------
    ValueError
        If a step leads out of its array.
    """
    data, layers, arrays = path.read_bytes(), _layers(), {}
    start = 4 * len(layers)
    for (layer, shape), n, length in zip(layers.items(), _counts(data, layers), _lengths(data, layers)):
        values = np.frombuffer(data, "<f4", 256 + shape[0], start)
        codes, steps = np.split(np.frombuffer(data, np.uint8, n + (n + 1) // 2, start + values.nbytes), [n])
        positions = np.cumsum(np.stack((steps & 15, steps >> 4), 1).ravel()[:n] + np.int64(1)) - 1
        if n and positions[-1] >= math.prod(shape):
            raise ValueError(f"a position of {layer} lies outside it")
        dense = np.zeros(math.prod(shape), np.uint8)
        dense[positions] = codes
        arrays[f"{layer}_weight"] = values[:256][dense].reshape(shape)
        arrays[f"{layer}_bias"] = values[256:]
        start += length
    return arrays


def _layers():
    return convolutions(NETWORKS["squeezenet"])


def _counts(data, layers):
    return np.frombuffer(data, "<u4", len(layers)).tolist()


def _lengths(data, layers):
    return [
        4 * (256 + shape[0]) + n + (n + 1) // 2 for n, shape in zip(_counts(data, layers), layers.values())
    ]
