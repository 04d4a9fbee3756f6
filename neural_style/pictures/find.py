"""The pictures that options name: found here or beside the scripts, with stand-ins for samples that are not there."""

import glob
import json
from pathlib import Path, PurePath

from .. import start
from ..errors import InputError

# the samples of the tutorial, and what stands in for them on a machine that could not fetch them
STAND_INS = {
    "input/IMG_4343.jpg": "input/standin_photograph.jpg",
    "input/starry_night.jpg": "input/standin_painting.jpg",
}
PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp")
FILMS = (
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".vob", ".ogv", ".wmv",
    ".flv", ".3gp", ".y4m",
)  # fmt: skip


def expand(names, as_film=False):
    """The photographs and films that `--content-image` names.

    Parameters
    ----------
    names : str or list of str
        Files, folders (all pictures and films in them but those that a run made there) and patterns with `*`, `?` or
        `[...]`.
    as_film : bool
        A folder is one film.

    Returns
    -------
    list of Path

    Raises
    ------
    InputError
        If a folder or a pattern holds no picture.
    """
    found = []
    for name in _listed(names):
        if not str(name):
            raise InputError("--content-image: the name is empty; give a picture.")
        if as_film and Path(name).is_dir():
            matches = [Path(name)]
        elif Path(name).is_dir():
            made = _made_by_a_run(Path(name))
            files = (path for path in Path(name).iterdir() if path.is_file() and path.name not in made)
            matches = sorted(path for path in files if path.suffix.lower() in PICTURES + FILMS)
        elif _is_pattern(name):
            matches = [Path(match) for match in sorted(glob.glob(name))]
        else:
            matches = [Path(name)]
        if not matches:
            raise InputError(f"--content-image {name}: there is no picture in it; check the name.")
        found += matches
    return list(dict.fromkeys(found))  # one that is named twice is painted once


def names_several(names, as_film=False):
    """Whether these names, as `expand` takes them, mean a folder of results for each picture, if only one is there."""
    names = _listed(names)
    folder = not as_film and any(Path(name).is_dir() for name in names)
    return len(names) > 1 or folder or any(map(_is_pattern, names))


def _listed(names):
    return [str(name) for name in (names if isinstance(names, (list, tuple)) else [names])]


def _is_pattern(name):
    return glob.has_magic(name) and not Path(name).exists()


def _made_by_a_run(folder):
    """The names of the pictures that the record in a folder says a run made there."""
    try:
        run = json.loads((folder / "run.json").read_bytes())
        entries = [run["content"], *run["style"], *run["snapshots"], run["final"] or {}]
        return {*run.get("files", ()), *(entry["file"] for entry in entries if "file" in entry)}
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return set()


def folders(photographs, output_dir):
    """A folder of results for each photograph: its name in `output_dir`.

    With a number where two have the same name, or a file has it.
    """
    chosen = {}
    for photograph in photographs:
        # without its suffix a name such as ...jpg leads out of the folder
        name, number = photograph.stem if photograph.stem.strip(".") else photograph.name, 2
        folder = Path(output_dir) / name
        while folder in chosen.values() or folder.is_file():
            folder, number = Path(output_dir) / f"{name}_{number}", number + 1
        chosen[photograph] = folder
    return chosen


def find(path):
    """Where a picture is: relative to the current directory, else to the other `start.folders`.

    Parameters
    ----------
    path : str, Path or memory.InMemory

    Returns
    -------
    Path or memory.InMemory
        The given path, where nothing was found.
    str or None
        A notice for the user, where a stand-in was taken.
    """
    if not isinstance(path, (str, PurePath)):  # it is in memory
        return path, None
    for name in (path, STAND_INS.get(str(path))):
        for folder in start.folders():
            if name is not None and Path(folder, name).is_file():
                notice = f"{path} is not installed; taking {name} in its place."
                return Path(folder, name), None if name == path else notice
    return Path(path), None
