"""The folder that a run writes to: one run at a time, and the files of one run only."""
import contextlib
import itertools
import re
from pathlib import Path

import filelock

from ..errors import InputError
from . import state

LOCK = ".nstyle.lock"
PICTURES = re.compile(r"(content|style(_\d+)?|e_\d+|final)\.(jpg|png|tiff)", re.IGNORECASE)
RECORDS = re.compile(r"run\.json|losses\.csv|index\.html|snapshots\.png|animation\.\w+")
STATES = (state.NEWEST, state.EARLIER)
# what `files.replacing` leaves behind if the process is killed
TORN = re.compile(r"\.(content|style(_\d+)?|e_\d+|final|run|losses|index|snapshots|animation|state)-\w{8}\.\w+")


@contextlib.contextmanager
def claimed(folder):
    """Keep other runs out of a folder, which is created if it is missing.

    The operating system lets go of the lock if the process dies. What a killed run left half-written is removed.

    Yields
    ------
    Path

    Raises
    ------
    InputError
        If another run is writing there, or the folder cannot be written.
    """
    folder = Path(folder)
    lock = filelock.FileLock(folder / LOCK, timeout=0)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire()
        except filelock.Timeout:
            raise InputError(
                f"--output-dir {folder}: another run is writing there; wait for it, or choose another."
            ) from None
        except NotImplementedError:
            pass  # a file system without locks
        for path in folder.iterdir():
            if TORN.fullmatch(path.name):
                path.unlink(missing_ok=True)
    try:
        yield folder
    finally:
        lock.release()


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


def make_room(folder, settings, levels, overwrite=False):
    """Take an earlier run's files out of the way of a new one.

    They are moved into `earlier-1`, `earlier-2`, ... inside the folder; of a run that had ended without its state. They
    are removed where the new run will write them again (it has the same settings), where nothing was painted yet, or
    with `overwrite`.

    Parameters
    ----------
    folder : Path
    settings : dict
        Of the new run, from `resume.fingerprint`.
    levels : list of painting.levels.Level
        Of the new run.
    overwrite : bool

    Returns
    -------
    str or None
        A notice for the user, where anything was moved.
    """
    with writing(folder):
        files = [path for path in folder.iterdir() if _is_of_a_run(path.name) and path.is_file()]
        painted = any(path.name.startswith(("e_", "final")) for path in files)
        saved = _saved(folder)
        ended = saved is not None and saved.event.status is not None
        # pictures last: no record may name one that is gone
        files.sort(key=lambda path: PICTURES.fullmatch(path.name) is not None)
        if overwrite or not painted or (ended and (saved.settings, saved.levels) == (settings, levels)):
            for path in files:
                path.unlink()
            return None
        aside = next(path for path in (folder / f"earlier-{n}" for n in itertools.count(1)) if not path.exists())
        aside.mkdir()
        for path in files:
            if ended and path.name in STATES:
                path.unlink()
            else:
                path.rename(aside / path.name)
    resumable = "--resume would have gone on with it, " if saved is not None and not ended else ""
    return f"The earlier run in {folder} is now in {aside} ({resumable}--overwrite would have removed it)."


def _is_of_a_run(name):
    return bool(PICTURES.fullmatch(name) or RECORDS.fullmatch(name) or name in STATES)


def _saved(folder):
    try:
        return state.load(folder)[0]
    except InputError:
        return None
