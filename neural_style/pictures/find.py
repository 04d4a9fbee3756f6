"""The pictures that options name: found here or beside the scripts, with stand-ins for samples that are not there."""

import glob
from pathlib import Path

from ..errors import InputError

SCRIPTS = Path(__file__).resolve().parents[2]

# the samples of the tutorial, and what stands in for them on a machine that could not fetch them
STAND_INS = {
    "input/IMG_4343.jpg": "input/standin_photograph.jpg",
    "input/starry_night.jpg": "input/standin_painting.jpg",
}
PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp")


def expand(names):
    """The photographs that `--content-image` names.

    Parameters
    ----------
    names : str or list of str
        Files, folders (all pictures in them) and patterns with `*`, `?` or `[...]`.

    Returns
    -------
    list of Path

    Raises
    ------
    InputError
        If a folder or a pattern holds no picture.
    """
    found = []
    for name in [names] if isinstance(names, str) else names:
        if not str(name):
            raise InputError("--content-image: the name is empty; give a picture.")
        if Path(name).is_dir():
            files = (path for path in Path(name).iterdir() if path.is_file())
            matches = sorted(path for path in files if path.suffix.lower() in PICTURES)
        elif glob.has_magic(name) and not Path(name).exists():
            matches = [Path(match) for match in sorted(glob.glob(name))]
        else:
            matches = [Path(name)]
        if not matches:
            raise InputError(f"--content-image {name}: there is no picture in it; check the name.")
        found += matches
    return list(dict.fromkeys(found))  # one that is named twice is painted once


def folders(photographs, output_dir):
    """A folder of results for each photograph: its name in `output_dir`, with a number where two have the same name."""
    chosen = {}
    for photograph in photographs:
        # without its suffix a name such as ...jpg leads out of the folder
        name, number = photograph.stem if photograph.stem.strip(".") else photograph.name, 2
        folder = Path(output_dir) / name
        while folder in chosen.values():
            folder, number = Path(output_dir) / f"{name}_{number}", number + 1
        chosen[photograph] = folder
    return chosen


def find(path):
    """Where a picture is: relative to the current directory, else beside the scripts.

    Parameters
    ----------
    path : str

    Returns
    -------
    Path
        The given path, where nothing was found.
    str or None
        A notice for the user, where a stand-in was taken.
    """
    for name in (path, STAND_INS.get(str(path))):
        for folder in (Path(), SCRIPTS):
            if name is not None and (folder / name).is_file():
                return folder / name, None if name == path else f"{path} is not installed; taking {name} in its place."
    return Path(path), None
