"""Networks of rows that are a few filters wide: quick to make, to read and to damage."""

import numpy as np

from neural_style.networks.layers import DATA, convolutions
from neural_style.networks.registry import NETWORKS


def chain(model, **channels):
    """A network of the named convolutions only, one upon the other, with so many channels each."""
    rows, below = [], DATA
    for layer in NETWORKS[model].layers:
        if layer.name in channels:
            rows.append(layer._replace(inputs=(below,), channels=channels[layer.name], stride=1, pad=layer.kernel // 2))
            below = layer.name
    return NETWORKS[model]._replace(layers=tuple(rows))


def narrow(network, width=8):
    """A network of the same rows with at most so many channels in each convolution."""
    rows = (row._replace(channels=min(row.channels, width)) for row in network.layers)
    return network._replace(layers=tuple(rows))


def random_arrays(network, seed=19):
    """Random weights that keep the strength of what passes through them (He et al. 2015), in the hundreds."""
    generator, arrays = np.random.default_rng(seed), {}
    for layer, shape in convolutions(network).items():
        spread = np.float32(np.sqrt(2 / np.prod(shape[1:])) * (1 if arrays else 6))
        arrays[f"{layer}_weight"] = spread * generator.standard_normal(shape, np.float32)
        arrays[f"{layer}_bias"] = 10 * generator.standard_normal(shape[0], np.float32)
    return arrays
