"""Files of weights as other programs write them, made by other code than what reads them. Arrays by name, to bytes."""

import collections
import io
import pickle
import struct
import sys
import types
import zipfile

import numpy as np


def varint(number):
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def field(number, value):
    """A field of a protobuf message: an int, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def caffemodel(arrays, old=False):
    """A NetParameter of today's layers (100), or of those before 2014 (2) with four dimensions to each blob."""
    message = field(1, b"made") + (b"" if old else field(3, b"data"))
    for layer in dict.fromkeys(name.rpartition("_")[0] for name in arrays):
        blobs = b""
        for part in ("weight", "bias"):
            array = arrays[f"{layer}_{part}"]
            if old:
                dims = (1,) * (4 - array.ndim) + array.shape
                blob = b"".join(field(number, size) for number, size in enumerate(dims, 1))
            else:
                blob = field(7, field(1, b"".join(map(varint, array.shape))))
            blobs += field(6 if old else 7, blob + field(5, array.astype("<f4").tobytes()))
        if old:
            message += field(2, field(2, b"data") + field(4, layer.encode()) + field(5, 4) + blobs)
        else:
            message += field(100, field(1, layer.encode()) + field(2, b"Convolution") + blobs)
    return message + (field(2, field(4, b"relu") + field(5, 18)) if old else field(100, field(1, b"relu")))


def onnx(arrays, raw=True):
    """An ONNX model whose initializers are the arrays, by the `onnx` package."""
    from onnx import TensorProto, helper

    tensors = []
    for name, array in {**arrays, "shape": np.array([1, 2])}.items():
        kind = TensorProto.INT64 if array.dtype.kind == "i" else TensorProto.FLOAT
        tensors.append(helper.make_tensor(name, kind, array.shape, array.tobytes() if raw else array.ravel(), raw))
    graph = helper.make_graph([], "made", [], [], tensors)
    return helper.make_model(graph, producer_name="made").SerializeToString()


def safetensors(arrays):
    """By the `safetensors` package."""
    from safetensors.numpy import save

    return save({name: np.ascontiguousarray(array) for name, array in arrays.items()}, {"format": "pt"})


class _Tensor:
    """Pickles as PyTorch's tensors do."""

    def __init__(self, array, key):
        self.array, self.key = array, key


def _memory(array):
    """The bytes of an array in the order in which it lies in memory."""
    return array.transpose(np.argsort(array.strides, kind="stable")[::-1]).tobytes()


def _pickler(file, classes):
    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            if isinstance(value, tuple) and value[:1] == ("a storage",):
                kind = classes["FloatStorage" if value[1].array.dtype == "f4" else "HalfStorage"]
                identity = ("storage", kind, value[1].key, "cpu", value[1].array.size)
                return (*identity, None) if value[2] else identity
            return None

        def reducer_override(self, value):
            if isinstance(value, _Tensor):
                strides = tuple(step // value.array.itemsize for step in value.array.strides)
                parts = ("a storage", value, self.legacy), 0, value.array.shape, strides, False
                return classes["_rebuild_tensor_v2"], (*parts, collections.OrderedDict())
            return NotImplemented

    return Pickler(file, 2)


def _torch():
    """Just as much of PyTorch as pickle wants to see of what it names."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for name in ("FloatStorage", "HalfStorage"):
        setattr(torch, name, type(name, (), {"__module__": "torch"}))

    def _rebuild_tensor_v2():
        pass

    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2, torch._utils = _rebuild_tensor_v2, utils
    classes = {"FloatStorage": torch.FloatStorage, "HalfStorage": torch.HalfStorage}
    return {"torch": torch, "torch._utils": utils}, {**classes, "_rebuild_tensor_v2": _rebuild_tensor_v2}


def pth(arrays, legacy=False, state=lambda state: state):
    """A state as `torch.save` writes it: a zip archive, or the pickles of before release 1.6."""
    tensors = {name: _Tensor(array, str(nth)) for nth, (name, array) in enumerate(arrays.items())}
    modules, classes = _torch()
    before = {name: sys.modules.get(name) for name in modules}
    sys.modules.update(modules)
    try:
        pickled = io.BytesIO()
        pickler = _pickler(pickled, classes)
        pickler.legacy = legacy
        pickler.dump(state(collections.OrderedDict(tensors)))
    finally:
        for name, module in before.items():
            sys.modules.pop(name)
            if module is not None:
                sys.modules[name] = module
    file = io.BytesIO()
    if not legacy:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("made/data.pkl", pickled.getvalue())
            for tensor in tensors.values():
                archive.writestr(f"made/data/{tensor.key}", _memory(tensor.array))
            archive.writestr("made/version", b"3\n")
        return file.getvalue()
    for value in (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True}):
        pickle.dump(value, file, 2)
    file.write(pickled.getvalue())
    pickle.dump([tensor.key for tensor in tensors.values()], file, 2)
    for tensor in tensors.values():
        file.write(struct.pack("<q", tensor.array.size) + _memory(tensor.array))
    return file.getvalue()
