"""What going on with a film needs beside its frames, in one file that is written whole or not at all."""

import dataclasses
import json
import math

from ...errors import InputError
from ...files import write_text
from ..record import Record
from ..status import ENDED, Status
from .course import Row

NAME = "film.json"
FORMAT = 2


@dataclasses.dataclass
class Saved:
    """The state of a run over a film."""

    settings: dict  # from `resume.fingerprint`
    record: Record
    count: int = 0  # frames that the film has; 0: they are not yet all on the stack
    done: int = 0  # steps that are painted
    scenes: list = dataclasses.field(default_factory=list)  # frames that begin one
    looked: int = 0  # frames, from the first one, of which it is known whether they do
    rows: list = dataclasses.field(default_factory=list)  # of course.Row, one for each step
    status: str = None  # how it has ended


def save(folder, saved):
    """Write the state; OSError if it cannot be written: what stood there stays."""
    values = {field.name: getattr(saved, field.name) for field in dataclasses.fields(Saved)}
    values.update(format=FORMAT, record=saved.record.as_json())
    write_text(folder / NAME, json.dumps(values, default=float) + "\n")


def load(folder):
    """The state in a folder; None if there is none.

    Raises
    ------
    InputError
        If it is damaged.
    """
    if not (folder / NAME).is_file():
        return None
    try:
        values = json.loads((folder / NAME).read_bytes())
        if values.pop("format") != FORMAT:
            raise ValueError("written by another version")
        record, rows = Record.from_json(values.pop("record")), [Row(*row) for row in values.pop("rows")]
        saved = Saved(record=record, rows=rows, **values)
        _check(saved)
    # whatever a damaged file leads JSON and the record to
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"{folder / NAME} is damaged ({reason}); start anew without --resume.") from None
    if saved.status is not None:
        saved.status = Status(saved.status)
    return saved


def settings_of(folder):
    """The settings that the state in a folder was saved with; {} if there is none."""
    try:
        saved = load(folder)
    except InputError:
        return {}
    return {} if saved is None else saved.settings


def _check(saved):
    whole = all(type(value) is int and value >= 0 for value in (saved.count, saved.done, saved.looked, *saved.scenes))
    rows = len(saved.rows) == saved.done and all(
        value is None or (type(value) in (int, float) and math.isfinite(value)) for row in saved.rows for value in row
    )
    begins = sorted(set(saved.scenes)) == saved.scenes and all(scene < saved.looked for scene in saved.scenes)
    begins = begins and saved.looked <= saved.count
    if not (whole and rows and begins and isinstance(saved.settings, dict) and (saved.status in (None, *ENDED))):
        raise ValueError("it cannot be right")
