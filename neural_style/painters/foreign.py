"""Painters of other programs: found out by what is in the file, their arrays under the rows' names.

MXNet's example/neural-style/end_to_end (`.params`, of one generator or a folder of four in a row), PyTorch's example
fast_neural_style (`.pth`), and jcjohnson/fast-neural-style (`.t7`). Nothing is ever unpickled or executed.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError, one_line, printable
from ..weights import params, torchfile
from . import johnson, torch7
from .generators import FAST, GENERATORS, V3, V4
from .painter import Painter, Part, checked
from .rows import Generator

Array = Any
IN_A_ROW = (V4, V3, V3, V4)  # the example's four, in folders 0 to 3
# MXNet's names, by what the row's name ends in
BATCH = {"gamma": "gamma", "beta": "beta", "mean": "moving_mean", "variance": "moving_var"}


def read(path: Path) -> Painter:
    """A painter from a file, or a folder, of another program.

    Raises
    ------
    InputError
        If it is none that is known, or damaged.
    """
    parts = _folder(path) if path.is_dir() else [_file(path)]
    title = parts[0].generator.title if len(parts) == 1 else "MXNet's example/neural-style/end_to_end"
    return Painter(tuple(parts), {"painting": path.stem, "origin": title}, path)


def _folder(path: Path) -> list[Part]:
    parts = []
    for number, name in enumerate(IN_A_ROW):
        files = sorted((path / str(number)).glob("*.params"))
        if not files:
            raise InputError(f"--painter {path}: there is no {number}/*.params in it, so it holds no four generators.")
        part = _file(files[-1])
        if part.generator.name != name:
            raise InputError(f"--painter {files[-1]}: is a {part.generator.name}, where the example has a {name}.")
        parts.append(part)
    return parts


def _file(path: Path) -> Part:
    try:
        with path.open("rb") as file:
            head = file.read(512)
        if torch7.matches(head):
            generator, found = johnson.converted(torch7.read(path))
            return Part(generator, checked(path, generator, found))
        layout = next((it for it in (params, torchfile) if it.matches(head, path.stat().st_size)), None)
        arrays = layout.read(path) if layout else {}
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"--painter {path}: cannot be read ({error.strerror or error}).") from None
    except Exception as error:  # a damaged file leads to almost anything
        raise InputError(f"--painter {path}: damaged ({printable(one_line(error))[:160]}).") from None
    if "conv1.conv2d.weight" in arrays:
        return Part(FAST, checked(path, FAST, _of_pytorch(arrays)))
    counts = {kind: len(_numbered(arrays, kind)) for kind in ("convolution", "deconvolution", "batchnorm")}
    for name in (V3, V4):
        generator = GENERATORS[name]
        if counts["batchnorm"] == len(generator.rows) and counts["deconvolution"] == _transposed(generator):
            return Part(generator, checked(path, generator, _of_mxnet(generator, arrays)))
    raise InputError(
        f"--painter {path}: no painter of ours, of MXNet's example, of PyTorch's or of fast-neural-style; "
        "`python -m neural_style.learn` makes one."
    )


def _transposed(generator: Generator) -> int:
    return sum(row.transposed for row in generator.rows)


def _numbered(arrays: Mapping[str, Array], kind: str) -> Sequence[str]:
    """The stems of a kind of layer, as MXNet numbers them: they count on where several networks were made."""
    found = {name.rpartition("_")[0] for name in arrays if re.match(rf"(.*_)?{kind}\d+_(weight|gamma)$", name)}
    return sorted(found, key=lambda stem: int(re.findall(r"\d+", stem)[-1]))


def _of_mxnet(generator: Generator, arrays: Mapping[str, Array]) -> dict[str, Array]:
    stems = {kind: iter(_numbered(arrays, kind)) for kind in ("convolution", "deconvolution", "batchnorm")}
    found = {}
    for row in generator.rows:
        stem, norm = next(stems["deconvolution" if row.transposed else "convolution"], ""), next(stems["batchnorm"])
        found[f"{row.name}_weight"] = arrays.get(f"{stem}_weight")
        found[f"{row.name}_bias"] = arrays.get(f"{stem}_bias")
        for part, theirs in BATCH.items():
            found[f"{row.name}_{part}"] = arrays.get(f"{norm}_{theirs}")
    return found


def _of_pytorch(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Keys such as conv1.conv2d.weight, in1.scale or .weight; running statistics of old files are not used."""
    found = {}
    for row in FAST.rows:
        block = re.fullmatch(r"res(\d)_(\d)", row.name)
        stem = f"res{block[1]}.conv{block[2]}" if block else row.name
        norm = f"res{block[1]}.in{block[2]}" if block else _NORMS.get(row.name)
        for part in ("weight", "bias"):
            found[f"{row.name}_{part}"] = arrays.get(f"{stem}.conv2d.{part}")
        for part, theirs in (("gamma", ("weight", "scale")), ("beta", ("bias", "shift"))) if norm else ():
            names = (f"{norm}.{it}" for it in theirs)
            found[f"{row.name}_{part}"] = next((arrays[name] for name in names if name in arrays), None)
    return {name: None if array is None else np.asarray(array) for name, array in found.items()}


_NORMS = {"conv1": "in1", "conv2": "in2", "conv3": "in3", "deconv1": "in4", "deconv2": "in5"}
