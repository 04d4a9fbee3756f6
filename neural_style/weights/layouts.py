"""The door to the files of weights: whatever their layout, they become arrays under the rows' names for our input.

A layout is a module with two functions: `matches(head, size)`, whether a file is of it, by its first bytes and its
length, and `read(path)`, its arrays by the file's own names, convolutions' weights (out, in, height, width). Nothing is
ever unpickled or executed.
"""

import re

import numpy as np

from ..errors import InputError
from ..networks.layers import convolutions
from . import compressed, matconvnet, naming, params

LAYOUTS = (params, matconvnet, compressed)
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
    if layout is None:
        raise InputError(f"{path}: is {_kind(head)}; run `sh download.sh` or give another file with --weights.")
    try:
        stored = layout.read(path)
    except (InputError, OSError):
        raise
    except Exception as error:  # a damaged file leads to almost anything
        raise _damaged(path, error) from None
    try:
        stored, made_for = naming.renamed(network, stored, layout.RANGE)
    except ValueError as error:
        raise InputError(f"{path}: {error}; give another file with --weights.") from None
    with np.errstate(all="ignore"):  # numbers beyond float32 become infinite, and are told by that
        arrays = _checked(network, path, stored)
        first = next(iter(convolutions(network)))
        naming.fold(arrays, first, made_for)
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


def _damaged(path, error):
    reason = (str(error).strip() or type(error).__name__).splitlines()[-1][:160]
    return InputError(f"{path}: cannot be read as weights ({reason}); run `sh download.sh --force` or replace it.")


def _checked(network, path, stored):
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
                f"{path}: array {name} {fault}, so this is not {network.name}; "
                "run `sh download.sh --force` or give another file with --weights."
            )
    return arrays
