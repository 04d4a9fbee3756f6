"""The folder that a run writes to: one run at a time, and nobody's file but a run's own.

A file belongs to a run if a readable run.json or state there names it, and if it is still what was written; how it
looks says nothing.
"""

import contextlib
import errno
import itertools
import json
import os
from pathlib import Path

import filelock

from ..errors import InputError
from ..files import TEMPORARY, checksum
from . import state

LOCK = ".nstyle.lock"
MOVING = ".nstyle.moving"  # in a folder that is still being filled with an earlier run
RECORD, LOSSES, PAGE, SHEET = "run.json", "losses.csv", "index.html", "snapshots.png"
STATES = (state.NEWEST, state.EARLIER)
KEPT, REPLACED = "earlier", "replaced"


class Claim:
    """A folder that is this run's as long as the lock in it is."""

    def __init__(self, folder):
        self.folder = folder
        self._identity = _identity(folder / LOCK)

    def check(self):
        """OSError if the lock, or the folder, is no longer there: another run may be writing."""
        if _identity(self.folder / LOCK) != self._identity:
            self.folder.stat()
            raise OSError(errno.ENOLCK, f"{LOCK} was removed, so that another run may be writing there")


@contextlib.contextmanager
def claimed(folder):
    """Keep other runs out of a folder, which is created if it is missing.

    The operating system lets go of the lock if the process dies. What a killed run left half-written is removed,
    and what it was moving aside follows.

    Yields
    ------
    Claim

    Raises
    ------
    InputError
        If another run is writing there, or the folder cannot be written.
    """
    folder = Path(folder)
    lock = filelock.FileLock(folder / LOCK, timeout=0)
    with writing(folder):
        new = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire()
        except filelock.Timeout:
            raise InputError(
                f"--output-dir {folder}: another run is writing there; wait for it, or choose another."
            ) from None
        except NotImplementedError:
            pass  # a file system without locks
    claim = Claim(folder)
    try:
        with writing(folder):
            for path in folder.glob(f"{TEMPORARY}*"):
                path.unlink(missing_ok=True)
            _finish_moving(folder)
        yield claim
    finally:
        with contextlib.suppress(OSError):
            claim.check()
            # whoever waits for it finds out that it has no name any more, and begins anew
            (folder / LOCK).unlink(missing_ok=True)
        lock.release()
        if new:
            with contextlib.suppress(OSError):
                folder.rmdir()  # where the run was refused before it wrote anything


def _identity(path):
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


@contextlib.contextmanager
def writing(folder):
    """Turn an error of the file system into an `InputError` that names the folder."""
    try:
        yield
    except OSError as error:
        raise InputError(f"--output-dir {folder}: cannot be written ({reason(error)}); choose another.") from None


def reason(error):
    """What the operating system says."""
    return error.strerror or str(error)


def read_record(folder):
    """The run.json of a run.

    Returns
    -------
    dict
        None where there is no readable one.
    """
    try:
        record = json.loads((folder / RECORD).read_bytes())
        kinds = {"status": str, "settings": dict, "versions": dict, "snapshots": list, "style": list, "content": dict}
        return record if all(isinstance(record[key], kind) for key, kind in kinds.items()) else None
    except (OSError, ValueError, RecursionError, TypeError, KeyError):
        return None


def files_of_run(folder):
    """What the run in a folder has written, or was about to write, as its run.json and its state say.

    Returns
    -------
    dict
        Name -> SHA-256; None where a file is written again and again, or was announced only.
    """
    files, record = {}, read_record(folder)
    for name in STATES:
        files.update(state.files(folder / name))
    if record is not None:
        files.update(record["files"] if isinstance(record.get("files"), dict) else _implied(record))
        files[RECORD] = None
    return {name: digest for name, digest in files.items() if isinstance(name, str) and Path(name).name == name}


def _implied(record):
    """The files of a run of a version whose run.json does not list them."""
    entries = [record["content"], *record["style"], *record["snapshots"], record.get("final")]
    named = [entry.get("file") for entry in entries if isinstance(entry, dict)]
    return dict.fromkeys([*named, LOSSES, PAGE, SHEET, f"animation.{record['settings'].get('animate')}", *STATES])


def is_of_run(path, files):
    """Whether a file is the one that the run has written whose files these are."""
    if path.name not in files or not path.is_file():
        return False
    digest = files[path.name]
    return digest is None or checksum(path) == digest


def check_free(folder, files, writes):
    """Refuse to write over what is not of a run.

    Parameters
    ----------
    folder : Path
    files : dict
        From `files_of_run`.
    writes : callable
        Name -> whether the new run may write a file of this name.

    Raises
    ------
    InputError
        It names one file.
    """
    with writing(folder):
        for path in sorted(folder.iterdir()):
            # one file where the file system does not tell capitals apart
            twin = folder / path.name.lower()
            stands_in_the_way = writes(path.name) or (writes(twin.name) and twin.exists())
            if stands_in_the_way and not is_of_run(path, files):
                raise InputError(
                    f"--output-dir {folder}: {path.name} is there, is not of a run, and would be overwritten; "
                    "move it, or choose another folder."
                )


def spare_sources(settings, folder, is_touched):
    """InputError if a file that an option names would be written over: one of a name of which `is_touched` is true."""
    values = [value for option, value in vars(settings).items() if option != "command"]
    names = [name for value in values for name in (value if isinstance(value, list) else [value])]
    for source in (Path(name) for name in names if isinstance(name, (str, os.PathLike))):
        if is_touched(source.name) and source.resolve().parent == folder.resolve():
            raise InputError(f"--output-dir {folder}: {source} would be overwritten; choose another.")


def make_room(folder, files, overwrite=False):
    """Take an earlier run's files out of the way of a new one.

    They are moved into `earlier-1`, `earlier-2`, ... inside the folder; with `overwrite` into `replaced-1`, ..., which
    goes when a new run there has ended (see `remove_replaced`). What had painted nothing is removed.

    Parameters
    ----------
    folder : Path
    files : dict
        From `files_of_run`.
    overwrite : bool

    Returns
    -------
    str or None
        A notice for the user, where anything was moved.
    """
    with writing(folder):
        ours = [folder / name for name in files if is_of_run(folder / name, files)]
        if not any(path.name.startswith(("e_", "final.")) for path in ours):
            _remove(ours)
            return None
        resumable = state.is_unfinished(folder)
        aside = _new_folder(folder, REPLACED if overwrite else KEPT)
        (aside / MOVING).touch()
        _move(ours, aside)
        (aside / MOVING).unlink()
    if overwrite:
        return f"The earlier run in {folder} is in {aside} until this one has ended."
    hint = "--resume would have gone on with it, " if resumable else ""
    return f"The earlier run in {folder} is now in {aside} ({hint}--overwrite would have removed it)."


def remove_replaced(folder):
    """Remove earlier runs that were to be overwritten; what was put beside their files stays."""
    for aside in folder.glob(f"{REPLACED}-*"):
        files = files_of_run(aside)
        _remove([aside / name for name in files if is_of_run(aside / name, files)])
        with contextlib.suppress(OSError):
            aside.rmdir()


def _record_first(paths):
    return sorted(paths, key=lambda path: path.name != RECORD)


def _remove(paths):
    # the record last: it knows what there is still to be removed
    for path in reversed(_record_first(paths)):
        path.unlink(missing_ok=True)


def _move(paths, aside):
    # the record first: none in the folder may name a file that is gone
    for path in _record_first(paths):
        path.rename(aside / path.name)


def _new_folder(folder, kind):
    names = (folder / f"{kind}-{number}" for number in itertools.count(1))
    aside = next(path for path in names if not os.path.lexists(path))
    aside.mkdir()
    return aside


def _finish_moving(folder):
    """Let the files of a run follow their record, where a process was killed while it moved them."""
    for mark in folder.glob(f"*/{MOVING}"):
        aside, files = mark.parent, files_of_run(mark.parent)
        missing = [folder / name for name in files if not (aside / name).exists()]
        _move([path for path in missing if is_of_run(path, files)], aside)
        mark.unlink()
        with contextlib.suppress(OSError):
            aside.rmdir()  # where not even the record had been moved
