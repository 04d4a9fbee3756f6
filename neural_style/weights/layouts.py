"""The door to the files of weights: whatever their layout, they become arrays under the rows' names for our input.

A layout is a module with three functions: `matches(head, size)`, whether a file is of it, by its first bytes and its
length; `read(path)`, its arrays by the file's own names, convolutions' weights (out, in, height, width); and
`made_for(network)`, the input range of files that have the network's own names. Nothing is ever unpickled or executed.
"""

import re
from typing import Any, NamedTuple

import numpy as np

from .. import start
from ..errors import InputError, one_line, printable
from ..files import checksum
from ..networks.layers import convolutions
from . import caffemodel, compressed, likeness, matconvnet, naming, onnx, params, safetensors, torchfile
from .published import PUBLISHERS

LAYOUTS = {  # and what they are called
    params: "MXNet's .params", matconvnet: "MatConvNet's .mat", torchfile: "PyTorch's .pth",
    safetensors: "Hugging Face's .safetensors", onnx: "ONNX", caffemodel: "Caffe's .caffemodel",
    compressed: "SqueezeNet after Deep Compression",
}  # fmt: skip
HEAD = 512  # bytes by which a layout is known


class Stored(NamedTuple):
    """What is in a file, whatever network it is of."""

    path: Any
    layout: Any  # one of LAYOUTS
    arrays: dict  # by the file's own names

    def made_for(self, network):
        """The `naming.Range` of input that the file was made for, if it is of this network."""
        if not naming.numbered(self.arrays):
            return self.layout.made_for(network)
        # of networks that torchvision has not, numbered files can only be conversions from Caffe
        converted = "torchvision" not in PUBLISHERS.get(network.name, ())
        if converted or checksum(self.path).startswith(naming.FROM_CAFFE):
            return naming.caffes(network)
        return naming.NORMALISED


def read(network, path):
    """Return the arrays of a network from a file of any known layout.

    Parameters
    ----------
    network : networks.layers.Network
    path : Path

    Returns
    -------
    dict
        `<layer>_weight` (out, in, height, width) and `<layer>_bias` (out,), float32 and finite, for input in network
        range: RGB, 0 to 255, minus `MEAN_PIXEL`. Batch normalisation is folded in.

    Raises
    ------
    InputError
        If the file cannot be read (see `opened`), does not hold every array that the network needs in its shape, as
        finite floating point numbers, or is of another network. Optional convolutions of the network may be absent;
        arrays of other names are ignored.
    OSError
        If the file cannot be read.
    """
    return arrays_of(network, opened(path))


def opened(path):
    """Read a file of any known layout, without asking which network it is of.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Stored

    Raises
    ------
    InputError
        If the file is no regular file, of no known layout, or damaged.
    OSError
        If the file cannot be read.
    """
    if path.exists() and not path.is_file():  # reading a pipe or a device could wait for ever
        raise InputError(f"{path}: is not a regular file; give a file of weights.")
    with path.open("rb") as file:
        head = file.read(HEAD)
    layout = next((layout for layout in LAYOUTS if layout.matches(head, path.stat().st_size)), None)
    # the length of a header, with which those of safetensors begin, may look like the beginning of a pickle
    if layout is None or (layout is not safetensors and _no_weights(head)):
        kind = _no_weights(head) or "damaged, or of an unknown layout"
        raise InputError(f"{path}: is {kind}; run `{start.download()}` or give another file with --weights.")
    try:
        return Stored(path, layout, layout.read(path))
    except (InputError, OSError):
        raise
    except Exception as error:  # a damaged file leads to almost anything
        raise _damaged(path, error) from None


def arrays_of(network, stored):
    """The arrays of a network from a file that was opened: see `read`."""
    path = stored.path
    try:
        named = naming.renamed(network, stored.arrays)
    except ValueError as error:
        raise InputError(f"{path}: {error}; give another file with --weights.") from None
    fault, other = likeness.fault(network, named), likeness.other(network, named, stored.arrays)
    if fault or other:
        told = fault or f"it holds more convolutions than {network.title}"
        verdict = f": this looks like {other.title}" if other else f", so this is not {network.title}"
        cure = f"--model {other.name}, " if other else ""
        cure += f"`{start.download('--force')}` or another file with --weights"
        raise InputError(f"{path}: {told}{verdict}; {cure}.")
    with np.errstate(all="ignore"):  # numbers beyond float32 become infinite, and are told by that
        try:
            named = naming.without_normalisation(named)
        except (TypeError, ValueError) as error:
            raise _damaged(path, error) from None
        arrays = _checked(network, path, named)
        first = next(iter(convolutions(network)))
        naming.fold(arrays, first, stored.made_for(network))
        if not all(np.isfinite(arrays[f"{first}_{part}"]).all() for part in ("weight", "bias")):
            raise _damaged(path, "the values of its first layer are too large")
    return arrays


def _no_weights(head):
    """What a file is that people take for weights; None if it may be weights."""
    looks = {
        "an empty file": not head,
        "a web page": head.lstrip().lower().startswith((b"<!doctype", b"<html", b"<head")),
        "a pickle": re.match(rb"\x80[\x02-\x05]", head) and not head.startswith(torchfile.LEGACY),
        "an HDF5 file": head.startswith((b"\x89HDF", b"MATLAB 7.3")),
    }
    return next((kind + ", not weights" for kind, true in looks.items() if true), None)


def _damaged(path, error):
    reason = printable(one_line(error)[:160])
    return InputError(f"{path}: cannot be read as weights ({reason}); run `{start.download('--force')}` or replace it.")


def _checked(network, path, named):
    """The arrays in float32, each in memory of its own; none of them is anything but finite numbers."""
    arrays = {}
    for name in (f"{layer}_{part}" for layer in convolutions(network) for part in ("weight", "bias")):
        array = named.get(name)
        if array is None:
            continue
        if not np.issubdtype(array.dtype, np.floating):
            fault = f"has type {array.dtype} instead of float32"
        else:
            arrays[name] = np.array(array, np.float32, order="C")
            if np.isfinite(arrays[name]).all():
                continue
            fault = "has values that are not finite"
        raise InputError(
            f"{path}: array {name} {fault}, so this is not {network.title}; "
            f"run `{start.download('--force')}` or give another file with --weights."
        )
    return arrays
