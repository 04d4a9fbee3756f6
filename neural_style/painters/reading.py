"""The door to painters' files: ours, and those of other programs."""

from pathlib import Path
from typing import Union

from . import foreign, painter
from .painter import Painter


def read(path: Union[str, Path]) -> Painter:
    """A painter from a file, or from the folder of MXNet's four.

    Raises
    ------
    InputError
        If there is none, or it is damaged.
    """
    path = Path(path)
    if path.is_dir():
        return foreign.read(path)
    if path.is_file():
        with path.open("rb") as file:
            head = file.read(16)
        if head[8:9] != b"{":  # how the header of safetensors begins
            return foreign.read(path)
    return painter.read(path)
