"""The door to the files of weights: whatever their layout, they become arrays under the rows' names for our input.

A layout is a module with three functions: `matches(head, size)`, whether a file is of it, by its first bytes and its
length; `read(path)`, its arrays by the file's own names, convolutions' weights (out, in, height, width); and
`made_for(network)`, the input range of files that have the network's own names. Nothing is ever unpickled or executed.
"""

import re

import numpy as np

from ..errors import InputError, one_line, printable
from ..files import checksum
from ..networks.layers import convolutions
from ..networks.registry import NETWORKS
from . import caffemodel, compressed, matconvnet, naming, onnx, params, safetensors, torchfile

LAYOUTS = (params, matconvnet, torchfile, safetensors, onnx, caffemodel, compressed)
HEAD = 512  # bytes by which a layout is known


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
        range: RGB, 0 to 255, minus `MEAN_PIXEL`.

    Raises
    ------
    InputError
        If the file is no regular file, of no known layout, damaged, or does not hold every array that the network needs
        in its shape, as finite floating point numbers. Optional convolutions of the network may be absent; arrays of
        other names are ignored.
    OSError
        If the file cannot be read.
    """
    if path.exists() and not path.is_file():  # reading a pipe or a device could wait for ever
        raise InputError(f"{path}: is not a regular file; give a file of weights.")
    with path.open("rb") as file:
        head = file.read(HEAD)
    layout = next((layout for layout in LAYOUTS if layout.matches(head, path.stat().st_size)), None)
    if layout is None or _no_weights(head):
        kind = _no_weights(head) or "damaged, or of an unknown layout"
        raise InputError(f"{path}: is {kind}; run `sh download.sh` or give another file with --weights.")
    try:
        stored = layout.read(path)
    except (InputError, OSError):
        raise
    except Exception as error:  # a damaged file leads to almost anything
        raise _damaged(path, error) from None
    try:
        named = naming.renamed(network, stored)
    except ValueError as error:
        raise InputError(f"{path}: {error}; give another file with --weights.") from None
    if not naming.numbered(stored):
        made_for = layout.made_for(network)
    elif checksum(path).startswith(naming.FROM_CAFFE):
        made_for = naming.caffes(network)
    else:
        made_for = naming.NORMALISED
    with np.errstate(all="ignore"):  # numbers beyond float32 become infinite, and are told by that
        arrays = _checked(network, path, named, _likeness(network, stored))
        first = next(iter(convolutions(network)))
        naming.fold(arrays, first, made_for)
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
    return InputError(f"{path}: cannot be read as weights ({reason}); run `sh download.sh --force` or replace it.")


def _checked(network, path, stored, likeness):
    arrays = {}
    for layer, shape in convolutions(network).items():
        for name, expected in ((f"{layer}_weight", shape), (f"{layer}_bias", shape[:1])):
            array = stored.get(name)
            if array is None and layer in network.optional:
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
                f"{path}: array {name} {fault}, so this is not {network.title}{likeness}; "
                "run `sh download.sh --force` or give another file with --weights."
            )
    return arrays


def _likeness(network, stored):
    """Words that name the other network whose convolutions a file holds, neither more nor less."""
    count = sum(array.ndim == 4 for array in stored.values())
    for other in NETWORKS.values():
        shapes = convolutions(other)
        if other != network and len(shapes) == count:
            arrays = naming.renamed(other, stored)
            found = {layer: arrays[f"{layer}_weight"].shape for layer in shapes if f"{layer}_weight" in arrays}
            if found == shapes:
                return f": this looks like {other.title}"
    return ""
