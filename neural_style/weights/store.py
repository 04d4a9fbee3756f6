"""The files in model/: find, verify, load, save, list.

Beside a weights file may stand `<file>.json`: where it came from, its SHA-256, how it was verified. Without it, or if
the file has changed since, its content is compared with the published ones. What is none of them counts as unverified
and of unknown origin; it is used all the same.
"""
import contextlib
import json
from pathlib import Path
from typing import NamedTuple

from .. import start
from ..errors import InputError
from ..files import checksum, replacing, write_text
from ..networks.registry import NETWORKS
from . import layouts, params, published

OFFLINE = "vgg19-offline.params"


class Weights(NamedTuple):
    """A network's arrays, and what is known of the file they came from."""

    arrays: dict  # name -> float32 array, or None where a run has let go of them
    path: Path
    sha256: str
    origin: str  # address, file, recipe or published file; 'unknown' if nothing is known of this content
    verified: bool  # unchanged since its content was found to be the published (or the learned) one
    offline: bool  # the network learned offline, not one trained on ImageNet


class Installed(NamedTuple):
    """One line of `nstyle.py --list-weights`."""

    network: str
    path: Path
    size: int
    sha256: str
    origin: str
    verified: bool


def find(model, path=None):
    """Return the weights file of a network.

    Looks in `model/` of the current folder, then of the other `start.folders`, for `<model>.params`; for VGG-19 then
    also for the network learned offline.

    Parameters
    ----------
    model : str
        A name of the registry.
    path : str or Path, optional
        What `--weights` gave; it is taken as it is.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If `path` is not a file, or nothing is installed.
    """
    if path is not None:
        if not Path(path).is_file():
            fault = "is no regular file" if Path(path).exists() else "there is no such file"
            raise InputError(f"--weights {path}: {fault}; give a file with weights.")
        return Path(path)
    for name in _names(model):
        for folder in _folders():
            if (folder / name).is_file():
                return folder / name
    hint = f" (`{start.download('--offline')}` builds one that needs no download)" if model == "vgg19" else ""
    cure = f"run `{start.download(f'--model {model}')}`{hint}"
    raise InputError(f"model/{model}.params: the weights of {model} are not installed; {cure}.")


def load(model, path=None):
    """Load the weights of a network from a file of any known layout.

    Parameters
    ----------
    model : str
        A name of the registry.
    path : str or Path, optional
        The file; otherwise the installed one (see `find`).

    Returns
    -------
    Weights

    Raises
    ------
    InputError
        If there is no such file, it cannot be read, or it does not hold what the network needs (see `layouts.read`).
    """
    path = find(model, path)
    try:
        arrays, sha256 = layouts.read(NETWORKS[model], path), checksum(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error}); check it, or give --weights.") from None
    note = known(path, sha256)
    offline = path.name == OFFLINE or "recipe" in note
    return Weights(arrays, path, sha256, note["origin"], bool(note["verified_by"]), offline)


def of_checksum(network, sha256, path=None):
    """The weights of a network from a file of this content, whatever its name.

    Parameters
    ----------
    network : networks.layers.Network
    sha256 : str
    path : str or Path, optional
        Where it may be, besides where `find` looks.

    Returns
    -------
    dict of str to ndarray
        None where no such file is installed.

    Raises
    ------
    InputError
        As `layouts.read`.
    """
    places = [Path(path)] if path is not None else []
    places += [folder / name for name in _names(network.name) for folder in _folders()]
    for place in places:
        with contextlib.suppress(OSError):
            if place.is_file() and checksum(place) == sha256:
                return layouts.read(network, place)
    return None


def save(path, arrays):
    """Write arrays as MXNet's `.params`, keys `arg:<name>`: whole or not at all, the same bytes for the same arrays."""
    with replacing(path) as temporary:
        params.write(temporary, {f"arg:{name}": arrays[name] for name in sorted(arrays)})


def record(path, origin, verified_by, **extra):
    """Write `<path>.json`: what is known of the weights file `path`.

    Parameters
    ----------
    path : str or Path
        The file, already in place.
    origin : str
        The address or file it came from, or the recipe it was learned by.
    verified_by : str or None
        How its content was found to be right; None if it could not be.
    **extra
        More facts, such as `recipe` and `seed` of the network learned offline.
    """
    note = {"origin": origin, "sha256": checksum(path), "verified_by": verified_by, **extra}
    write_text(_sidecar(path), json.dumps(note, indent=2) + "\n")


def recorded(path):
    """Return what `record` wrote for the file `path`, or {} if there is nothing readable."""
    try:
        note = json.loads(_sidecar(path).read_text(encoding="utf-8"))
        return {**note, "origin": str(note["origin"])} if {"origin", "sha256", "verified_by"} <= note.keys() else {}
    except (OSError, ValueError, AttributeError):
        return {}


def installed():
    """Return an `Installed` for every weights file that `find` could come upon, those it prefers first."""
    found = {}
    for model in NETWORKS:
        for path in (folder / name for name in _names(model) for folder in _folders()):
            if path.is_file() and path.resolve() not in found:
                sha256 = checksum(path)
                note = known(path, sha256)
                found[path.resolve()] = Installed(
                    model, path, path.stat().st_size, sha256, note["origin"], bool(note["verified_by"])
                )
    return list(found.values())


def describe(records):
    """Return the records of `installed` as a table of aligned columns, one line each under a heading."""
    if not records:
        return f"No weights are installed: run `{start.download()}`."
    rows = [("network", "file", "size", "verified", "origin")] + [
        (r.network, str(r.path), f"{r.size / 1e6:.1f} MB", "yes" if r.verified else "no", r.origin) for r in records
    ]
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)


def _names(model):
    return [f"{model}.params"] + [OFFLINE] * (model == "vgg19")


def _folders():
    return [Path(folder, "model") for folder in start.folders()]


def known(path, sha256):
    """What is known of a file's content, by its record or by the published checksums.

    Parameters
    ----------
    path : Path
    sha256 : str
        Its own.

    Returns
    -------
    dict
        With `origin`, 'unknown' if nothing is known, and `verified_by`; more if it was learned offline.
    """
    note = recorded(path)
    if note.get("sha256") == sha256:
        return note
    found = published.find(path, sha256)
    return {"origin": found.origin if found else "unknown", "verified_by": found and found.proof}


def _sidecar(path):
    return Path(path).with_name(Path(path).name + ".json")
