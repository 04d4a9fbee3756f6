"""Networks as text, from their rows: which there are, and what can be named in `--content-layers`, `--style-layers`."""

import math
from collections.abc import Iterable, Mapping, Sequence

from .. import start
from .layers import DATA, Cost, Network, convolutions, cost, fields, shapes

HEAD = ("layer", "kind", "channels", "stride", "sees", "default")


def table(network: Network) -> str:
    """One line for each layer.

    Parameters
    ----------
    network : Network

    Returns
    -------
    str
        With the stride and what a value sees of the picture, both in pixels of it.
    """
    seen, sizes = fields(network), shapes(network, (512, 512))
    marks = defaults(network)
    rows = [
        (row.name, row.kind, sizes[row.name][0], seen[row.name].stride, seen[row.name].size, marks.get(row.name, ""))
        for row in network.layers
        if row.name != DATA
    ]
    return "\n".join([f"{network.title} (--model {network.name})", *_aligned([HEAD, *rows])])


def models(networks: Iterable[Network], publishers: Mapping[str, Sequence[str]]) -> str:
    """One line for each network, and one that says how to read them.

    Parameters
    ----------
    networks : iterable of Network
        The first is the measure of the others.
    publishers : mapping of str to sequence of str
        Who published weights of a network, by its name.

    Returns
    -------
    str
    """
    networks = list(networks)
    costs = [_default_cost(network) for network in networks]
    rows: list[Sequence[object]] = [("model", "network", "weights", "work", "memory", "published by")]
    for network, taken in zip(networks, costs):
        weights = sum(math.prod(shape) + shape[0] for shape in convolutions(network).values())
        rows.append((
            network.name, network.title, f"{weights / 1e6:.1f} M", f"{taken.flop / costs[0].flop:.2f}",
            f"{taken.memory / costs[0].memory:.2f}",
            ", ".join(publishers.get(network.name, ())) or f"no address known: {start.download('--from FILE')}",
        ))  # fmt: skip
    return "\n".join([
        *_aligned(rows),
        f"Work and memory of an epoch as multiples of those of {networks[0].title}, for the default layers: operations",
        "of convolutions and bytes of feature maps, counted from the layers' sizes and not measured;",
        "`python -m neural_style.engines NETWORK` measures.",
    ])  # fmt: skip


def _default_cost(network: Network) -> Cost:
    return cost(network, {**network.defaults.content_layers, **network.defaults.style_layers})


def _aligned(rows: Iterable[Sequence[object]]) -> list[str]:
    """One line for each row, in columns."""
    text = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*text)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in text]


def defaults(network: Network) -> dict[str, str]:
    """What a layer is for and its weight, by name: of the default layers, and of those with weights learned offline."""
    found: dict[str, list[str]] = {}
    for which, values in ((" offline", network.offline_defaults), ("", network.defaults)):
        if values is not None:
            for use, layers in (("content", values.content_layers), ("style", values.style_layers)):
                for name, weight in layers.items():
                    found.setdefault(name, []).insert(0, f"{use}{which} {weight:g}")
    return {name: ", ".join(marks) for name, marks in found.items()}
