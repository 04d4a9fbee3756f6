"""Caffe's `.caffemodel`: a message NetParameter, with the layers of today's releases or of those before 2014.

Field numbers are those of caffe.proto.
"""

import math
import re

import numpy as np

from . import wire
from .mapped import mapped
from .naming import caffes as made_for

__all__ = ["made_for", "matches", "read"]

NAMED = re.compile(rb"\x0a([\x00-\x7f])")
LAYER, OLD_LAYERS = 100, 2  # fields of NetParameter
FIELDS = {LAYER: (1, 7), OLD_LAYERS: (4, 6)}  # of a layer: its name, its blobs
SHAPE, DATA, DOUBLES = 7, 5, 8  # fields of BlobProto; 1 to 4 are its dimensions in older files


def matches(head, size):
    """Whether a file begins with a network's name, or with a layer."""
    if head.startswith(b"\xa2\x06"):
        return True
    name = NAMED.match(head)
    return bool(name) and head[2 : 2 + name[1][0]].isascii() and head[2 + name[1][0] :][:1] in b"\x12\x1a\x22\x28\xa2"


def read(path):
    """The arrays as `<layer>_weight` and `<layer>_bias`; a layer's further blobs are left out.

    Raises
    ------
    ValueError and others
        If the file is damaged.
    """
    arrays = {}
    for number, layer in wire.fields(mapped(path)):
        if number not in FIELDS:
            continue
        name_field, blobs_field = FIELDS[number]
        name, blobs = "", []
        for field, value in wire.fields(layer):
            if field == name_field:
                name = bytes(value).decode()
            elif field == blobs_field:
                blobs.append(value)
        for part, blob in zip(("weight", "bias"), blobs):
            arrays[f"{name}_{part}"] = _array(blob)
    # biases are (1, 1, 1, out) in older files
    return {name: a.reshape(-1) if name.endswith("_bias") else a for name, a in arrays.items()}


def _array(blob):
    shape, old, numbers, loose = [], {}, [], []
    for field, value in wire.fields(blob):
        if field == SHAPE:
            shape = [size for number, sizes in wire.fields(value) if number == 1 for size in wire.varints(sizes)]
        elif field in (1, 2, 3, 4):
            old[field] = value
        elif field in (DATA, DOUBLES):
            kind = "<f4" if field == DATA else "<f8"
            (loose if len(value) == np.dtype(kind).itemsize else numbers).append(np.frombuffer(value, kind))
    parts = numbers + loose
    values = parts[0] if len(parts) == 1 else np.concatenate(parts) if parts else np.zeros(0, "f4")
    shape = shape or [old.get(field, 1) for field in (1, 2, 3, 4)]
    if math.prod(shape) != values.size:
        raise ValueError(f"{values.size} numbers for the shape {tuple(shape)}")
    return values.reshape(shape)
