"""The state of a run on disk: all that the next epoch depends on, in one file, and beside it the one before.

`state.npz` is written whole or not at all; what stood there becomes `state-1.npz`. Both are archives of plain arrays as
`numpy.load` reads them: nothing is ever unpickled, and the CRC-32 of each array tells a damaged file.
"""
import dataclasses
import json
import os
import zipfile
from typing import NamedTuple

import numpy as np

from . import options, samples
from .descent import Best, Event, Level, State, extended
from .errors import InputError
from .files import replacing
from .sources import checksum

NEWEST, EARLIER = "state.npz", "state-1.npz"
FORMAT = 1

# options that change no pixel of a run; of the device only the precision counts, of the weights their content
WITHOUT_EFFECT = {
    "command", "gpu", "list_weights", "max_pixels", "no_progress", "output_dir", "overwrite", "preset", "resume", "weights",
}  # fmt: skip
# and those that change only which of the pictures on the way are written
WAYPOINTS = {"save_epochs", "snapshot_at"}


class Saved(NamedTuple):
    """What `save` was given."""

    event: Event  # the last one
    levels: list  # of descent.Level
    settings: dict  # from `fingerprint`
    record: dict
    file: str = NEWEST  # where it was found


def fingerprint(run):
    """Every setting that changes what is written, by option, as JSON gives it back; of files also their SHA-256."""
    known = vars(options.parse([])).keys() - WITHOUT_EFFECT
    values = {option: _with_digest(value) for option, value in vars(run.settings).items() if option in known}
    values["weights"] = {"file": str(run.weights.path), "sha256": run.weights.sha256}
    return json.loads(json.dumps(values, default=str))


def _with_digest(value):
    if isinstance(value, (list, tuple)):
        return [_with_digest(item) for item in value]
    if isinstance(value, (str, os.PathLike)) and samples.find(value)[0].is_file():
        return {"file": str(value), "sha256": checksum(samples.find(value)[0])}
    return value


def save(folder, saved):
    """Write the state; the one that was the newest is kept beside it.

    Raises
    ------
    OSError
        If it cannot be written; what stood there stays.
    """
    event, state = saved.event, saved.event.state
    fields = {field.name: getattr(state, field.name) for field in dataclasses.fields(State)}
    optimizer, best = fields.pop("optimizer"), fields.pop("best")
    arrays = {name: fields.pop(name) for name, value in list(fields.items()) if isinstance(value, np.ndarray)}
    arrays.update({f"optimizer/{name}": array for name, array in optimizer.items()})
    if best is not None:
        arrays["best"] = best.image
    header = {
        "format": FORMAT,
        "levels": saved.levels,
        "settings": saved.settings,
        "record": saved.record,
        "event": [event.losses, event.relative_change, event.failed, event.status],
        "state": fields,
        "best": best and [best.epoch, best.total],
    }
    arrays["header"] = np.frombuffer(json.dumps(header, default=float).encode(), np.uint8)
    with replacing(folder / NEWEST, earlier=folder / EARLIER) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)


def load(folder):
    """The newest intact state of a folder.

    Returns
    -------
    Saved
        None if there is none.
    str or None
        A notice for the user, where the newest one was damaged.

    Raises
    ------
    InputError
        If there are only damaged ones.
    """
    damaged = None
    for name in (NEWEST, EARLIER):
        if not (folder / name).is_file():
            continue
        try:
            saved = _read(folder / name)
        # whatever a damaged file leads zipfile, NumPy and JSON to
        except Exception as error:
            damaged = f"{folder / name} is damaged ({(str(error).splitlines() or [type(error).__name__])[0]})"
        else:
            notice = damaged and f"{damaged}: going on from {name}, epoch {saved.event.epoch}."
            return saved, notice
    if damaged:
        raise InputError(f"{damaged}, and there is no intact one beside it; start anew without --resume.")
    return None, None


def _read(path):
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    header = json.loads(arrays.pop("header").tobytes())
    if header["format"] != FORMAT:
        raise ValueError("written by another version")
    best = Best(*header["best"], arrays.pop("best")) if header["best"] else None
    optimizer = {name.partition("/")[2]: arrays.pop(name) for name in list(arrays) if name.startswith("optimizer/")}
    state = State(**header["state"], **arrays, best=best, optimizer=optimizer)
    losses, relative_change, failed, status = header["event"]
    event = Event(state.epoch, state.shown, losses, relative_change, failed, status, state)
    levels = [Level(tuple(size), epochs) for size, epochs in header["levels"]]
    return Saved(event, levels, header["settings"], header["record"], path.name)


def taken_up(run, saved):
    """The run and its state, ready to go on.

    The epochs of a larger `--max-num-epochs` are spent at the size of the result (see `descent.extended`); a smaller
    `--stop-eps` holds from here on. The event keeps its `status` if the run has ended and these do not extend it.

    Raises
    ------
    InputError
        If a setting that changes the result differs; it names each with both values.
    """
    ours, theirs = fingerprint(run), saved.settings
    more_epochs = ours["max_num_epochs"] - theirs["max_num_epochs"]
    patience = theirs["stop_eps"] - ours["stop_eps"]
    differing = [
        f"--{option.replace('_', '-')} {_both(ours.get(option), theirs.get(option))}"
        for option in sorted((ours.keys() | theirs.keys()) - WAYPOINTS)
        if _content(ours.get(option)) != _content(theirs.get(option))
        and not (option == "max_num_epochs" and more_epochs > 0)
        and not (option == "stop_eps" and patience > 0)
    ]
    if differing:
        raise InputError(f"--resume: the run in {run.settings.output_dir} has other settings: {', '.join(differing)}.")
    event, state = saved.event, saved.event.state
    if patience:
        state = dataclasses.replace(state, small_steps=0)
    extends = {"finished": more_epochs > 0, "converged": patience > 0}.get(event.status, False)
    event = event._replace(state=state, status=None if extends else event.status)
    return run._replace(levels=extended(saved.levels, run.settings.max_num_epochs)), saved._replace(event=event)


def _content(value):
    """A setting without the names of files."""
    if isinstance(value, list):
        return [_content(item) for item in value]
    return value["sha256"] if isinstance(value, dict) and "sha256" in value else value


def _both(ours, theirs):
    ours, theirs = _shown(ours), _shown(theirs)
    return f"{ours} (its content was another)" if ours == theirs else f"{ours} (was {theirs})"


def _shown(value):
    if isinstance(value, list):
        return " ".join(map(_shown, value))
    if isinstance(value, dict):
        return value["file"] if "sha256" in value else ",".join(f"{key}:{item:g}" for key, item in value.items())
    return "not given" if value is None else str(value)
