"""The value of one option: read from text or from what a script set by hand, checked, and written as text again."""

import math
import numbers
import os
import re
from collections.abc import Mapping
from typing import Any

from ..errors import InputError
from .declared import Option

SHOWN = 80  # characters at most of a value in a message


def read(option: Option, value: Any) -> Any:
    """A value as the run takes it.

    Parameters
    ----------
    option : Option
    value : object
        Text as on a command line, or a value of the option's kind; NumPy's scalars and arrays count as Python's.

    Returns
    -------
    object
        None stays None; of an option with many values a list.

    Raises
    ------
    InputError
        If it is not of the option's kind, or out of its range; the message names the option.
    """
    value = _plain(value)
    if value is None:
        return None
    if not option.many:
        return READERS[option.kind](option, value)
    items = list(value) if isinstance(value, (list, tuple)) else [value]
    if option.kind == "file":
        items = [_plain(item) for item in items]
    else:  # 3,7 as well as 3 7
        items = [part for item in items for part in (item.split(",") if isinstance(item, str) else [_plain(item)])]
    if not items:
        raise InputError(f"{option.flag}: there is nothing in it; give at least one.")
    return [READERS[option.kind](option, item) for item in items]


def words(option: Option, value: Any) -> list:
    """A value as the words of a command line behind the flag.

    Parameters
    ----------
    option : Option
    value : object
        As `read` gives it, not None.

    Returns
    -------
    list of str
    """
    if option.kind == "layers":
        return [",".join(f"{layer}:{weight!r}" for layer, weight in value.items())]
    return [os.fspath(item) if isinstance(item, os.PathLike) else str(item)
            for item in (value if isinstance(value, list) else [value])]  # fmt: skip


def shown(value: Any) -> str:
    """Any value in one short line."""
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # Python writes no whole number of thousands of digits
        text = f"a number of {value.bit_length()} bits" if isinstance(value, int) else type(value).__name__
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value


def _number(option: Option, value: Any) -> Any:
    whole = option.kind == "whole"
    try:
        if not isinstance(value, (str, numbers.Integral if whole else numbers.Real)) or isinstance(value, bool):
            raise ValueError
        number = int(value) if whole else float(value)
    except (ValueError, OverflowError):
        number = math.nan
    if not (option.least <= number <= option.most and number != math.inf):
        least, most = (f"{end:.12g}" if isinstance(end, float) else str(end) for end in (option.least, option.most))
        limits = f"of at least {least}" if option.most == math.inf else f"from {least} to {most}"
        noun = "a whole number" if whole else "a number"
        raise InputError(f"{option.flag}: {shown(value)} is out of range; give {noun} {limits}.")
    return number


def _choice(option: Option, value: Any) -> str:
    if not isinstance(value, str) or value not in option.choices:
        raise InputError(f"{option.flag}: there is no {shown(value)}; choose from {', '.join(option.choices)}.")
    return value


def _file(option: Option, value: Any) -> Any:
    if isinstance(value, bytes):
        value = os.fsdecode(value)
    if not isinstance(value, (str, os.PathLike)) or "\0" in os.fspath(value):
        raise InputError(f"{option.flag}: {shown(value)} is not the name of a file; give one.")
    if not os.fspath(value):
        raise InputError(f"{option.flag}: the name is empty; give one.")
    return value


def _text(option: Option, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{option.flag}: {shown(value)} is no text; give a word or more.")
    return value


def _flag(option: Option, value: Any) -> bool:
    if not isinstance(value, (bool, int)) or value not in (0, 1):
        raise InputError(f"{option.flag}: {shown(value)} is neither True nor False; give one of them.")
    return bool(value)


def _layers(option: Option, value: Any) -> dict:
    """relu4_2:0.5,relu3_1 -> {"relu4_2": 0.5, "relu3_1": 1.0}; no text: no layer."""
    if isinstance(value, str):
        parts = [part.partition(":") for part in value.split(",")] if value.strip() else []
        layers = {name.strip(): _parsed(weight) if colon else 1.0 for name, colon, weight in parts}
    elif isinstance(value, Mapping):
        layers = {name: _plain(weight) for name, weight in value.items()}
    else:
        raise InputError(f"{option.flag}: {shown(value)} names no layers; give a dict or text as relu4_2:0.5,relu3_1.")
    for name, weight in layers.items():
        if not isinstance(name, str) or not name:
            raise InputError(f"{option.flag}: {shown(name)} is not a layer or layer:weight; give such as relu4_2:0.5.")
        if not isinstance(weight, numbers.Real) or isinstance(weight, bool) or not 0 <= weight < math.inf:
            raise InputError(f"{option.flag}: the weight {shown(weight)} of {name} is out of range; "
                             "give a number from 0.")  # fmt: skip
    try:
        return {name: float(weight) for name, weight in layers.items()}
    except OverflowError:
        raise InputError(f"{option.flag}: a weight is out of range; give a number from 0.") from None


def _parsed(weight: str) -> Any:
    try:
        return float(weight)
    except ValueError:
        return weight


UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}


def _bytes(option: Option, value: Any) -> int:
    """4GB, 500 MB, 1.5GiB or a number of bytes -> bytes."""
    text = str(value) if isinstance(value, (str, numbers.Real)) and not isinstance(value, bool) else ""
    found = re.fullmatch(r"([0-9]{1,15}(?:\.[0-9]{0,9})?) ?([kmgt]i?)?b?", text.strip().lower())
    number = int(float(found[1]) * UNITS[found[2] or ""]) if found else 0
    if number < 1:
        raise InputError(f"{option.flag}: {shown(value)} is no amount of memory; give one such as 4GB or 500MB.")
    return number


def _span(option: Option, value: Any) -> str:
    """100:200, 100: or :200 -> the same, if it holds something."""
    found = re.fullmatch(r"([0-9]{0,9}):([0-9]{0,9})", value.strip()) if isinstance(value, str) else None
    first, last = (int(end) if end else None for end in found.groups()) if found else (0, 0)
    if first == 0 or last == 0 or (last is not None and last < (first or 1)):
        raise InputError(f"{option.flag}: {shown(value)} is no stretch of frames; give one such as 100:200, from 1 on.")
    return value.strip()


def ends(span: Any) -> tuple:
    """The first and the last number of a stretch as `read` gives it; the last one is None where it is open."""
    first, _, last = (span or ":").partition(":")
    return int(first or 1), int(last) if last else None


READERS = {
    "span": _span,
    "whole": _number,
    "number": _number,
    "bytes": _bytes,
    "choice": _choice,
    "file": _file,
    "text": _text,
    "flag": _flag,
    "layers": _layers,
}
