"""Files that were damaged or made to harm, and what they may lead to: shared by test_hostile.py and fuzz.py."""
import contextlib
import functools
import io
import pickle
import signal
import struct
import warnings
import zlib

import foreign
import numpy as np
import scipy.io
from conftest import made_picture
from narrow import chain
from needs_mxnet import mx
from PIL import Image

from neural_style.errors import InputError
from neural_style.networks.layers import convolutions
from neural_style.pictures import reading
from neural_style.weights import store

SECONDS = 5  # that a case may take
MAX_PIXELS = 1_000_000
PICTURE = Image.fromarray(made_picture(36, 40, seed=3))

# small enough that thousands of damaged files are read in seconds
SMALL = {
    "vgg19": chain("vgg19", conv1_1=4, conv1_2=2),
    "squeezenet": chain("squeezenet", conv1=2, fire2_squeeze1x1=2),
}


def encoded(kind, image=PICTURE, **options):
    """A picture as the bytes of a file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


PICTURES = {
    "jpg": encoded("JPEG"),
    "progressive.jpg": encoded("JPEG", progressive=True, exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0"),
    "cmyk.jpg": encoded("JPEG", PICTURE.convert("CMYK")),
    "png": encoded("PNG"),
    "palette.png": encoded("PNG", PICTURE.quantize(16), transparency=3),
    "grey16.png": encoded("PNG", Image.fromarray(np.asarray(PICTURE.convert("L"), np.uint16) << 8)),
    "webp": encoded("WEBP"),
    "tiff": encoded("TIFF"),
    "lzw.tiff": encoded("TIFF", compression="tiff_lzw"),
    "bmp": encoded("BMP"),
    "gif": encoded("GIF"),
}
ANIMATED = {
    "gif": encoded("GIF", save_all=True, append_images=[PICTURE.rotate(90)]),
    "png": encoded("PNG", save_all=True, append_images=[PICTURE.rotate(90)]),
    "webp": encoded("WEBP", save_all=True, append_images=[PICTURE.rotate(90)], lossless=True),
    "tiff": encoded("TIFF", save_all=True, append_images=[PICTURE.rotate(90)]),
}


def made_weights(model, seed=1):
    """Arrays for `SMALL`."""
    generator, arrays = np.random.default_rng(seed), {}
    for layer, shape in convolutions(SMALL[model]).items():
        arrays[f"{layer}_weight"] = generator.normal(size=shape).astype(np.float32)
        arrays[f"{layer}_bias"] = generator.normal(size=shape[:1]).astype(np.float32)
    return arrays


def params(folder, arrays, prefix="arg:"):
    """Arrays as the bytes of MXNet's file."""
    path = folder / "made.params"
    mx.nd.save(str(path), {prefix + name: mx.nd.array(value, dtype=value.dtype) for name, value in arrays.items()})
    return path.read_bytes()


def mat(arrays):
    """Arrays as the bytes of MatConvNet's file."""
    cells = np.empty((1, len(arrays) // 2), object)
    for index, layer in enumerate(dict.fromkeys(name.rsplit("_", 1)[0] for name in arrays)):
        pair = np.empty((1, 2), object)
        pair[0, 0] = arrays[f"{layer}_weight"].transpose(2, 3, 1, 0)
        pair[0, 1] = arrays[f"{layer}_bias"]
        cells[0, index] = {"name": layer, "weights": pair, "type": "conv"}
    file = io.BytesIO()
    scipy.io.savemat(file, {"layers": cells})
    return file.getvalue()


def compressed():
    """The bytes of a compressed SqueezeNet of `SMALL`."""
    generator, shapes = np.random.default_rng(2), convolutions(SMALL["squeezenet"]).values()
    counts = [int(np.prod(shape)) for shape in shapes]
    parts = [struct.pack(f"<{len(counts)}I", *counts)]
    for count, shape in zip(counts, shapes):
        parts += [generator.normal(size=256 + shape[0]).astype("<f4").tobytes()]
        parts += [generator.integers(0, 256, count, np.uint8).tobytes(), bytes((count + 1) // 2)]
    return b"".join(parts)


def weights_files(folder):
    """By name: the network, and the bytes of a whole file."""
    arrays = made_weights("vgg19")
    gluon = {}
    for number, layer in enumerate(convolutions(SMALL["vgg19"])):
        gluon.update({f"features.{number}.{part}": arrays[f"{layer}_{part}"] for part in ("weight", "bias")})
    return {
        "mxnet.params": ("vgg19", params(folder, arrays)),
        "gluon.params": ("vgg19", params(folder, gluon, prefix="")),
        "matconvnet.mat": ("vgg19", mat(arrays)),
        "squeezenet.net": ("squeezenet", compressed()),
        "torch.pth": ("vgg19", foreign.pth(gluon)),
        "legacy.pth": ("vgg19", foreign.pth(gluon, legacy=True)),
        "hub.safetensors": ("vgg19", foreign.safetensors(gluon)),
        "caffe.caffemodel": ("vgg19", foreign.caffemodel(arrays)),
        "old.caffemodel": ("vgg19", foreign.caffemodel(arrays, old=True)),
        "zoo.onnx": ("vgg19", foreign.onnx(gluon)),
    }


WEIGHTS = (
    "mxnet.params", "gluon.params", "matconvnet.mat", "squeezenet.net", "torch.pth", "legacy.pth", "hub.safetensors",
    "caffe.caffemodel", "old.caffemodel", "zoo.onnx",
)  # fmt: skip


def no_weights(folder):
    """By name: what is not a weights file, or not that of the network."""
    arrays = made_weights("vgg19")
    first = "conv1_1_weight"

    def changed(**new):
        return params(folder, {**arrays, **new})

    deep = np.zeros((1, 1), object)
    for _ in range(50):
        outer = np.empty((1, 1), object)
        outer[0, 0] = deep
        deep = outer
    nested = io.BytesIO()
    scipy.io.savemat(nested, {"layers": deep})
    flat = io.BytesIO()
    scipy.io.savemat(flat, {"layers": np.arange(5), "__import__('os')": "rm -rf"})
    return {
        "empty.params": b"",
        "page.params": b"<!DOCTYPE html><html><body>404: Not Found</body></html>",
        "pickle.params": pickle.dumps({"conv1_1_weight": [1.0]}),
        "exec.params": b"cos\nsystem\n(S'touch exploded'\ntR.",
        "torch.params": b"PK\x03\x04" + bytes(200),
        "hdf5.mat": b"MATLAB 7.3 MAT-file" + bytes(600),
        "text.params": b"conv1_1_weight = 1\n" * 50,
        "noise.params": np.random.default_rng(4).bytes(5000),
        "magic only.params": b"\x12\x01\0\0\0\0\0\0",
        "names.params": params(folder, {f"other_{name}": value for name, value in arrays.items()}),
        "no bias.params": params(folder, {name: value for name, value in arrays.items() if "bias" not in name}),
        "shape.params": changed(**{first: arrays[first][:3]}),
        "transposed.params": changed(**{first: arrays[first].transpose(2, 3, 1, 0)}),
        "integers.params": changed(**{first: arrays[first].astype(np.int32)}),
        "nan.params": changed(**{first: np.where(arrays[first] > 0, np.nan, arrays[first]).astype(np.float32)}),
        "infinite.params": changed(**{first: np.full_like(arrays[first], np.inf)}),
        "unnamed.params": _unnamed(folder),
        "nested.mat": nested.getvalue(),
        "flat.mat": flat.getvalue(),
        "counts.net": struct.pack("<2I", 2**32 - 1, 2**32 - 1) + bytes(100),
    }


def _unnamed(folder):
    mx.nd.save(str(folder / "list.params"), [mx.nd.ones((4, 3, 3, 3))])
    return (folder / "list.params").read_bytes()


@functools.cache
def no_pictures():
    """By name: what is not a picture that can be used."""
    huge = Image.new("1", (12_000, 9_000))
    deflated = zlib.compress(bytes(10_000_000), 9)
    files = {
        "empty.png": b"",
        "page.jpg": b"<!DOCTYPE html><html></html>",
        "text.png": b"P" * 1000,
        "noise.jpg": np.random.default_rng(5).bytes(5000),
        "zip.png": b"PK\x03\x04" + bytes(100),
        "pickle.png": pickle.dumps(PICTURE.tobytes()),
        "postscript.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 40 40\n(exploded) (w) file\n%%EOF\n",
        "drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg' width='40' height='40'/>",
        "bomb.png": encoded("PNG", huge, optimize=True),
        "bomb.tiff": encoded("TIFF", huge, compression="group4"),
        "row.png": encoded("PNG", Image.new("RGB", (500, 1))),
        "column.jpg": encoded("JPEG", Image.new("RGB", (1, 500))),
        "below the least.bmp": encoded("BMP", Image.new("RGB", (31, 40))),
        "nan.tiff": encoded("TIFF", Image.fromarray(np.full((40, 40), np.nan, np.float32))),
    }
    for size in ((0, 0), (0, 40), (2**31 - 1, 2**31 - 1), (2**31 - 1, 40), (60_000, 60_000)):
        files[f"declared {size}.png"] = sized_png(*size, deflated)
    for size in ((0, 0), (0, 40), (65_535, 65_535)):
        jpg, place = bytearray(PICTURES["jpg"]), PICTURES["jpg"].index(b"\xff\xc0")
        jpg[place + 5 : place + 9] = struct.pack(">HH", *size)
        files[f"declared {size}.jpg"] = bytes(jpg)
    for size in ((0, 0), (2**31 - 1, 2**31 - 1), (-(2**31), 40), (40, -(2**31))):
        bmp = PICTURES["bmp"]
        files[f"declared {size}.bmp"] = bmp[:18] + struct.pack("<ii", *size) + bmp[26:]
    return files


def sized_png(width, height, data):
    """A PNG whose header declares a size, with right checksums."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@contextlib.contextmanager
def in_time():
    """Raise TimeoutError in a case that takes too long; no warning may come out of it."""

    def late(*_):
        raise TimeoutError(f"more than {SECONDS} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        with warnings.catch_warnings(record=True) as shown:
            warnings.simplefilter("always")
            yield
        assert not shown, shown[0].message
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def read_picture(path, data):
    """Put a picture file at `path` and read it: True if it is a picture, False if it is refused in one line."""
    path.write_bytes(data)
    try:
        with in_time():
            picture = reading.read(path, MAX_PIXELS)
    except InputError as error:
        return _refused(path, error)
    assert picture.dtype == np.float32 and picture.ndim == 3 and picture.shape[2] == 3
    assert picture.min() >= 0 and picture.max() <= 1
    return True


def read_weights(path, model, data):
    """As `read_picture`, for weights; `NETWORKS` is to hold `SMALL`."""
    path.write_bytes(data)
    try:
        with in_time():
            arrays = store.load(model, path).arrays
    except InputError as error:
        return _refused(path, error)
    for layer, shape in convolutions(SMALL[model]).items():
        assert arrays[f"{layer}_weight"].shape == shape and arrays[f"{layer}_bias"].shape == shape[:1]
    assert all(np.isfinite(array).all() and array.dtype == np.float32 for array in arrays.values())
    return True


def _refused(path, error):
    line = str(error)
    assert line.startswith(str(path)) and line.isprintable() and len(line) < len(str(path)) + 400, line
    return False
