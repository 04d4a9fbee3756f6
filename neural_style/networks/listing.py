"""A network as text, from its rows: what can be named in `--content-layers` and `--style-layers`."""

from .layers import DATA, Network, fields, shapes

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
    text = [[str(cell) for cell in row] for row in (HEAD, *rows)]
    widths = [max(map(len, column)) for column in zip(*text)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in text]
    return "\n".join([f"{network.title} (--model {network.name})", *lines])


def defaults(network: Network) -> dict[str, str]:
    """What a layer is for and its weight, by name: of the default layers, and of those with weights learned offline."""
    found: dict[str, list[str]] = {}
    for which, values in ((" offline", network.offline_defaults), ("", network.defaults)):
        if values is not None:
            for use, layers in (("content", values.content_layers), ("style", values.style_layers)):
                for name, weight in layers.items():
                    found.setdefault(name, []).insert(0, f"{use}{which} {weight:g}")
    return {name: ", ".join(marks) for name, marks in found.items()}
