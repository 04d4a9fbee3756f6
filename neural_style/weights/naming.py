"""From the names and the input of a published network to the rows' names and the input of ours."""

import re
from typing import NamedTuple

import numpy as np

from ..networks.layers import convolutions
from ..ranges import MEAN_PIXEL


class Range(NamedTuple):
    """The input that some published network was trained for: (pixel - mean) * scale, pixels RGB 0 to 255."""

    mean: tuple = MEAN_PIXEL
    scale: tuple = (1.0, 1.0, 1.0)
    bgr: bool = False


OURS = Range()
# of Gluon's and torchvision's networks: pixels 0 to 1, divided by their deviation
NORMALISED = Range(
    tuple(255 * mean for mean in (0.485, 0.456, 0.406)), tuple(1 / 255 / std for std in (0.229, 0.224, 0.225))
)
# beginnings of the SHA-256 of files that number their layers as torchvision does, but were converted from Caffe
FROM_CAFFE = ("d01eb7cb", "00b39a1b")
# names of the first convolution where layers are numbered: torchvision's and Gluon's, Gluon's by kinds
NUMBERED = re.compile(r"features\.0\.weight|(.+_)?conv0_weight")
SUFFIX = re.compile(r"(?:[._](weight|bias)|_([wb])(?:_0)?)$")
ALIASES = {"conv10": "conv_final"}  # SqueezeNet's last convolution in its publication


def ours(network):
    """The input of files that were made for this suite's range."""
    return OURS


def caffes(network):
    """The input of Caffe's networks: BGR, 0 to 255, minus a mean pixel."""
    return Range(network.mean_pixel, bgr=True)


def numbered(stored):
    """Whether the names of a file's arrays number the layers, as Gluon's and torchvision's do."""
    return any(NUMBERED.fullmatch(name) for name in stored)


def renamed(network, stored):
    """Give a file's arrays the names of a network's rows.

    Parameters
    ----------
    network : networks.layers.Network
    stored : dict of str to ndarray
        By the file's own names: the rows', with slashes or without, or numbered in the order of the network.

    Returns
    -------
    dict of str to ndarray

    Raises
    ------
    ValueError
        If the file is of a network with batch normalisation.
    """
    if numbered(stored):
        return _counted(network, stored)
    rows = {re.sub(r"\W", "_", layer): layer for layer in convolutions(network)}
    arrays = {}
    for name, array in stored.items():
        suffix = SUFFIX.search(name)
        if suffix:
            layer = re.sub(r"\W", "_", name[: suffix.start()])
            part = {"w": "weight", "b": "bias"}.get(suffix[2], suffix[1])
            arrays[f"{rows.get(ALIASES.get(layer, layer), layer)}_{part}"] = array
    return arrays


def _counted(network, stored):
    if any(name.endswith(("gamma", "running_mean")) for name in stored):
        raise ValueError(f"has batch normalisation, {network.name} has not")
    found = sorted((name for name, array in stored.items() if name.endswith("weight") and array.ndim == 4), key=_place)
    arrays = {}
    for layer, weight in zip(convolutions(network), found):
        arrays[f"{layer}_weight"] = stored[weight]
        arrays[f"{layer}_bias"] = stored.get(weight[: -len("weight")] + "bias")
    return arrays


def _place(name):
    """Numbers count as numbers; a classifier stands behind the features, squeezing before expanding."""
    name = name.replace("classifier", "features.999").replace("squeeze", "a").replace("expand", "b")
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def fold(arrays, layer, made_for):
    """Rewrite the first convolution, in `arrays`, so that a network made for another input takes ours.

    With x our input and m our mean, (x + m - mean) * scale is what it was made for: the scale goes into the weights,
    the shift into the biases. Exact without padding, and with zero padding in the interior. At the border of VGG-19
    our zeros stand for the pixel m, Gluon's for its own mean: at most half a grey level apart, in a frame of 1 pixel.
    """
    if made_for == OURS:
        return
    weight = arrays[f"{layer}_weight"].astype(np.float64)[:, :: -1 if made_for.bgr else 1]
    weight = weight * np.reshape(made_for.scale, (1, 3, 1, 1))
    shift = np.subtract(MEAN_PIXEL, made_for.mean)
    arrays[f"{layer}_bias"] = (arrays[f"{layer}_bias"] + weight.sum((2, 3)) @ shift).astype(np.float32)
    arrays[f"{layer}_weight"] = np.ascontiguousarray(weight, np.float32)
