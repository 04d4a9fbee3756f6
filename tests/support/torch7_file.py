"""Files as Torch 7 writes them in binary: values to bytes, by other code than what reads them."""

import struct

import numpy as np


class Module:
    """An object of a class with fields."""

    def __init__(self, name, **fields):
        self.name, self.fields = name, fields


def sequence(*modules, name="nn.Sequential"):
    return Module(name, modules={float(number): module for number, module in enumerate(modules, 1)})


def written(value, storage="Float"):
    """The bytes of a file that holds a value."""
    out, count = [], [0]

    def whole(*numbers):
        out.append(struct.pack(f"<{len(numbers)}i", *numbers))

    def text(words):
        whole(len(words))
        out.append(words.encode())

    def index():
        count[0] += 1
        whole(count[0])

    def put(value):
        if value is None:
            whole(0)
        elif isinstance(value, bool):
            whole(5, int(value))
        elif isinstance(value, (int, float)):
            whole(1)
            out.append(struct.pack("<d", value))
        elif isinstance(value, str):
            whole(2)
            text(value)
        elif isinstance(value, dict):
            whole(3)
            index()
            whole(len(value))
            for key, item in value.items():
                put(key)
                put(item)
        elif isinstance(value, Module):
            whole(4)
            index()
            text("V 1")
            text(value.name)
            put(value.fields)
        else:
            tensor(np.ascontiguousarray(value, "<f4" if storage == "Float" else "<f8"))

    def tensor(array):
        whole(4)
        index()
        text("V 1")
        text(f"torch.{storage}Tensor")
        whole(array.ndim)
        strides = [step // array.itemsize for step in array.strides]
        out.append(struct.pack(f"<{2 * array.ndim + 1}q", *array.shape, *strides, 1))
        whole(4)
        index()
        text("V 1")
        text(f"torch.{storage}Storage")
        out.append(struct.pack("<q", array.size) + array.tobytes())

    put(value)
    return b"".join(out)
