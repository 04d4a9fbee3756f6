"""A painter and its file: the weights of one or several generators in a row, and what is known of them.

The file is one of safetensors. Its metadata say that it is a painter, which generators it is of, the painting's name
and SHA-256, who judged, the recipe, and under which licence it may be passed on.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Union

import numpy as np

from ..engines.contract import Engine
from ..errors import InputError, one_line, printable
from ..files import write_bytes
from . import forward
from .generators import GENERATORS
from .rows import Generator, shapes

FORMAT = "nstyle painter 1"
UNKNOWN = "unknown"
Array = Any


class Part(NamedTuple):
    """One generator with its weights."""

    generator: Generator
    arrays: dict[str, Array]


class Painter(NamedTuple):
    """What repaints a picture."""

    parts: tuple[Part, ...]  # each is given what the one before it made
    facts: dict[str, str]  # painting, painting_sha256, judge, recipe, licence and so on
    path: Path

    def on(self, engine: Engine) -> "Painter":
        """The same one with an engine's arrays."""
        parts = []
        for generator, arrays in self.parts:
            parts.append(Part(generator, {name: engine.array(array) for name, array in arrays.items()}))
        return self._replace(parts=tuple(parts))

    def paint(self, engine: Engine, picture: Array) -> Array:
        """A picture (H, W, 3) in 0..1 repainted, cut to 0..1; the arrays are those of the engine (see `on`)."""
        for generator, arrays in self.parts:
            picture = forward.painted(engine, generator, arrays, picture)
        return np.clip(picture, 0, 1, out=picture)


def read(path: Union[str, Path]) -> Painter:
    """A painter from its file.

    Raises
    ------
    InputError
        If there is no such file, it is damaged, is no painter, or of a generator that is not known here.
    """
    path = Path(path)
    if not path.is_file():
        fault = "is no regular file" if path.exists() else "there is no such file"
        raise InputError(f"--painter {path}: {fault}; `python -m neural_style.learn` makes one.")
    try:
        facts, arrays = _opened(path)
    except OSError as error:
        raise InputError(f"--painter {path}: cannot be read ({error.strerror or error}).") from None
    except Exception as error:  # a damaged file leads to almost anything
        raise InputError(f"--painter {path}: damaged, or no painter ({printable(one_line(error))[:160]}).") from None
    if facts.get("format") != FORMAT:
        raise InputError(f"--painter {path}: is no painter of this version; `python -m neural_style.learn` makes one.")
    return Painter(tuple(_parts(path, facts.pop("generators", ""), arrays)), facts, path)


def _opened(path: Path) -> tuple[dict[str, str], dict[str, Array]]:
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        return dict(file.metadata() or {}), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def _parts(path: Path, names: str, arrays: Mapping[str, Array]) -> list[Part]:
    parts = []
    for number, name in enumerate(names.split() or [""]):
        generator = GENERATORS.get(name)
        if generator is None:
            known = ", ".join(GENERATORS)
            raise InputError(
                f"--painter {path}: of the generator {printable(name)!r}, which is not known here; known are {known}."
            )
        prefix = f"{number}."
        own = {key[len(prefix) :]: array for key, array in arrays.items() if key.startswith(prefix)}
        parts.append(Part(generator, checked(path, generator, own)))
    return parts


def checked(path: Union[str, Path], generator: Generator, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The arrays of a generator, float32, if all are there in their shapes, and every value a number.

    Raises
    ------
    InputError
        It names the file and the first array that is wrong.
    """
    found = {}
    for name, shape in shapes(generator).items():
        array = arrays.get(name)
        fault = None
        if array is None:
            fault = "is missing"
        elif array.shape != shape:
            fault = f"has shape {array.shape} instead of {shape}"
        elif not np.issubdtype(array.dtype, np.floating) or not np.isfinite(array).all():
            fault = "holds what is no number"
        if fault:
            whole = f"so it is no whole {generator.name}"
            raise InputError(f"--painter {path}: array {name} {fault}, {whole}; give another.")
        found[name] = np.ascontiguousarray(array, np.float32)
    return found


def write(path: Union[str, Path], parts: Sequence[Part], facts: Mapping[str, Any]) -> None:
    """Write a painter: whole or not at all, the same bytes for the same painter.

    Parameters
    ----------
    path : str or Path
    parts : sequence of Part
        NumPy arrays.
    facts : mapping
        Name -> text, or what JSON can say.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    from safetensors.numpy import save

    arrays = {f"{number}.{name}": np.ascontiguousarray(array)
              for number, part in enumerate(parts) for name, array in part.arrays.items()}  # fmt: skip
    said = {name: fact if isinstance(fact, str) else json.dumps(fact, sort_keys=True) for name, fact in facts.items()}
    generators = " ".join(part.generator.name for part in parts)
    write_bytes(path, _sorted_metadata(save(arrays, {"format": FORMAT, "generators": generators, **said})))


def _sorted_metadata(data: bytes) -> bytes:
    """A file of safetensors with its metadata in one order: the library writes them in any."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data[8 + length :]
