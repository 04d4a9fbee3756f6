"""What was found out about this machine once, kept in the user's cache folder."""

import contextlib
import json
import os
from pathlib import Path

from ..files import write_text


def path():
    """The file: `machine.json` below `$XDG_CACHE_HOME`, else `~/.cache`; None where the user has no home."""
    with contextlib.suppress(RuntimeError):  # there is no home
        cache = os.environ.get("XDG_CACHE_HOME", "")
        return (Path(cache) if os.path.isabs(cache) else Path.home() / ".cache") / "nstyle" / "machine.json"


def kept(key, make, fits, keep=True):
    """A value that was found out earlier, or is found out now.

    A cache that is damaged or cannot be written is as good as none.

    Parameters
    ----------
    key : str
        All that the value depends on.
    make : callable
        Gives the value, of what JSON can hold.
    fits : callable
        Whether what stands in the file under this key, which anybody may have written, is such a value.
    keep : bool
        Whether a value that is found out now is for later, too.
    """
    values = _read()
    if key in values and fits(values[key]):
        return values[key]
    values[key] = make()
    file = path()
    if file is not None and keep:
        with contextlib.suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            write_text(file, json.dumps(values, indent=2) + "\n")
    return values[key]


def _read():
    try:
        values = json.loads(path().read_bytes())
        return values if isinstance(values, dict) else {}
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}
