"""What a file of weights is, and the same weights for our range."""

import math

from ..errors import InputError, printable
from ..files import checksum
from ..networks.layers import convolutions
from ..networks.registry import NETWORKS
from . import layouts, likeness, safetensors, store


def identified(path, model=None):
    """The network that a file is of, and what is in it.

    Parameters
    ----------
    path : Path
    model : str, optional
        A name of the registry, where it is known.

    Returns
    -------
    (networks.layers.Network, layouts.Stored)

    Raises
    ------
    InputError
        If the file cannot be read, is of no network, or not of the one that was named.
    """
    try:
        stored = layouts.opened(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error}); check its permissions.") from None
    found = [NETWORKS[model]] if model else likeness.candidates(stored.arrays)
    if not found:
        shapes = [f"{name[:40]} {array.shape}" for name, array in stored.arrays.items()][:3]
        raise InputError(
            f"{path}: {layouts.LAYOUTS[stored.layout]}, {len(stored.arrays)} arrays "
            f"({', '.join(shapes)}{', ...' if len(stored.arrays) > 3 else ''}), of none of the networks "
            f"{', '.join(NETWORKS)}; --model says what is not right for one of them."
        )
    return found[0], stored


def description(network, stored):
    """What a file is, as a dict from what is said to the words.

    Raises
    ------
    InputError
        If its arrays are not the network's.
    """
    arrays = layouts.arrays_of(network, stored)
    there = [layer for layer in convolutions(network) if f"{layer}_weight" in arrays]
    sha256 = checksum(stored.path)
    known = store.known(stored.path, sha256)
    folded = any(name.endswith("running_mean") for name in stored.arrays)
    return {
        "file": f"{stored.path}, {stored.path.stat().st_size} bytes",
        "layout": layouts.LAYOUTS[stored.layout],
        "network": f"{network.title} (--model {network.name})" + (", with batch normalisation" if folded else ""),
        "layers": f"{len(there)} of {len(convolutions(network))} convolutions, {there[0]} to {there[-1]}; "
        f"{sum(math.prod(array.shape) for array in arrays.values())} weights",
        "input": f"{stored.made_for(network)}",
        "SHA-256": sha256,
        "known as": _known(**known),
    }


def _known(origin, verified_by, **_):
    if verified_by:
        return f"{origin}; verified by {verified_by}"
    return "no published file" + ("" if origin == "unknown" else f"; from {origin}")


def lines(pairs):
    """One line for each pair, in two columns."""
    return "\n".join(printable(f"{name:<9} {value}") for name, value in pairs.items())


def convert(network, stored, path):
    """Write a network's arrays for our range, and beside it where they came from.

    Parameters
    ----------
    network : networks.layers.Network
    stored : layouts.Stored
    path : Path
        Its suffix says the layout.

    Raises
    ------
    InputError
        If the arrays are not the network's, or the file cannot be written.
    """
    arrays, known = layouts.arrays_of(network, stored), store.known(stored.path, checksum(stored.path))
    note = {name: value for name, value in known.items() if name != "sha256"}
    if note["origin"] == "unknown":
        note["origin"] = str(stored.path)
    try:
        WRITERS[path.suffix](path, arrays)
        store.record(path, **note)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error}); choose another place.") from None


WRITERS = {".params": store.save, ".safetensors": safetensors.write}
