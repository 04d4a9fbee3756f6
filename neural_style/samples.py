"""The pictures that options name: found here or beside the scripts, with stand-ins for samples that are not there."""
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent.parent

# the samples of the tutorial, and what stands in for them on a machine that could not fetch them
STAND_INS = {
    "input/IMG_4343.jpg": "input/standin_photograph.jpg",
    "input/starry_night.jpg": "input/standin_painting.jpg",
}


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
