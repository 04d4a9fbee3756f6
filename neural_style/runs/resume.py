"""Whether a run may go on where an earlier one stopped: its settings beside those that were saved, and its new end."""

import argparse
import hashlib
import json
import os
from pathlib import Path

from ..engines import door
from ..errors import InputError
from ..files import checksum
from ..painting.levels import extended
from ..pictures import find
from . import state
from .declared import OPTIONS

FOLDERS = ("content_image", "content_mask")  # options that may name one, whose files count


def fingerprint(run):
    """Every setting that changes what is written, by option, as JSON gives it back; of files also their SHA-256."""
    known = [name for name, option in OPTIONS.items() if option.changes_result]
    values = {name: _with_digest(getattr(run.settings, name, None), name in FOLDERS) for name in known}
    values["weights"] = {"file": str(run.weights.path), "sha256": run.weights.sha256}
    return json.loads(json.dumps(values, default=str))


def _with_digest(value, folder=False):
    if folder and isinstance(value, (str, os.PathLike)) and os.path.isdir(value):
        files = sorted(path for path in Path(value).iterdir() if path.is_file())
        listed = "".join(f"{path.name} {checksum(path)}\n" for path in files)
        return {"file": str(value), "sha256": hashlib.sha256(listed.encode("utf-8", "replace")).hexdigest()}
    if isinstance(value, (list, tuple)):
        return [_with_digest(item) for item in value]
    if isinstance(value, (str, os.PathLike)) and find.find(value)[0].is_file():
        return {"file": str(value), "sha256": checksum(find.find(value)[0])}
    return value


def with_its_machine(settings, settings_of=state.settings_of):
    """The settings of a run that may go on: the engine and the precision that are left open are those of its state.

    An engine that is not installed here stays open. `settings_of` gives those of the state in a folder.
    """
    theirs = settings_of(Path(settings.output_dir)) if settings.resume else {}
    left = [name for name in ("engine", "precision") if getattr(settings, name) == "auto"]
    kept = {name: theirs[name] for name in left if name in theirs}
    if kept.get("engine") not in door.installed():
        kept.pop("engine", None)
    return argparse.Namespace(**{**vars(settings), **kept})


def engine_notice(run, saved):
    """A line for the user where another engine goes on with a state; else None."""
    earlier = saved.settings.get("engine", run.engine.name)
    if earlier == run.engine.name:
        return None
    return (
        f"The state was written with {earlier}, and {run.engine.name} goes on from it: "
        "the bytes may differ from those of a run with one engine."
    )


def taken_up(run, saved):
    """The run and its state, ready to go on.

    The epochs of a larger `--max-num-epochs` are spent at the size of the result (see `levels.extended`); a smaller
    `--stop-eps` holds from here on. The event keeps its `status` if the run has ended and these do not extend it.

    Raises
    ------
    InputError
        If a setting that changes the result differs; it names each with both values.
    """
    ours, theirs = fingerprint(run), saved.settings
    check_same(run.settings.output_dir, ours, theirs, _may_change)
    more_epochs = ours["max_num_epochs"] - theirs["max_num_epochs"]
    patience = theirs["stop_eps"] - ours["stop_eps"]
    event = saved.event
    extends = {"finished": more_epochs > 0, "converged": patience > 0}.get(event.status, False)
    event = event._replace(status=None if extends else event.status)
    return run._replace(levels=extended(saved.levels, run.settings.max_num_epochs)), saved._replace(event=event)


def check_same(folder, ours, theirs, may_change):
    """InputError if settings, from `fingerprint`, differ that may not; it names each with both values."""
    differing = [
        f"--{name.replace('_', '-')} {_both(ours.get(name), theirs.get(name))}"
        for name in sorted(ours.keys() | theirs.keys())
        if not may_change(name, _content(ours.get(name)), _content(theirs.get(name)))
    ]
    if differing:
        told = ", ".join(differing)
        raise InputError(f"--resume: the run in {folder} has other settings: {told}; give its own, or another folder.")


def _may_change(name, ours, theirs):
    how = OPTIONS[name].on_resume if name in OPTIONS else "same"
    return (
        ours == theirs
        or how == "any"
        or (how == "larger" and ours > theirs)
        or (how == "smaller" and ours < theirs)
    )


def is_same(run, saved):
    """Whether a run that has been saved is the one that is asked for now, in every setting that is to be seen."""
    ours, theirs = fingerprint(run), saved.settings
    return is_equal(ours, theirs) and saved.levels == run.levels


def is_equal(ours, theirs):
    """Whether settings, from `fingerprint`, are the same; of files their content."""
    return all(_content(ours.get(name)) == _content(theirs.get(name)) for name in ours.keys() | theirs.keys())


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
    if isinstance(value, dict) and "sha256" in value:
        return str(value["file"])
    if isinstance(value, dict):
        weights = (f"{item:g}" if isinstance(item, (int, float)) else item for item in value.values())
        return ",".join(f"{layer}:{weight}" for layer, weight in zip(value, weights))
    return "not given" if value is None else str(value)
