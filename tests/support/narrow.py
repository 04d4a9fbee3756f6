"""Networks of rows that are a few filters wide: quick to make, to read and to damage."""

from neural_style.networks.layers import DATA
from neural_style.networks.registry import NETWORKS


def chain(model, **channels):
    """A network of the named convolutions only, one upon the other, with so many channels each."""
    rows, below = [], DATA
    for layer in NETWORKS[model].layers:
        if layer.name in channels:
            rows.append(layer._replace(inputs=(below,), channels=channels[layer.name], stride=1, pad=layer.kernel // 2))
            below = layer.name
    return NETWORKS[model]._replace(layers=tuple(rows))
