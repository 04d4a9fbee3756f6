"""Which network the arrays of a file are of, told by their shapes."""

from ..networks.layers import convolutions
from ..networks.registry import NETWORKS
from . import naming


def fault(network, named):
    """What first keeps arrays from being a network's, in words; empty if nothing does.

    Parameters
    ----------
    network : networks.layers.Network
    named : dict of str to ndarray
        By the rows' names; optional convolutions may be absent.

    Returns
    -------
    str
        What was found and what was expected.
    """
    for layer, shape in convolutions(network).items():
        weight, bias = named.get(f"{layer}_weight"), named.get(f"{layer}_bias")
        if weight is None and bias is None and layer in network.optional:
            continue
        for what, part, array, expected in (
            (layer, "weight", weight, shape), (f"{layer}_bias", "bias", bias, shape[:1])
        ):  # fmt: skip
            if array is None:
                return f"{layer}_{part} is missing, expected {expected}"
            if array.shape != expected:
                return f"{what} is {array.shape}, expected {expected}"
    return ""


def left_over(network, named, stored):
    """How many arrays of four dimensions a file has beyond the network's convolutions."""
    used = sum(f"{layer}_weight" in named for layer in convolutions(network))
    return sum(array.ndim == 4 for array in stored.values()) - used


def candidates(stored):
    """The networks that a file holds whole, those that leave least of it over first.

    VGG-16's layers are all in a file of VGG-19, but for the numbers of some: what is left over tells them apart.

    Parameters
    ----------
    stored : dict of str to ndarray
        By the file's own names.

    Returns
    -------
    list of networks.layers.Network
    """
    found = []
    for network in NETWORKS.values():
        try:
            named = naming.renamed(network, stored)
        except ValueError:
            continue
        if not fault(network, named):
            found.append((left_over(network, named, stored), network))
    return [network for _, network in sorted(found, key=lambda pair: pair[0])]


def other(network, named, stored):
    """The network that a file is of rather than of `network`; None if there is none."""
    found = [one for one in candidates(stored) if one.name != network.name]
    if not found or (
        not fault(network, named)
        and left_over(found[0], naming.renamed(found[0], stored), stored) >= left_over(network, named, stored)
    ):
        return None
    return found[0]
