"""ONNX files: the initializers of a model's graph. Field numbers are those of onnx.proto."""

import math

import numpy as np

from . import wire
from .mapped import mapped
from .naming import caffes as made_for  # those of the ONNX zoo that name their layers came from Caffe

__all__ = ["made_for", "matches", "read"]

GRAPH, INITIALIZER = 7, 5
DIMS, TYPE, FLOATS, NAME, RAW, DOUBLES, LOCATION = 1, 2, 4, 8, 9, 10, 14
TYPES = {1: "<f4", 10: "<f2", 11: "<f8"}  # of raw data
FIRST_FIELDS = b"\x12\x1a\x22\x28\x32\x3a\x42"  # what may follow a model's ir_version


def matches(head, size):
    """Whether a file begins as a ModelProto does: with a small version, and another of its fields."""
    return len(head) > 2 and head[0] == 0x08 and head[1] < 32 and head[2] in FIRST_FIELDS


def read(path):
    """The initializers by name, those of floating point only.

    Raises
    ------
    ValueError and others
        If the file is damaged, or keeps its weights in another file.
    """
    arrays = {}
    for number, graph in wire.fields(mapped(path)):
        if number == GRAPH:
            for field, tensor in wire.fields(graph):
                if field == INITIALIZER:
                    name, array = _tensor(tensor)
                    if array is not None:
                        arrays[name] = array
    return arrays


def _tensor(message):
    shape, kind, name, raw, loose = [], 0, "", None, []
    for field, value in wire.fields(message):
        if field == DIMS:
            shape += wire.varints(value)
        elif field == TYPE:
            kind = value
        elif field == NAME:
            name = bytes(value).decode()
        elif field == RAW:
            raw = value
        elif field in (FLOATS, DOUBLES):
            loose.append(np.frombuffer(value, "<f4" if field == FLOATS else "<f8"))
        elif field == LOCATION and value == 1:
            raise ValueError("it keeps its weights in another file")
    if kind not in TYPES:
        return name, None
    values = np.frombuffer(raw, TYPES[kind]) if raw is not None else np.concatenate(loose or [np.zeros(0, "f4")])
    if math.prod(shape) != values.size:
        raise ValueError(f"{values.size} numbers for the shape {tuple(shape)} of {name}")
    return name, values.reshape(shape)
