"""From the names and the input of a published network to the rows' names and the input of ours."""

import re
from typing import NamedTuple

import numpy as np

from ..networks.layers import convolutions
from ..ranges import MEAN_PIXEL
from .published import BY_NAME


class Range(NamedTuple):
    """The input that some published network was trained for: (pixel - mean) * scale, pixels RGB 0 to 255."""

    mean: tuple = MEAN_PIXEL
    scale: tuple = (1.0, 1.0, 1.0)
    bgr: bool = False

    def __str__(self):
        order = slice(None, None, -1 if self.bgr else 1)
        words = f"{'BGR' if self.bgr else 'RGB'} 0 to 255, minus {_said(self.mean[order], '.3f')}"
        return words if self.scale == (1, 1, 1) else f"{words}, times {_said(self.scale[order], '.5f')}"


def _said(numbers, form):
    return "(" + ", ".join(format(number, form) for number in numbers) + ")"


OURS = Range()
# of Gluon's and torchvision's networks: pixels 0 to 1, divided by their deviation
NORMALISED = Range(
    tuple(255 * mean for mean in (0.485, 0.456, 0.406)), tuple(1 / 255 / std for std in (0.229, 0.224, 0.225))
)
# beginnings of the SHA-256 of files that number their layers as torchvision does, but were converted from Caffe
FROM_CAFFE = tuple(BY_NAME[name].checksums[0][1] for name in ("vgg19-d01eb7cb.pth", "vgg16-00b39a1b.pth"))
# names of the first convolution where layers are numbered: torchvision's and Gluon's, Gluon's by kinds
NUMBERED = re.compile(r"features\.0\.weight|(.+_)?conv0_weight")
# of batch normalisation: our parts, and torchvision's and Gluon's names of them
NORMALISATION = {
    "gamma": ("gamma", "weight"), "beta": ("beta", "bias"), "mean": ("running_mean",), "variance": ("running_var",),
}  # fmt: skip
EPSILON = 1e-5  # of PyTorch's and Gluon's BatchNorm
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
        With batch normalisation also `<layer>_<part>` for each of `NORMALISATION`.

    Raises
    ------
    ValueError
        If some convolutions have batch normalisation behind them, and others not.
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
    found = sorted((name for name, array in stored.items() if name.endswith("weight") and array.ndim == 4), key=_place)
    behind = sorted((name for name in stored if name.endswith("running_mean")), key=_place)
    if behind and len(behind) != len(found):
        raise ValueError(f"has batch normalisation behind {len(behind)} of {len(found)} convolutions")
    arrays = {}
    for number, (layer, weight) in enumerate(zip(convolutions(network), found)):
        arrays[f"{layer}_weight"] = stored[weight]
        arrays[f"{layer}_bias"] = stored.get(weight[: -len("weight")] + "bias")
        if behind:
            stem = behind[number][: -len("running_mean")]
            for part, names in NORMALISATION.items():
                arrays[f"{layer}_{part}"] = next((stored[stem + n] for n in names if stem + n in stored), None)
    return arrays


def without_normalisation(arrays):
    """Fold batch normalisation (Ioffe & Szegedy, arXiv 1502.03167) into the convolutions before it: exact.

    Parameters
    ----------
    arrays : dict of str to ndarray
        By the rows' names, as `renamed` gives them.

    Returns
    -------
    dict of str to ndarray
        Of weights and biases only, float32 where they were changed.

    Raises
    ------
    ValueError or TypeError
        If parts of a normalisation are missing, or of other shapes than the convolution before it.
    """
    folded = {name: array for name, array in arrays.items() if name.endswith(("_weight", "_bias"))}
    for layer in (name[: -len("_mean")] for name in arrays if name.endswith("_mean")):
        weight, bias = arrays[f"{layer}_weight"], arrays[f"{layer}_bias"]
        gamma, beta, mean, variance = (np.asarray(arrays[f"{layer}_{part}"], np.float64) for part in NORMALISATION)
        if not gamma.shape == beta.shape == mean.shape == variance.shape == weight.shape[:1]:
            raise ValueError(f"the normalisation behind {layer} has another number of channels")
        factor = gamma / np.sqrt(variance + EPSILON)
        folded[f"{layer}_weight"] = (weight * factor.reshape(-1, 1, 1, 1)).astype(np.float32)
        folded[f"{layer}_bias"] = (beta + ((0 if bias is None else bias) - mean) * factor).astype(np.float32)
    return folded


def _place(name):
    """Numbers count as numbers; a classifier stands behind the features, squeezing before expanding."""
    name = name.replace("classifier", "features.999").replace("squeeze", "a").replace("expand", "b")
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]


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
