"""Torch 7's binary `.t7`, as jcjohnson/fast-neural-style keeps its painters: objects with fields, tensors as arrays.

Only what such a file holds is understood: numbers, text, booleans, tables, tensors, storages, and objects as their
class's name and fields. Functions are refused; nothing is executed.
https://github.com/torch/torch7/blob/master/doc/serialization.md
"""

import struct
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..weights.mapped import mapped

NIL, NUMBER, TEXT, TABLE, OBJECT, BOOLEAN = range(6)
KINDS = {"Float": "<f4", "Double": "<f8", "Long": "<i8", "Int": "<i4", "Byte": "u1", "Cuda": "<f4", "CudaDouble": "<f8"}
DEEPEST = 200


class Object(NamedTuple):
    """An object of a class, such as nn.SpatialConvolution."""

    name: str
    fields: dict


def matches(head: bytes) -> bool:
    """Whether a file begins as an object or a table of Torch does."""
    if len(head) < 8:
        return False
    kind, index = struct.unpack_from("<ii", head)
    return kind in (TABLE, OBJECT) and index == 1


def read(path: Path) -> Any:
    """What a file holds.

    Raises
    ------
    ValueError and others
        If it is damaged, or holds something else.
    """
    return _File(mapped(path)).value()


class _File:
    def __init__(self, data: Any) -> None:
        self._data, self._at, self._known, self._depth = data, 0, {}, 0

    def _take(self, kind: str, count: int = 1) -> Any:
        if count < 0:
            raise ValueError("a length below zero")
        values = np.frombuffer(self._data, kind, count, self._at)
        self._at += values.nbytes
        return values

    def _whole(self) -> int:
        return int(self._take("<i4")[0])

    def _text(self) -> str:
        return self._take("u1", self._whole()).tobytes().decode("latin-1")

    def value(self) -> Any:
        """The value that follows."""
        kind = self._whole()
        if kind == NIL:
            return None
        if kind == NUMBER:
            return float(self._take("<f8")[0])
        if kind == TEXT:
            return self._text()
        if kind == BOOLEAN:
            return self._whole() != 0
        if kind not in (TABLE, OBJECT):
            raise ValueError(f"a value of kind {kind}, such as a function, which a painter does not need")
        index = self._whole()
        if index in self._known:
            return self._known[index]
        self._depth += 1
        if self._depth > DEEPEST:
            raise ValueError("objects in objects without end")
        self._known[index] = self._table(index) if kind == TABLE else self._object(index)
        self._depth -= 1
        return self._known[index]

    def _table(self, index: int) -> dict:
        found = self._known[index] = {}
        for _ in range(self._whole()):
            key = self.value()
            found[int(key) if isinstance(key, float) and key.is_integer() else key] = self.value()
        return found

    def _object(self, index: int) -> Any:
        name = self._text()
        if name.startswith("V "):  # the version, before the name since 2013
            name = self._text()
        library, _, kind = name.rpartition(".")
        if library == "torch" and kind.endswith("Tensor"):
            return self._tensor()
        if library == "torch" and kind.endswith("Storage"):
            return self._take(KINDS[kind[: -len("Storage")]], int(self._take("<i8")[0]))
        fields = self.value()
        if not isinstance(fields, dict):
            raise ValueError(f"an object {name} without fields")
        return Object(name, fields)

    def _tensor(self) -> Any:
        dimensions = self._whole()
        shape, strides = (self._take("<i8", dimensions).tolist() for _ in range(2))
        offset = int(self._take("<i8")[0]) - 1
        storage = self.value()
        if storage is None or not dimensions or 0 in shape:
            return np.zeros(shape if dimensions else 0, np.float32)
        reach = offset + sum((length - 1) * step for length, step in zip(shape, strides))
        if offset < 0 or min(shape) < 0 or min(strides) < 0 or reach >= len(storage):
            raise ValueError("a tensor that lies outside its storage")
        steps = [step * storage.itemsize for step in strides]
        return np.lib.stride_tricks.as_strided(storage[offset:], shape, steps, writeable=False)
