"""The layouts in which the networks' weights were published, read into arrays of one naming.

Four layouts, told apart by their content: MXNet's `.params` with the names used here (with or without 'arg:'), Gluon's
`.params`, MatConvNet's `.mat`, and the compressed SqueezeNet. Nothing is ever unpickled or executed.
"""
import math
import re
from typing import NamedTuple

import numpy as np

from ..errors import InputError
from ..networks.layers import convolutions
from ..networks.registry import NETWORKS
from ..ranges import MEAN_PIXEL
from . import matfile

# layer -> shape of its weights, in the order of the network
LAYERS = {name: convolutions(network) for name, network in NETWORKS.items()}

# MXNet's numbers for the types of arrays
_TYPES = {0: "<f4", 1: "<f8", 2: "<f2", 3: "u1", 4: "<i4", 5: "i1", 6: "<i8"}


class _Input(NamedTuple):
    """The input some published network was trained for: (pixel - mean) * scale, pixels RGB 0 to 255."""

    mean: tuple
    scale: tuple
    bgr: bool


_GLUON = _Input(tuple(255 * m for m in (0.485, 0.456, 0.406)), tuple(1 / 255 / s for s in (0.229, 0.224, 0.225)), False)
_CAFFE = _Input((123.0, 117.0, 104.0), (1.0, 1.0, 1.0), True)


def read(model, path):
    """Return the arrays of a network from a file of any known layout.

    Parameters
    ----------
    model : {'vgg19', 'squeezenet'}
    path : Path

    Returns
    -------
    dict
        `<layer>_weight` (out, in, height, width) and `<layer>_bias` (out,), float32 and finite, for input in network
        range: RGB, 0 to 255, minus `MEAN_PIXEL`.

    Raises
    ------
    InputError
        If the file is of no known layout, damaged, or does not hold every array that the network needs in its shape,
        as finite floating point numbers. Optional convolutions of the network may be absent; arrays of
        other names are ignored.
    OSError
        If the file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(512)
    made_for = None
    if head.startswith(b"\x12\x01\0\0\0\0\0\0"):
        stored = _params(path)
        if any(re.fullmatch(r"features\.0\.weight|(.+_)?conv0_weight", name) for name in stored):
            stored, made_for = _from_gluon(model, path, stored), _GLUON
    elif head.startswith(b"MATLAB 5.0"):
        stored = _matconvnet(path)
    elif model == "squeezenet" and (stored := _compressed(path)):
        made_for = _CAFFE
    else:
        raise InputError(f"{path}: is {_kind(head)}; run `sh download.sh` or give another file with --weights.")
    with np.errstate(all="ignore"):  # numbers beyond float32 become infinite, and are told by that
        arrays = _checked(model, path, stored)
        first = next(iter(LAYERS[model]))
        if made_for:
            _fold(arrays, first, made_for)
        if not all(np.isfinite(arrays[f"{first}_{part}"]).all() for part in ("weight", "bias")):
            raise _damaged(path, "the values of its first layer are too large")
    return arrays


def _kind(head):
    looks = {
        "an empty file": not head,
        "a web page": head.lstrip().lower().startswith((b"<!doctype", b"<html", b"<head")),
        "a zip archive or a PyTorch file": head.startswith(b"PK"),
        "a pickle": re.match(rb"\x80[\x02-\x05]", head),
        "an HDF5 file": head.startswith((b"\x89HDF", b"MATLAB 7.3")),
    }
    return next((kind + ", not weights" for kind, true in looks.items() if true), "damaged, or of an unknown layout")


def _params(path):
    """Read a list of arrays as MXNet saves it, of today's format or one of the two before.

    MXNet's own loader believes every size that a damaged file states, and can fill the memory with it.
    """
    data, at = path.read_bytes(), 16

    def take(kind, count=1):
        nonlocal at
        values = np.frombuffer(data, kind, count, at)
        at += values.nbytes
        return values

    try:
        arrays = []
        for _ in range(take("<u8").item()):
            # today's formats begin with a mark and the kind of storage, the next with a mark, the oldest with ndim
            ndim, dimension = take("<u4").item(), "<u4"
            if ndim in (0xF993FAC9, 0xF993FACA) and take("<i4").item() != 0:
                raise ValueError("a sparse array")
            if ndim in (0xF993FAC8, 0xF993FAC9, 0xF993FACA):
                ndim, dimension = take("<u4").item(), "<i8"
            shape = take(dimension, ndim).tolist()
            kind = take("<i4", 3)[2]  # after the device and its number
            if not shape or min(shape) < 0 or kind not in _TYPES:
                raise ValueError("an array without a proper shape and type")
            arrays.append(take(_TYPES[kind], math.prod(shape)).reshape(shape))
        names = [take("u1", take("<u8").item()).tobytes().decode() for _ in range(take("<u8").item())]
        if len(names) != len(arrays) or at != len(data):
            raise ValueError("names and arrays do not match")
    except (ValueError, OverflowError) as error:
        raise _damaged(path, error) from None
    return {name.split(":", 1)[-1]: array for name, array in zip(names, arrays)}


def _from_gluon(model, path, stored):
    """Give Gluon's arrays our names: it numbers its layers in the order of the network."""
    if any(name.endswith(("gamma", "running_mean")) for name in stored):
        raise InputError(f"{path}: has batch normalisation, {model} has not; give another file with --weights.")
    found = sorted(
        (name for name, array in stored.items() if name.endswith("weight") and array.ndim == 4),
        key=lambda name: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)],
    )
    renamed = {}
    for layer, weight in zip(LAYERS[model], found):
        renamed[f"{layer}_weight"] = stored[weight]
        renamed[f"{layer}_bias"] = stored.get(weight[: -len("weight")] + "bias")
    return renamed


def _matconvnet(path):
    """The two releases hold the fields of a layer in different orders: they are asked for by name."""
    arrays = {}
    try:
        for layer in matfile.read(path, "layers"):
            if len(layer.get("weights", ())) >= 2:
                kernels, bias = layer["weights"][:2]
                # (height, width, in, out); trailing dimensions of length 1 are not stored
                kernels = kernels.reshape(kernels.shape + (1,) * (4 - kernels.ndim))
                arrays[f"{layer['name']}_weight"] = kernels.transpose(3, 2, 0, 1)
                arrays[f"{layer['name']}_bias"] = bias.reshape(-1)
    except Exception as error:  # a damaged file leads to almost anything
        raise _damaged(path, error) from None
    return arrays


def _compressed(path):
    """Decode SqueezeNet 1.0 as left by Deep Compression (Han et al., arXiv 1510.00149); None if it is not that.

    26 counts n (uint32), then for each convolution a codebook (256 float32), the biases (float32), n codes (uint8) and
    n steps of 4 bits, low half first. The codes stand where the steps lead, each step + 1 further; elsewhere is code 0.
    """
    data, layers = path.read_bytes(), LAYERS["squeezenet"]
    if len(data) < 4 * len(layers):
        return None
    counts = np.frombuffer(data, "<u4", len(layers)).astype(np.int64)
    lengths = [4 * (256 + shape[0]) + n + (n + 1) // 2 for n, shape in zip(counts, layers.values())]
    if len(data) != 4 * len(layers) + sum(lengths):
        return None
    arrays, start = {}, 4 * len(layers)
    for (layer, shape), n, length in zip(layers.items(), counts, lengths):
        values = np.frombuffer(data, "<f4", 256 + shape[0], start)
        codes, steps = np.split(np.frombuffer(data, np.uint8, n + (n + 1) // 2, start + values.nbytes), [n])
        positions = np.cumsum(np.stack((steps & 15, steps >> 4), 1).ravel()[:n] + np.int64(1)) - 1
        if n and positions[-1] >= np.prod(shape):
            return None
        dense = np.zeros(np.prod(shape), np.uint8)
        dense[positions] = codes
        arrays[f"{layer}_weight"] = values[:256][dense].reshape(shape)
        arrays[f"{layer}_bias"] = values[256:]
        start += length
    return arrays


def _damaged(path, error):
    reason = (str(error).strip() or type(error).__name__).splitlines()[-1][:160]
    return InputError(f"{path}: cannot be read as weights ({reason}); run `sh download.sh --force` or replace it.")


def _checked(model, path, stored):
    arrays = {}
    for layer, shape in LAYERS[model].items():
        for name, expected in ((f"{layer}_weight", shape), (f"{layer}_bias", shape[:1])):
            array = stored.get(name)
            if array is None and layer in NETWORKS[model].optional:
                continue
            if array is None:
                fault = "is missing"
            elif array.shape != expected:
                fault = f"has shape {array.shape} instead of {expected}"
            elif not np.issubdtype(array.dtype, np.floating):
                fault = f"has type {array.dtype} instead of float32"
            else:
                with np.errstate(over="ignore"):
                    arrays[name] = np.array(array, np.float32, order="C")
                if np.isfinite(arrays[name]).all():
                    continue
                fault = "has values that are not finite"
            raise InputError(
                f"{path}: array {name} {fault}, so this is not {model}; "
                "run `sh download.sh --force` or give another file with --weights."
            )
    return arrays


def _fold(arrays, layer, made_for):
    """Rewrite the first convolution so that a network made for another input takes ours.

    With x our input and m our mean, (x + m - mean) * scale is what it was made for: the scale goes into the weights,
    the shift into the biases. Exact without padding, and with zero padding in the interior. At the border of VGG-19
    our zeros stand for the pixel m, Gluon's for its own mean: at most half a grey level apart, in a frame of 1 pixel.
    """
    weight = arrays[f"{layer}_weight"].astype(np.float64)[:, :: -1 if made_for.bgr else 1]
    weight = weight * np.reshape(made_for.scale, (1, 3, 1, 1))
    shift = np.subtract(MEAN_PIXEL, made_for.mean)
    arrays[f"{layer}_bias"] = (arrays[f"{layer}_bias"] + weight.sum((2, 3)) @ shift).astype(np.float32)
    arrays[f"{layer}_weight"] = np.ascontiguousarray(weight, np.float32)
