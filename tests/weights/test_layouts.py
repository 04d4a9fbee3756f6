"""Files as other programs write them are read bit for bit; damaged and hostile ones end in one line."""

import functools
import os
import pickle
import tracemalloc
from pathlib import Path

import foreign
import numpy as np
import pytest
from narrow import chain

from neural_style.errors import InputError
from neural_style.networks.googlenet import GOOGLENET
from neural_style.networks.layers import convolutions
from neural_style.networks.nin import NIN
from neural_style.networks.squeezenet import SQUEEZENET
from neural_style.networks.vgg import VGG11, VGG13, VGG16, VGG19
from neural_style.ranges import MEAN_PIXEL
from neural_style.weights import layouts, likeness, params, wire

NARROW = chain("vgg19", conv1_1=4, conv1_2=4, conv2_1=6)
PLACES = {"conv1_1": 0, "conv1_2": 2, "conv2_1": 5}


def made(network, seed=0):
    rng, arrays = np.random.default_rng(seed), {}
    for layer, shape in convolutions(network).items():
        arrays[f"{layer}_weight"] = rng.standard_normal(shape).astype("f4")
        arrays[f"{layer}_bias"] = rng.standard_normal(shape[:1]).astype("f4")
    return arrays


def numbered(arrays):
    """As torchvision names them, with a fully connected layer."""
    names = {f"{layer}_{part}": f"features.{n}.{part}" for layer, n in PLACES.items() for part in ("weight", "bias")}
    return {**{names[name]: a for name, a in arrays.items()}, "classifier.0.weight": np.ones((2, 5), "f4")}


ARRAYS = made(NARROW)
WRITERS = {
    "safetensors": lambda: foreign.safetensors(numbered(ARRAYS)),
    "pth": lambda: foreign.pth(numbered(ARRAYS)),
    "legacy pth": lambda: foreign.pth(numbered(ARRAYS), legacy=True),
    "caffemodel": lambda: foreign.caffemodel(ARRAYS),
    "old caffemodel": lambda: foreign.caffemodel(ARRAYS, old=True),
    "onnx": lambda: foreign.onnx(numbered(ARRAYS)),
    "onnx of floats": lambda: foreign.onnx(numbered(ARRAYS), raw=False),
}


@functools.cache
def written(name):
    if name.startswith("onnx"):
        pytest.importorskip("onnx")
    return WRITERS[name]()


def read(data, network=NARROW, name="w"):
    Path(name).write_bytes(data)
    return layouts.read(network, Path(name))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def maps(arrays, picture):
    """The first convolution of a picture (3, 5, 5), at its middle, where no padding counts."""
    return np.tensordot(arrays["conv1_1_weight"], picture[:, 1:4, 1:4], 3) + arrays["conv1_1_bias"]


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_gives_its_arrays_back(name):
    found = read(written(name))
    assert found.keys() == ARRAYS.keys()
    for array in found.values():
        assert array.dtype == np.float32 and array.flags.c_contiguous
    for part in ARRAYS:
        if not part.startswith("conv1_1"):
            assert np.array_equal(found[part], ARRAYS[part]), part
    rgb = np.random.default_rng(1).integers(0, 256, (3, 5, 5)).astype("f8")
    column = np.reshape
    if "caffe" in name:
        theirs = (rgb - column(MEAN_PIXEL, (3, 1, 1)))[::-1]
    else:
        theirs = (rgb / 255 - column((0.485, 0.456, 0.406), (3, 1, 1))) / column((0.229, 0.224, 0.225), (3, 1, 1))
    ours = rgb - column(MEAN_PIXEL, (3, 1, 1))
    assert np.allclose(maps(found, ours), maps(ARRAYS, theirs), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("name", ["safetensors", "pth", "legacy pth"])
def test_half_precision_and_other_orders_in_memory_are_taken(name):
    arrays = {part: array.astype("f2") for part, array in ARRAYS.items()}
    if "pth" in name:  # channels last
        arrays = {p: np.moveaxis(np.ascontiguousarray(np.moveaxis(a, 1, -1)), -1, 1) if a.ndim == 4 else a
                  for p, a in arrays.items()}  # fmt: skip
    writer = foreign.safetensors if name == "safetensors" else functools.partial(foreign.pth, legacy="legacy" in name)
    found = read(writer(numbered(arrays)))
    assert np.array_equal(found["conv1_2_weight"], ARRAYS["conv1_2_weight"].astype("f2").astype("f4"))


def test_files_of_our_own_names_are_for_our_range():
    for writer in (foreign.safetensors, foreign.pth):
        found = read(writer({name.replace("_weight", ".weight"): array for name, array in ARRAYS.items()}))
        assert all(np.array_equal(found[name], ARRAYS[name]) for name in ARRAYS)


def test_a_checkpoint_holds_its_state_under_a_key():
    data = foreign.pth(numbered(ARRAYS), state=lambda state: {"epoch": 3, "best": 0.5, "state_dict": state})
    assert np.array_equal(read(data)["conv2_1_weight"], ARRAYS["conv2_1_weight"])


def test_torch_itself_writes_what_is_read():
    torch = pytest.importorskip("torch")
    state = {name: torch.from_numpy(array) for name, array in numbered(ARRAYS).items()}
    for zipped in (True, False):
        torch.save(state, "w.pth", _use_new_zipfile_serialization=zipped)
        found = layouts.read(NARROW, Path("w.pth"))
        assert np.array_equal(found["conv2_1_weight"], ARRAYS["conv2_1_weight"])


def test_squeezenets_names_in_each_zoo():
    """torchvision numbers the modules and sorts nothing; Caffe has slashes; ONNX's file has Caffe2's suffixes."""
    network = SQUEEZENET._replace(layers=tuple(
        layer._replace(channels=max(2, layer.channels // 16)) if layer.kind == "convolution" else layer
        for layer in SQUEEZENET.layers
    ))  # fmt: skip
    arrays, vision, caffe = made(network), {}, {}
    places = dict(zip(range(2, 10), (3, 4, 5, 7, 8, 9, 10, 12)))
    for name, array in arrays.items():
        layer, _, part = name.rpartition("_")
        if layer.startswith("fire"):
            fire, _, rest = layer.partition("_")
            vision[f"features.{places[int(fire[4:])]}.{rest}.{part}"] = array
            caffe[f"{fire}/{rest}_{part}"] = array
        else:
            vision[{"conv1": "features.0", "conv_final": "classifier.1"}[layer] + f".{part}"] = array
            caffe[{"conv_final": "conv10"}.get(layer, layer) + f"_{part}"] = array
    caffe2 = {name.replace("_weight", "_w_0").replace("_bias", "_b_0"): array for name, array in caffe.items()}
    files = [foreign.pth(vision), foreign.safetensors(vision), foreign.caffemodel(caffe), foreign.safetensors(caffe2)]
    for data in files:
        found = read(data, network)
        assert found.keys() == arrays.keys()
        assert all(np.array_equal(found[n], a) for n, a in arrays.items() if not n.startswith("conv1"))


def test_googlenets_names_are_its_prototxts():
    network = GOOGLENET._replace(layers=GOOGLENET.layers[:2] + GOOGLENET.layers[3:5])
    network = network._replace(layers=tuple(
        layer._replace(inputs=(below.name,)) for below, layer in zip(network.layers, network.layers[1:])
    ))  # fmt: skip
    network = network._replace(layers=(GOOGLENET.layers[0], *network.layers))
    arrays = made(network)
    found = read(foreign.caffemodel(arrays), network)
    assert np.array_equal(found["conv2/3x3_weight"], arrays["conv2/3x3_weight"])


@pytest.mark.parametrize("published", ["d01eb7cb", "00b39a1b"])
def test_converted_caffe_files_are_known_by_their_content(published, monkeypatch):
    monkeypatch.setattr(layouts, "checksum", lambda path: published + "0" * 56)
    found = read(foreign.pth(numbered(ARRAYS), legacy=True))
    assert np.allclose(found["conv1_1_weight"], ARRAYS["conv1_1_weight"][:, ::-1])
    assert np.allclose(found["conv1_1_bias"], ARRAYS["conv1_1_bias"])  # the mean pixel is ours


def test_numbered_files_of_networks_that_torchvision_has_not_are_caffes():
    """As ProGamerGov/neural-style-pt has NIN."""
    arrays, stored = made(NIN), {}
    for number, layer in enumerate(convolutions(NIN)):
        stored |= {f"features.{2 * number}.{part}": arrays[f"{layer}_{part}"] for part in ("weight", "bias")}
    found = read(foreign.pth(stored), NIN)
    assert np.array_equal(found["conv1_weight"], arrays["conv1_weight"][:, ::-1])
    assert all(np.array_equal(found[name], array) for name, array in arrays.items() if not name.startswith("conv1"))


@pytest.mark.parametrize("network, mean", [
    (VGG16, MEAN_PIXEL), (SQUEEZENET, (123, 117, 104)), (GOOGLENET, (122.679, 116.669, 104.007)),
])  # fmt: skip
def test_caffes_networks_take_their_own_mean_pixel(network, mean):
    first = network.layers[0]
    network = network._replace(layers=(first._replace(channels=2),))
    arrays = made(network)
    found = read(foreign.caffemodel(arrays), network)
    flipped = arrays[f"{first.name}_weight"][:, ::-1]
    assert np.array_equal(found[f"{first.name}_weight"], flipped)
    shift = flipped.sum((2, 3)) @ np.subtract(MEAN_PIXEL, mean)
    assert np.allclose(found[f"{first.name}_bias"], arrays[f"{first.name}_bias"] + shift, atol=1e-4)


def test_wire_numbers_and_ends():
    message = foreign.field(7, 2**40 + 5) + foreign.field(2, b"abc") + b"\x1d\1\2\3\4"
    assert [(n, v if isinstance(v, int) else bytes(v)) for n, v in wire.fields(memoryview(message))] == [
        (7, 2**40 + 5), (2, b"abc"), (3, b"\1\2\3\4")
    ]  # fmt: skip
    for end in (1, 8, 11, len(message) - 1):
        with pytest.raises(ValueError):
            list(wire.fields(memoryview(message[:end])))
    assert wire.varints(memoryview(foreign.varint(300) + foreign.varint(1))) == [300, 1]


def test_an_onnx_file_that_keeps_its_weights_elsewhere_says_so():
    tensor = foreign.field(1, 4) + foreign.field(2, 1) + foreign.field(8, b"a") + foreign.field(14, 1)
    with pytest.raises(InputError, match="keeps its weights in another file"):
        read(foreign.field(1, 8) + foreign.field(7, foreign.field(5, tensor)))


def test_a_file_of_another_network_is_told_by_its_shapes():
    of16, of19 = made(VGG16), made(VGG19)
    with pytest.raises(InputError, match=r"^w: conv3_4_weight is missing, expected \(256,.*: this looks like VGG-16;"):
        read(foreign.safetensors(of16), VGG19)
    with pytest.raises(InputError, match=r"conv1_1_weight is missing, .* like SqueezeNet 1.0; --model squeezenet,"):
        read(foreign.safetensors(made(SQUEEZENET)), VGG19)
    features = {f"features.{n}.weight": of16[name] for n, name in enumerate(of16) if name.endswith("weight")}
    features |= {f"features.{n - 1}.bias": of16[name] for n, name in enumerate(of16) if name.endswith("bias")}
    shapes = r"conv3_4 is \(512, 256, 3, 3\), expected \(256, 256, 3, 3\): this looks like VGG-16"
    with pytest.raises(InputError, match=shapes):
        read(foreign.safetensors(features), VGG19)
    # all layers of VGG-16 are in a file of VGG-19, also in one that ends at conv5_1
    ended = {name: array for name, array in of19.items() if name[:7] not in ("conv5_2", "conv5_3", "conv5_4")}
    for arrays in (of19, ended):
        with pytest.raises(InputError, match="holds more convolutions than VGG-16: .* like VGG-19; --model vgg19"):
            read(foreign.safetensors(arrays), VGG16)
        read(foreign.safetensors(arrays), VGG19)


def normalised(arrays, gluon):
    """Batch normalisation behind each convolution of NARROW, as torchvision and as Gluon name it; and what it does."""
    rng, file, parts = np.random.default_rng(3), {}, {}
    for number, layer in enumerate(PLACES):
        width = len(arrays[f"{layer}_bias"])
        numbers = rng.normal(1, 0.3, (4, width)).astype("f4")
        numbers[3] = numbers[3] ** 2  # the variance
        stem = f"features.{3 * number}.", f"features.{3 * number + 1}."
        kinds = ("weight", "bias", "running_mean", "running_var")
        if gluon:
            stem = f"vgg0_conv{number}_", f"vgg0_batchnorm{number}_"
            kinds = ("gamma", "beta", "running_mean", "running_var")
        file |= {stem[0] + part: arrays[f"{layer}_{part}"] for part in ("weight", "bias")}
        file |= {stem[1] + kind: values for kind, values in zip(kinds, numbers)}
        parts[layer] = numbers.astype("f8")
    return file, parts


@pytest.mark.parametrize("gluon", [False, True])
def test_batch_normalisation_is_folded_into_the_convolutions(gluon):
    """Against torchvision's formula for one pixel of each layer: gamma (w x + b - mean) / sqrt(var + 1e-5) + beta."""
    stored, parts = normalised(ARRAYS, gluon)
    found = read(foreign.safetensors(stored))
    assert found.keys() == ARRAYS.keys()
    for layer in ("conv1_2", "conv2_1"):
        weight, bias = ARRAYS[f"{layer}_weight"].astype("f8"), ARRAYS[f"{layer}_bias"]
        patch = np.random.default_rng(4).normal(size=weight.shape[1:])
        gamma, beta, mean, variance = parts[layer]
        expected = gamma * (np.tensordot(weight, patch, 3) + bias - mean) / np.sqrt(variance + 1e-5) + beta
        ours = np.tensordot(found[f"{layer}_weight"], patch, 3) + found[f"{layer}_bias"]
        assert np.allclose(ours, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("part", ["running_var", "weight", "bias"])
def test_a_normalisation_that_lacks_a_part_is_one_line(part):
    stored, _ = normalised(ARRAYS, gluon=False)
    del stored[f"features.4.{part}"]
    with pytest.raises(InputError, match="^w: "):
        read(foreign.safetensors(stored))
    stored[f"features.4.{part}"] = np.ones(3, "f4")
    with pytest.raises(InputError, match="behind conv1_2 has another number of channels"):
        read(foreign.safetensors(stored))


@pytest.mark.parametrize("network", [VGG11, VGG13], ids=lambda network: network.name)
def test_the_smaller_vggs_are_read_under_torchvisions_numbers(network):
    places, arrays = {layer.name: at for at, layer in enumerate(network.layers)}, made(network)
    stored = {f"features.{places[n.rpartition('_')[0]]}.{n.rpartition('_')[2]}": array for n, array in arrays.items()}
    assert [n.name for n in likeness.candidates(stored)] == [network.name]
    found = read(foreign.safetensors(stored), network)
    assert all(np.array_equal(found[name], array) for name, array in arrays.items() if name[:7] != "conv1_1")


@pytest.mark.parametrize("name", ["params", "caffemodel", "safetensors", "pth"])
def test_what_a_network_does_not_need_takes_no_memory(name):
    """Six of seven parts of a file of VGG-19 are its fully connected layers."""
    whole = {**ARRAYS, "fc6_weight": np.zeros((2000, 5000), "f4"), "fc6_bias": np.zeros(2000, "f4")}
    if name == "params":
        params.write(Path("w"), whole)
    else:
        Path("w").write_bytes(getattr(foreign, name)(whole))
    tracemalloc.start()
    try:
        assert layouts.read(NARROW, Path("w")).keys() == ARRAYS.keys()
        assert tracemalloc.get_traced_memory()[1] < 4e6 < Path("w").stat().st_size / 10
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", WRITERS)
def test_damaged_files_end_in_one_line(name):
    """500 of each: cut off, a byte changed, a number put in."""
    whole, rng = written(name), np.random.default_rng(len(name))
    refused = 0
    for case in range(500):
        at = int(rng.integers(len(whole) if case % 3 else min(len(whole), 300)))
        new = rng.choice([b"", rng.bytes(1), b"\xff" * 4, b"\xff" * 9 + b"\x01", b"\0" * 8])
        data = whole[:at] if case % 5 == 0 else whole[:at] + bytes(new) + whole[at + len(new) :]
        try:
            found = read(data)
        except InputError as error:
            assert str(error).startswith("w: ") and str(error).isprintable() and len(str(error)) < 400
            refused += 1
        else:
            assert all(np.isfinite(array).all() for array in found.values())
    assert refused > 100


class Payload:
    def __reduce__(self):
        return os.mkdir, ("executed",)


@pytest.mark.parametrize("legacy", [False, True])
def test_a_pickle_that_asks_for_more_is_refused(legacy):
    data = foreign.pth(numbered(ARRAYS), legacy, state=lambda state: {**state, "extra": Payload()})
    with pytest.raises(InputError, match="it asks for .*mkdir, which weights do not need"):
        read(data)
    assert not Path("executed").exists()


def test_a_header_whose_length_looks_like_a_pickle_is_none():
    for padding in range(0, 1200, 8):
        data = foreign.safetensors({**numbered(ARRAYS), "x" * (8 + padding): np.zeros(1, "f4")})
        assert read(data).keys() == ARRAYS.keys()


def test_a_pickle_alone_and_a_zip_archive_of_something_else_are_named():
    with pytest.raises(InputError, match="a pickle, not weights"):
        read(pickle.dumps(Payload()))
    np.savez("w.npz", a=np.zeros(3))
    with pytest.raises(InputError, match="a zip archive, but not PyTorch's"):
        layouts.read(NARROW, Path("w.npz"))
