"""The state of a run on disk: all that the next epoch depends on, in one file, and beside it the one before.

`state.npz` is written whole or not at all; what stood there becomes `state-1.npz`. Both are archives of plain arrays,
stored without compression, as `numpy.load` reads them. Nothing is ever unpickled, no more is read than the file is
long, and all that a run would use is checked: its form here, its values by `checks`.
"""

import contextlib
import dataclasses
import json
import math
import zipfile
from typing import NamedTuple

import numpy as np

from ..errors import EngineError, InputError
from ..files import replacing
from ..painting.descent import Best, Event, State
from ..painting.levels import Level
from ..painting.pieces import MEMORY
from . import checks
from .record import Record
from .status import ENDED, Status

NEWEST, EARLIER = "state.npz", "state-1.npz"
FORMAT = 3


class Saved(NamedTuple):
    """What `save` was given."""

    event: Event  # the last one
    levels: list  # of levels.Level
    settings: dict  # from `resume.fingerprint`
    record: Record
    file: str = NEWEST  # where it was found


def save(folder, saved, pieces=MEMORY):
    """Write the state, piece by piece (`painting.pieces`); the one that was the newest is kept beside it.

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
        "record": saved.record.as_json(),
        "event": [event.losses, event.relative_change, event.failed, event.status],
        "state": fields,
        "best": best and [best.epoch, best.total],
    }
    arrays["header"] = np.frombuffer(json.dumps(header, default=float).encode(), np.uint8)
    with replacing(folder / NEWEST, earlier=folder / EARLIER) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                _write(member, np.asarray(array, order="C"), pieces)


def _write(file, array, pieces):
    """An array as `numpy.save` writes it."""
    np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(array))
    for part in pieces.parts(array):
        file.write(part.data)


def load(folder, pieces=MEMORY):
    """The newest intact state of a folder; its arrays lie where `pieces` has them.

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
            saved = _read(folder / name, pieces)
        except EngineError:  # of a disk without room
            raise
        # whatever a damaged file leads zipfile, NumPy and JSON to
        except Exception as error:
            damaged = f"{folder / name} is damaged ({(str(error).splitlines() or [type(error).__name__])[0]})"
        else:
            notice = damaged and f"{damaged}: going on from {name}, epoch {saved.event.epoch}."
            return saved, notice
    if damaged:
        raise InputError(f"{damaged}, and there is no intact one beside it; start anew without --resume.")
    return None, None


def files(path):
    """The files that the run of a state had written, name -> SHA-256 or None; empty where there is no intact one."""
    try:
        with _opened(path) as archive:
            record = Record.from_json(_header(archive)["record"])
    except Exception:
        return {}
    return {**record.files, NEWEST: None, EARLIER: None}


def settings_of(folder):
    """The settings that the newest readable state of a folder was saved with, and nothing else of it; {} if none is."""
    for name in (NEWEST, EARLIER):
        with contextlib.suppress(Exception), _opened(folder / name) as archive:
            return dict(_header(archive)["settings"])
    return {}


def is_unfinished(folder):
    """Whether there is an intact state of a run that has not ended."""
    for name in (NEWEST, EARLIER):
        with contextlib.suppress(Exception), _opened(folder / name) as archive:
            if archive.testzip() is None:
                return _header(archive)["event"][3] not in ENDED
    return False


def _opened(path):
    """The archive, if it cannot hold more than the file is long."""
    archive = zipfile.ZipFile(path)
    members = archive.infolist()
    if any(m.compress_type != zipfile.ZIP_STORED for m in members) or (
        sum(m.file_size for m in members) > path.stat().st_size
    ):
        archive.close()
        raise ValueError("it declares more than it holds")
    return archive


def _array(archive, name, pieces=MEMORY):
    with archive.open(name) as stream:
        if np.lib.format.read_magic(stream) != (1, 0):
            raise ValueError(f"{name} is of an unknown form")
        shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(stream)
        # an array is no larger than its file, whatever it declares, and holds no objects
        if fortran_order or dtype.hasobject or math.prod(shape) * dtype.itemsize > archive.getinfo(name).file_size:
            raise ValueError(f"{name} is of an unknown form")
        array = pieces.array(shape, dtype)
        for part in pieces.parts(array):
            if stream.readinto(part.view(np.uint8)) != part.nbytes:
                raise ValueError(f"{name} is too short")
        if stream.read(1):  # what is left, and with it its checksum
            raise ValueError(f"{name} is too long")
    return array


def _header(archive):
    return json.loads(_array(archive, "header.npy").tobytes())


def _read(path, pieces=MEMORY):
    with _opened(path) as archive:
        header = _header(archive)
        names = [name for name in archive.namelist() if name != "header.npy"]
        arrays = {name[: -len(".npy")]: _array(archive, name, pieces) for name in names}
    if header["format"] != FORMAT:
        raise ValueError("written by another version")
    levels = [Level(tuple(size), epochs) for size, epochs in header["levels"]]
    best = Best(*header["best"], arrays.pop("best")) if header["best"] else None
    optimizer = {name.partition("/")[2]: arrays.pop(name) for name in list(arrays) if name.startswith("optimizer/")}
    state = State(**header["state"], **arrays, best=best, optimizer=optimizer)
    losses, relative_change, failed, status = header["event"]
    status = None if status is None else Status(status)
    event = Event(state.epoch, state.shown, losses, relative_change, failed, status, state)
    checks.check_levels(levels)
    checks.check_state(state, levels, pieces.finite)
    checks.check_optimizer(optimizer, header["settings"].get("optimizer"), state.image.shape, pieces.finite)
    checks.check_event(event, levels)
    checks.check_settings(header["settings"])
    return Saved(event, levels, header["settings"], Record.from_json(header["record"]), path.name)
