"""The state of a run on disk: all that the next epoch depends on, in one file, and beside it the one before.

`state.npz` is written whole or not at all; what stood there becomes `state-1.npz`. Both are archives of plain arrays as
`numpy.load` reads them: nothing is ever unpickled, and the CRC-32 of each array tells a damaged file.
"""
import dataclasses
import json
import zipfile
from typing import NamedTuple

import numpy as np

from ..errors import InputError
from ..files import replacing
from ..painting.descent import Best, Event, State
from ..painting.levels import Level

NEWEST, EARLIER = "state.npz", "state-1.npz"
FORMAT = 2


class Saved(NamedTuple):
    """What `save` was given."""

    event: Event  # the last one
    levels: list  # of painting.levels.Level
    settings: dict  # from `resume.fingerprint`
    record: dict
    file: str = NEWEST  # where it was found


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
