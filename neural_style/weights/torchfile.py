"""PyTorch's `.pth`: a zip of pickled tensors, or, before release 1.6, pickles with the tensors' bytes behind them.

Nothing is unpickled: a small machine follows the pickle's operations, and knows dictionaries, tuples, numbers, text and
tensors. A pickle that asks for anything else is refused. https://github.com/pytorch/pytorch/blob/main/torch/serialization.py
"""

import pickletools
import struct
import zipfile
from typing import NamedTuple

import numpy as np

from .naming import ours as made_for

__all__ = ["made_for", "matches", "read"]

LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."  # the pickled number with which older files begin
LARGEST_PICKLE = 10**7  # bytes, without the tensors
STORAGES = {
    "torch FloatStorage": "<f4", "torch HalfStorage": "<f2", "torch DoubleStorage": "<f8", "torch LongStorage": "<i8",
    "torch IntStorage": "<i4", "torch BFloat16Storage": "bfloat16",
}  # fmt: skip


class _Global(NamedTuple):
    name: str


class _Storage(NamedTuple):
    kind: str
    key: str
    count: int


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    shape: tuple
    strides: tuple


def matches(head, size):
    """Whether a file is a zip archive, or begins as PyTorch's older files do."""
    return head.startswith((b"PK\x03\x04", LEGACY))


def read(path):
    """The tensors of a state, by name, of two dimensions (fully connected layers) left out.

    Raises
    ------
    ValueError and others
        If the file is damaged, holds something else than tensors, or asks for anything to be called.
    """
    with path.open("rb") as file:
        legacy = file.read(len(LEGACY)) == LEGACY
    state, storages = _legacy(path) if legacy else _zipped(path)
    state = next((state[key] for key in ("state_dict", "model") if isinstance(state.get(key), dict)), state)
    return {
        name: _array(tensor, storages)
        for name, tensor in state.items()
        if isinstance(name, str) and isinstance(tensor, _Tensor) and len(tensor.shape) != 2
    }


def _zipped(path):
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise ValueError(f"neither a sound zip archive nor PyTorch's: {error}") from None
    name = next((name for name in archive.namelist() if name == "data.pkl" or name.endswith("/data.pkl")), None)
    if name is None:
        raise ValueError("a zip archive, but not PyTorch's")
    if archive.getinfo(name).file_size > LARGEST_PICKLE:
        raise ValueError("its pickle is too large")

    def storage(wanted):
        member = archive.getinfo(f"{name[: -len('data.pkl')]}data/{wanted.key}")
        if member.file_size > path.stat().st_size:
            raise ValueError("a compressed tensor")
        return archive.read(member)

    return _followed(archive.read(name)), storage


def _legacy(path):
    """Four pickles before the keys of the storages: magic number, version, system, state; then the storages' bytes."""
    places = {}
    with path.open("rb") as file:
        for _ in range(3):
            _followed(file)
        state, keys = _followed(file), _followed(file)
        begin, size = file.tell(), path.stat().st_size

        kinds = {tensor.storage.key: tensor.storage.kind for tensor in _tensors(state)}
        for key in keys:
            file.seek(begin)
            count = struct.unpack("<q", file.read(8))[0]
            length = count * _itemsize(kinds[key])
            if not 0 <= length <= size - begin - 8:
                raise ValueError("it ends too early")
            places[key] = begin + 8, length
            begin += 8 + length

    def storage(wanted):
        with path.open("rb") as file:
            file.seek(places[wanted.key][0])
            return file.read(places[wanted.key][1])

    return state, storage


def _tensors(value):
    if isinstance(value, _Tensor):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _tensors(part)


def _itemsize(kind):
    return 2 if kind == "bfloat16" else np.dtype(kind).itemsize


def _array(tensor, storages):
    kind, data = tensor.storage.kind, storages(tensor.storage)
    values = np.frombuffer(data, "<u2" if kind == "bfloat16" else kind)
    if kind == "bfloat16":
        values = (values.astype("<u4") << 16).view("<f4")
    shape, strides = tensor.shape, tensor.strides
    proper = len(shape) == len(strides) and all(type(n) is int and n >= 0 for n in (*shape, *strides, tensor.offset))
    if not proper or tensor.offset + sum((n - 1) * step for n, step in zip(shape, strides)) >= max(values.size, 1):
        raise ValueError("a tensor that lies outside its storage")
    if 0 in shape:
        return np.zeros(shape, values.dtype)
    steps = [step * values.itemsize for step in strides]
    return np.lib.stride_tricks.as_strided(values[tensor.offset :], shape, steps, writeable=False)


def _called(function, arguments):
    name = function.name if isinstance(function, _Global) else "no function"
    if name == "collections OrderedDict":
        return {}
    if name in ("torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_tensor"):
        storage, offset, shape, strides = arguments[:4]
        if not isinstance(storage, _Storage) or not isinstance(shape, tuple) or not isinstance(strides, tuple):
            raise ValueError("a tensor that is none")
        return _Tensor(storage, offset, shape, strides)
    if name == "torch._utils _rebuild_parameter" and isinstance(arguments[0], _Tensor):
        return arguments[0]
    raise ValueError(f"it asks for {name.replace(' ', '.')}, which weights do not need")


def _stored(identity):
    kind = identity[1].name if isinstance(identity[1], _Global) else ""
    if identity[0] != "storage" or kind not in STORAGES:
        raise ValueError(f"tensors of {kind.replace(' ', '.') or 'no type'}")
    return _Storage(STORAGES[kind], str(identity[2]), identity[4])


VALUES = {
    "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "UNICODE", "BININT", "BININT1", "BININT2", "INT", "LONG", "LONG1",
    "BINFLOAT", "FLOAT", "BINSTRING", "SHORT_BINSTRING", "SHORT_BINBYTES",
}  # fmt: skip
CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


def _followed(pickle):
    """What a pickle stands for, tensors as `_Tensor`; of a file, the next pickle in it."""
    stack, marks, memo = [], [], {}

    def since_mark():
        start = marks.pop()
        items = stack[start:]
        del stack[start:]
        return items

    for operation, argument, _ in pickletools.genops(pickle):
        name = operation.name
        if name in VALUES:
            stack.append(argument)
        elif name in CONSTANTS:
            stack.append(CONSTANTS[name])
        elif name == "EMPTY_TUPLE":
            stack.append(())
        elif name in ("EMPTY_DICT", "EMPTY_LIST"):
            stack.append({} if name == "EMPTY_DICT" else [])
        elif name == "MARK":
            marks.append(len(stack))
        elif name == "TUPLE":
            stack.append(tuple(since_mark()))
        elif name in TUPLES:
            stack[-TUPLES[name] :] = [tuple(stack[-TUPLES[name] :])]
        elif name in ("SETITEM", "SETITEMS"):
            items = since_mark() if name == "SETITEMS" else [stack.pop(-2), stack.pop()]
            stack[-1].update(zip(items[::2], items[1::2]))
        elif name in ("APPEND", "APPENDS"):
            items = since_mark() if name == "APPENDS" else [stack.pop()]
            stack[-1].extend(items)
        elif name == "GLOBAL":
            stack.append(_Global(argument))
        elif name == "STACK_GLOBAL":
            stack[-2:] = [_Global(f"{stack[-2]} {stack[-1]}")]
        elif name == "REDUCE":
            arguments = stack.pop()
            stack.append(_called(stack.pop(), arguments))
        elif name == "BUILD":  # attributes: nobody asks for them
            stack.pop()
        elif name == "BINPERSID":
            stack.append(_stored(stack.pop()))
        elif name in ("BINPUT", "LONG_BINPUT", "MEMOIZE"):
            memo[len(memo) if name == "MEMOIZE" else argument] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(memo[argument])
        elif name == "STOP":
            return stack.pop()
        elif name not in ("PROTO", "FRAME"):
            raise ValueError(f"its pickle does {name}, which weights do not need")
    raise ValueError("it ends too early")
