"""MATLAB's file format, level 5, as far as MatConvNet's networks use it.

SciPy reads it too, but a damaged file can crash its compiled reader, and Python with it.
"""
import math
import struct
import zlib

import numpy as np

from .mapped import mapped

# data types and array classes of the format ("MAT-File Format", MathWorks, tables 1-1 and 1-3)
DTYPES = {
    1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8", 16: "u1", 17: "u2",
}  # fmt: skip
CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}
MATRIX, COMPRESSED = 14, 15
CELL, STRUCT, CHARACTERS = 1, 2, 4
MOST_BYTES = 2**31  # of a compressed variable: four times the largest network


def read(path, name):
    """A variable of a file.

    Parameters
    ----------
    path : Path
    name : str

    Returns
    -------
    ndarray, str, list or dict
        Numbers, characters, the cells of a cell array in column-major order, or the fields of a structure (of several
        structures a list of them).

    Raises
    ------
    ValueError and others
        If the file is damaged or holds something else; it cannot crash, and takes memory in proportion to the file.
    """
    data = mapped(path)
    order = {b"IM": "<", b"MI": ">"}[bytes(data[126:128])]
    rest = data[128:]
    while rest:
        kind, content, rest = _element(rest, order)
        if kind == COMPRESSED:
            kind, content, _ = _element(memoryview(zlib.decompressobj().decompress(content, MOST_BYTES)), order)
        if kind == MATRIX and _header(content, order)[2] == name:
            return _value(content, order)
    raise ValueError(f"it holds no variable '{name}'")


def _element(data, order):
    """Type and content of the first element, and what follows it."""
    kind, size = struct.unpack_from(f"{order}II", data)
    if kind >> 16:  # small: the content takes the place of the size
        kind, size, start, end = kind & 0xFFFF, kind >> 16, 4, 8
    else:
        start, end = 8, 8 + (size if kind == COMPRESSED else size + -size % 8)
    if start + size > len(data):
        raise ValueError("it ends too early")
    return kind, data[start : start + size], data[end:]


def _header(content, order):
    """Class, dimensions and name of a matrix, and what follows them."""
    _, flags, rest = _element(content, order)
    _, shape, rest = _element(rest, order)
    _, name, rest = _element(rest, order)
    shape = tuple(np.frombuffer(shape, f"{order}i4").tolist())
    if min(shape) < 0:
        raise ValueError("it has dimensions below zero")
    return struct.unpack_from(f"{order}I", flags)[0] & 0xFF, shape, bytes(name).decode("latin-1"), rest


def _value(content, order):
    if not content:
        return np.zeros((0, 0))
    kind, shape, _, rest = _header(content, order)
    count = math.prod(shape)
    if kind == CELL:
        return _values(count, rest, order)[0]
    if kind == STRUCT:
        _, length, rest = _element(rest, order)
        _, names, rest = _element(rest, order)
        length = int(np.frombuffer(length, f"{order}i4")[0])
        names = [bytes(names[at : at + length]).split(b"\0")[0].decode() for at in range(0, len(names), length)]
        structures = []
        for _ in range(count if names else 0):
            values, rest = _values(len(names), rest, order)
            structures.append(dict(zip(names, values)))
        return structures[0] if count == 1 and structures else structures
    stored, numbers, _ = _element(rest, order)
    numbers = np.frombuffer(numbers, np.dtype(order + DTYPES[stored]))
    if kind == CHARACTERS:
        return "".join(map(chr, numbers.tolist()))
    return numbers.astype(CLASSES[kind], copy=False).reshape(shape, order="F")


def _values(count, data, order):
    values = []
    for _ in range(count):
        kind, content, data = _element(data, order)
        if kind != MATRIX:
            raise ValueError("it is of another kind inside")
        values.append(_value(content, order))
    return values, data
