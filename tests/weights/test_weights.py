"""Every layout of the weights drives the same code to the same feature maps; what is no weights file gives one line."""
import json
import os
import pickle
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from narrow import chain
from needs_mxnet import mx

from neural_style import start
from neural_style.errors import InputError
from neural_style.files import checksum
from neural_style.networks.layers import convolutions
from neural_style.networks.registry import NETWORKS
from neural_style.ranges import MEAN_PIXEL
from neural_style.weights import layouts, published, store

ROOT = str(Path(__file__).resolve().parent.parent.parent)
SHARED = Path(os.environ.get("NSTYLE_SHARED", Path(ROOT).parent / "shared"))
COMPRESSED = SHARED / "weights" / "compressed_SqueezeNet.net"
NARROW = chain("vgg19", conv1_1=4, conv1_2=4, conv2_1=6, conv5_2=1)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty current folder, and scripts that stand in another one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(start, "folders", lambda: ["", str(tmp_path / "scripts")])
    return tmp_path


@pytest.fixture
def narrow(monkeypatch):
    monkeypatch.setitem(NETWORKS, "vgg19", NARROW)
    return made(NARROW)


def made(network, seed=0):
    rng = np.random.default_rng(seed)
    arrays = {}
    for layer, shape in convolutions(network).items():
        arrays[f"{layer}_weight"] = (rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))).astype("f4")
        arrays[f"{layer}_bias"] = rng.uniform(-0.1, 0.3, shape[:1]).astype("f4")
    return arrays


def write_params(path, arrays, prefix="arg:"):
    mx.nd.save(str(path), {prefix + name: mx.nd.array(array, dtype=array.dtype) for name, array in arrays.items()})
    return path


def write_params_as_of_old(path, arrays, mark):
    """The two older formats of MXNet's lists of arrays: without a mark (2015), and with the first one (2017)."""
    with path.open("wb") as file:
        file.write(struct.pack("<3Q", 0x112, 0, len(arrays)))
        for array in arrays.values():
            file.write(struct.pack("<I", mark) if mark else b"")
            file.write(struct.pack(f"<I{array.ndim}{'q' if mark else 'I'}", array.ndim, *array.shape))
            file.write(struct.pack("<3i", 1, 0, 0) + array.tobytes())
        file.write(struct.pack("<Q", len(arrays)))
        for name in arrays:
            file.write(struct.pack("<Q", 4 + len(name)) + b"arg:" + name.encode())
    return path


def write_matconvnet(path, arrays, order=("name", "type", "weights")):
    """Layers as cells of structs, kernels (height, width, in, out), between layers that have no weights."""
    cells = []
    for layer in dict.fromkeys(name.rpartition("_")[0] for name in arrays):
        pair = np.empty((1, 2), object)
        pair[0, 0] = arrays[f"{layer}_weight"].transpose(2, 3, 1, 0)
        pair[0, 1] = arrays[f"{layer}_bias"].reshape(1, -1)
        cells += [
            {field: {"name": layer, "type": "conv", "weights": pair}.get(field, 1) for field in order},
            {"name": layer.replace("conv", "relu"), "type": "relu"},
        ]
    column = np.empty((1, len(cells)), object)
    column[0] = cells
    scipy.io.savemat(path, {"layers": column, "meta": {"classes": "none"}}, do_compression=True)
    return path


def feature_maps(arrays, picture, layers=("conv1_1", "conv1_2", "pool", "conv2_1")):
    """The maps after each convolution of a narrow VGG, for a picture (1, 3, H, W) in the range the arrays are for."""
    maps, x = {}, mx.nd.array(picture)
    for layer in layers:
        if layer == "pool":
            x = mx.nd.Pooling(x, pool_type="avg", kernel=(2, 2), stride=(2, 2))
            continue
        weight, bias = mx.nd.array(arrays[f"{layer}_weight"]), mx.nd.array(arrays[f"{layer}_bias"])
        x = mx.nd.relu(mx.nd.Convolution(x, weight, bias, kernel=(3, 3), pad=(1, 1), num_filter=weight.shape[0]))
        maps[layer] = x.asnumpy()
    return maps


def pixels(size=24, seed=3):
    return np.random.default_rng(seed).integers(0, 256, (1, 3, size, size)).astype("f4")


def network_range(rgb):
    return rgb - np.float32(MEAN_PIXEL).reshape(1, 3, 1, 1)


def gluon_range(rgb):
    mean, std = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
    return (rgb / 255 - mean.reshape(1, 3, 1, 1)) / std.reshape(1, 3, 1, 1)


def one_line(error, *words):
    text = str(error.value)
    assert "\n" not in text and all(word in text for word in words), text
    return True


def test_vgg19_table():
    table = convolutions(NETWORKS["vgg19"])
    assert len(table) == 16 and list(table)[-4:] == ["conv5_1", "conv5_2", "conv5_3", "conv5_4"]
    assert table["conv1_1"] == (64, 3, 3, 3) and table["conv3_1"] == (256, 128, 3, 3)
    assert table["conv5_1"] == (512, 512, 3, 3)


@pytest.mark.parametrize("prefix", ["arg:", ""])
def test_params(narrow, prefix):
    write_params("w.params", {**narrow, "fc6_weight": np.zeros((2, 2), "f4")}, prefix)
    arrays = store.load("vgg19", "w.params").arrays
    assert list(arrays) == list(narrow) and all(array.dtype == np.float32 for array in arrays.values())
    assert all(np.array_equal(arrays[name], narrow[name]) for name in narrow)


@pytest.mark.parametrize("mark", [None, 0xF993FAC8])
def test_params_of_older_releases_as_mxnet_reads_them(narrow, mark):
    write_params_as_of_old(Path("w.params"), narrow, mark)
    theirs, ours = mx.nd.load("w.params"), store.load("vgg19", "w.params").arrays
    assert len(theirs) == len(ours) == len(narrow)
    for name in narrow:
        assert np.array_equal(ours[name], narrow[name])
        assert np.array_equal(theirs["arg:" + name].asnumpy(), narrow[name])


def test_params_of_numpy_arrays_and_of_a_sparse_one(narrow):
    with mx.util.np_shape(True):
        write_params("w.params", narrow)
    assert np.array_equal(store.load("vgg19", "w.params").arrays["conv1_1_bias"], narrow["conv1_1_bias"])
    mx.nd.save("w.params", {"arg:conv1_1_weight": mx.nd.zeros((3, 3)).tostype("csr")})
    with pytest.raises(InputError, match="sparse"):
        store.load("vgg19", "w.params")


@pytest.mark.parametrize("order", [("name", "type", "weights"), ("weights", "pad", "type", "name", "stride")])
def test_matconvnet_of_both_releases(narrow, order):
    arrays = store.load("vgg19", write_matconvnet(Path("w.mat"), narrow, order)).arrays
    assert all(np.array_equal(arrays[name], narrow[name]) for name in narrow)
    reference, maps = (feature_maps(a, network_range(pixels())) for a in (narrow, arrays))
    assert all(np.array_equal(maps[layer], reference[layer]) for layer in maps)


@pytest.mark.parametrize("compressed", [False, True])
def test_matconvnet_behind_other_variables_of_any_length(narrow, compressed):
    """What is compressed ends where it ends, everything else at a multiple of 8 bytes."""
    write_matconvnet(Path("w.mat"), narrow)
    layers = scipy.io.loadmat("w.mat", chars_as_strings=False)["layers"]
    for length in range(1, 12):
        noise = np.random.default_rng(length).integers(0, 99, length, np.uint8)
        scipy.io.savemat("w.mat", {"a": noise, "b": "x" * length, "layers": layers}, do_compression=compressed)
        arrays = store.load("vgg19", "w.mat").arrays
        assert all(np.array_equal(arrays[name], narrow[name]) for name in narrow)


@pytest.mark.parametrize("names", ["blocks", "legacy", "legacy with prefix"])
def test_gluon_vgg_gives_gluons_feature_maps(narrow, names):
    """As Gluon's own on its own input, but for the border, where our zeros stand for a pixel half a grey level off."""
    stored = {"features.37.weight": np.zeros((2, 3), "f4"), "output.bias": np.zeros(2, "f4")}
    for nth, (layer, place) in enumerate(zip(convolutions(NARROW), (0, 2, 5, 10))):
        kinds = {"blocks": f"features.{place}.", "legacy": f"conv{nth}_", "legacy with prefix": f"vgg0_conv{nth}_"}
        for kind in ("weight", "bias"):
            stored[kinds[names] + kind] = narrow[f"{layer}_{kind}"]
    loaded = store.load("vgg19", write_params("zoo.params", stored, "")).arrays
    rgb = pixels()
    theirs, ours = feature_maps(narrow, gluon_range(rgb)), feature_maps(loaded, network_range(rgb))
    inside = np.abs(ours["conv1_1"] - theirs["conv1_1"])[:, :, 1:-1, 1:-1]
    assert theirs["conv1_1"].max() > 0.5 and inside.max() < 1e-5
    assert np.abs(ours["conv2_1"] - theirs["conv2_1"])[:, :, 3:-3, 3:-3].max() < 1e-5
    shift = np.abs(MEAN_PIXEL - 255 * np.array([0.485, 0.456, 0.406]))
    scaled = np.abs(loaded["conv1_1_weight"]).sum((2, 3)) @ shift
    border = np.abs(ours["conv1_1"] - theirs["conv1_1"]).max()
    assert 1e-4 < border <= scaled.max() + 1e-5


def squeezenet_maps(arrays, x):
    """SqueezeNet 1.0 to the end of fire9."""

    def convolution(x, layer, **window):
        weight, bias = mx.nd.array(arrays[f"{layer}_weight"]), mx.nd.array(arrays[f"{layer}_bias"])
        return mx.nd.relu(mx.nd.Convolution(x, weight, bias, kernel=weight.shape[2:], num_filter=len(bias), **window))

    def pool(x):
        return mx.nd.Pooling(x, pool_type="max", kernel=(3, 3), stride=(2, 2), pooling_convention="full")

    x = pool(convolution(mx.nd.array(x), "conv1", stride=(2, 2)))
    for fire in range(2, 10):
        x = convolution(x, f"fire{fire}_squeeze1x1")
        wide = convolution(x, f"fire{fire}_expand3x3", pad=(1, 1))
        x = mx.nd.concat(convolution(x, f"fire{fire}_expand1x1"), wide, dim=1)
        x = pool(x) if fire in (4, 8) else x
    return x.asnumpy()


@pytest.mark.parametrize("legacy", [False, True])
def test_gluon_squeezenet_gives_gluons_feature_maps(legacy):
    """The names and the network are the zoo's own; the first convolution has no padding: the same everywhere."""
    net = mx.gluon.model_zoo.vision.squeezenet1_0()
    net.initialize(mx.init.Xavier(rnd_type="gaussian", magnitude=2))
    rgb = pixels(64)
    theirs = net.features[:13](mx.nd.array(gluon_range(rgb))).asnumpy()
    net(mx.nd.zeros((1, 3, 224, 224)))
    if legacy:
        net.collect_params().save("zoo.params", strip_prefix=net.prefix)
    else:
        net.save_parameters("zoo.params")
    ours = squeezenet_maps(store.load("squeezenet", "zoo.params").arrays, network_range(rgb))
    assert theirs.max() > 0.1 and np.abs(ours - theirs).max() < 1e-4 * theirs.max()


def compress(arrays, codebooks):
    """Encode arrays, whose values stand in `codebooks`, as the compressed SqueezeNet is (the other way round)."""
    counts, body = [], b""
    for layer, codebook in codebooks.items():
        flat = arrays[f"{layer}_weight"].ravel()
        codes, steps, last = [], [], -1
        for position in np.flatnonzero(flat):
            while position - last > 16:  # too far for 4 bits: stop over at a zero
                codes.append(0)
                steps.append(15)
                last += 16
            codes.append(int(np.flatnonzero(codebook == flat[position])[0]))
            steps.append(position - last - 1)
            last = position
        counts.append(len(codes))
        nibbles = np.array(steps + [0] * (len(steps) % 2), np.uint8)
        body += codebook.tobytes() + arrays[f"{layer}_bias"].tobytes() + bytes(codes)
        body += (nibbles[::2] | nibbles[1::2] << 4).tobytes()
    return struct.pack(f"<{len(counts)}I", *counts) + body


@pytest.fixture
def compressed(monkeypatch):
    """A small compressed network: (bytes, arrays before their first layer is made to take our input)."""
    network = chain("squeezenet", conv1=4, fire2_squeeze1x1=3, conv_final=5)
    monkeypatch.setitem(NETWORKS, "squeezenet", network)
    rng, arrays, codebooks = np.random.default_rng(7), made(network), {}
    for layer, shape in convolutions(network).items():
        codebooks[layer] = np.append(np.float32(0), rng.standard_normal(255).astype("f4"))
        sparse = rng.random(shape) < 0.1
        arrays[f"{layer}_weight"] = np.where(sparse, codebooks[layer][rng.integers(1, 256, shape)], np.float32(0))
    return compress(arrays, codebooks), arrays


def test_compressed_squeezenet_round_trip(compressed):
    data, arrays = compressed
    Path("w.net").write_bytes(data)
    loaded = store.load("squeezenet", "w.net").arrays
    assert list(loaded) == list(arrays)
    assert all(np.array_equal(loaded[name], arrays[name]) for name in arrays if not name.startswith("conv1"))
    # conv1 was made for BGR minus (104, 117, 123)
    rgb = pixels(15)
    bgr = rgb[:, ::-1] - np.float32([104, 117, 123]).reshape(1, 3, 1, 1)
    theirs, ours = (
        mx.nd.Convolution(mx.nd.array(x), mx.nd.array(a["conv1_weight"]), mx.nd.array(a["conv1_bias"]), kernel=(7, 7),
                          num_filter=4).asnumpy()
        for a, x in ((arrays, bgr), (loaded, network_range(rgb)))
    )  # fmt: skip
    assert np.abs(theirs - ours).max() < 1e-4 * np.abs(theirs).max()


def test_compressed_squeezenet_is_used_up_exactly(compressed):
    data, _ = compressed
    for wrong in (data[:-1], data + b"\0", data[:50], b"\xff" * 12 + data[12:], data[:8] + b"\0" * 4 + data[12:]):
        Path("w.net").write_bytes(wrong)
        with pytest.raises(InputError) as error:
            store.load("squeezenet", "w.net")
        assert one_line(error, "w.net", "download.sh")


@pytest.mark.skipif(not COMPRESSED.is_file(), reason="the published compressed SqueezeNet is not on this machine")
def test_published_compressed_squeezenet(folder):
    loaded = store.load("squeezenet", COMPRESSED)
    assert loaded.sha256 == "e4ab6960ae8cd81505e1c2136921201507e930966c53deaf15862a395b3a3261"
    shapes = {name: array.shape for name, array in loaded.arrays.items()}
    assert len(shapes) == 52 and shapes["conv1_weight"] == (96, 3, 7, 7)
    assert shapes["fire9_expand3x3_weight"] == (256, 64, 3, 3) and shapes["conv_final_bias"] == (1000,)
    # pruned to a third
    filled = np.mean([np.count_nonzero(a) / a.size for name, a in loaded.arrays.items() if name.startswith("fire")])
    assert 0.3 < filled < 0.9
    for wrong in (COMPRESSED.read_bytes()[:-1], COMPRESSED.read_bytes() + b"\0"):
        Path("w.net").write_bytes(wrong)
        with pytest.raises(InputError):
            store.load("squeezenet", "w.net")


@pytest.mark.parametrize("fault, words", [
    ({"conv1_2_bias": None}, ["conv1_2_bias", "missing"]),
    ({"conv1_2_weight": np.zeros((4, 4, 5, 5), "f4")}, ["conv1_2 is (4, 4, 5, 5), expected (4, 4, 3, 3)"]),
    ({"conv1_2_bias": np.zeros((4, 1), "f4")}, ["conv1_2_bias", "(4, 1)", "(4,)"]),
    ({"conv2_1_weight": np.zeros((6, 4, 3, 3), "i4")}, ["conv2_1_weight", "int32", "float32"]),
    ({"conv2_1_bias": np.full(6, np.nan, "f4")}, ["conv2_1_bias", "finite"]),
    ({"conv1_1_weight": np.full((4, 3, 3, 3), np.inf, "f4")}, ["conv1_1_weight", "finite"]),
    ({"conv5_2_bias": np.zeros(9, "f4")}, ["conv5_2_bias", "(9,)"]),
])  # fmt: skip
def test_other_arrays_than_the_network_needs(narrow, fault, words):
    arrays = {name: array for name, array in {**narrow, **fault}.items() if array is not None}
    with pytest.raises(InputError) as error:
        store.load("vgg19", write_params("w.params", arrays))
    assert one_line(error, "w.params", "not VGG-19;", "--weights", *words)


def test_other_arrays_in_matconvnets_layout(narrow):
    narrow["conv1_2_weight"] = np.zeros((4, 4, 5, 5), "f4")
    with pytest.raises(InputError) as error:
        store.load("vgg19", write_matconvnet(Path("w.mat"), narrow))
    assert one_line(error, "w.mat", "conv1_2 is (4, 4, 5, 5), expected (4, 4, 3, 3)")


def test_layers_that_no_one_looks_at_may_be_absent(narrow):
    write_params("w.params", {name: array for name, array in narrow.items() if not name.startswith("conv5_2")})
    assert "conv5_2_weight" not in store.load("vgg19", "w.params").arrays


def test_half_and_double_precision_are_taken(narrow):
    for dtype in ("f2", "f8"):
        write_params("w.params", {name: array.astype(dtype) for name, array in narrow.items()})
        assert store.load("vgg19", "w.params").arrays["conv1_1_weight"].dtype == np.float32


class Payload:
    def __reduce__(self):
        return Path.touch, (Path("executed"),)


@pytest.mark.parametrize("model", ["vgg19", "squeezenet"])
@pytest.mark.parametrize("content, word", [
    (b"", "empty"),
    (b"\n<!DOCTYPE html><html>not found</html>", "web page"),
    (pickle.dumps(Payload()), "pickle"),
    (b"PK\x03\x04" + bytes(100), "PyTorch"),
    (b"\x89HDF\r\n" + bytes(100), "HDF5"),
    (b"MATLAB 7.3 MAT-file" + bytes(600), "HDF5"),
    (b"MATLAB 5.0 MAT-file" + bytes(600), "cannot be read"),
    (b"\x12\x01" + bytes(6), "cannot be read"),
    (b"\x12\x01" + bytes(14) + b"\xff" * 4 + bytes(1000), "cannot be read"),
    (bytes(1000), "unknown layout"),
    (os.urandom(100000), "unknown layout"),
])  # fmt: skip
def test_what_is_no_weights_file(content, word, model):
    Path("w.params").write_bytes(content)
    with pytest.raises(InputError) as error:
        store.load(model, "w.params")
    assert one_line(error, "w.params", word, "download.sh")
    assert not Path("executed").exists()


def test_arrays_without_names_or_of_another_network(narrow):
    mx.nd.save("list.params", [mx.nd.zeros((2, 2))])
    with pytest.raises(InputError, match="names"):
        store.load("vgg19", "list.params")
    stored = {"features.0.weight": np.zeros((4, 3, 3, 3), "f4"), "features.1.running_mean": np.zeros(4, "f4")}
    stored["features.3.weight"] = np.zeros((4, 4, 3, 3), "f4")
    with pytest.raises(InputError, match="batch normalisation behind 1 of 2 convolutions"):
        store.load("vgg19", write_params("bn.params", stored, ""))


@pytest.mark.parametrize("write", [write_params, write_matconvnet])
def test_damaged_files_give_one_line_or_arrays(narrow, write):
    """Cut at any length, or altered anywhere: never anything but an InputError of one line, or finite arrays."""
    write(Path("w.mat"), narrow)
    whole, rng = Path("w.mat").read_bytes(), np.random.default_rng(11)
    damaged = [whole[:cut] for cut in range(0, len(whole), len(whole) // 40)]
    if write is write_params:
        Path("longer.params").write_bytes(whole + b"\0")
        with pytest.raises(InputError):
            store.load("vgg19", "longer.params")
    for _ in range(80):
        bad = bytearray(whole)
        for at in rng.integers(0, len(whole), 3):
            bad[at] = rng.integers(0, 256)
        damaged.append(bytes(bad))
    for content in damaged:
        Path("bad.mat").write_bytes(content)
        try:
            arrays = store.load("vgg19", "bad.mat").arrays
        except InputError as error:
            assert "\n" not in str(error) and "bad.mat" in str(error)
        else:
            assert all(np.isfinite(array).all() for array in arrays.values())


def test_save_writes_the_same_bytes_whatever_the_order(narrow):
    store.save("one.params", narrow)
    store.save("two.params", dict(reversed(narrow.items())))
    assert Path("one.params").read_bytes() == Path("two.params").read_bytes()
    stored = mx.nd.load("one.params")
    assert stored["arg:conv1_1_weight"].shape == (4, 3, 3, 3) and len(stored) == len(narrow)
    np.savez("arrays.npz", **narrow)
    code = (
        "import numpy; from neural_style.weights import store;"
        "store.save('two.params', dict(numpy.load('arrays.npz')))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": ROOT})
    assert Path("one.params").read_bytes() == Path("two.params").read_bytes()


def test_find_prefers_the_current_folder_and_pretrained_weights(folder):
    here, scripts = folder / "model", folder / "scripts" / "model"
    here.mkdir()
    scripts.mkdir(parents=True)
    with pytest.raises(InputError) as error:
        store.find("vgg19")
    assert one_line(error, "vgg19", "sh download.sh", "--offline")
    found = []
    for path in (scripts / "vgg19-offline.params", here / "vgg19-offline.params", scripts / "vgg19.params",
                 here / "vgg19.params"):
        path.write_bytes(b"")
        found.append(store.find("vgg19").absolute() == path)
    assert all(found)
    with pytest.raises(InputError) as error:
        store.find("squeezenet")
    assert one_line(error, "squeezenet", "sh download.sh") and "--offline" not in str(error.value)
    Path("mine.params").write_bytes(b"")
    assert store.find("vgg19", "mine.params") == Path("mine.params")
    os.mkfifo("pipe")
    for wrong in ("absent.params", "model", "pipe"):
        with pytest.raises(InputError) as error:
            store.find("vgg19", wrong)
        assert one_line(error, "--weights", wrong)


def test_a_pipe_is_refused_before_it_is_waited_for(folder):
    Path("model").mkdir()
    os.mkfifo("w")
    for read in (lambda: store.load("vgg19", "w"), lambda: layouts.read(NARROW, Path("w"))):
        with pytest.raises(InputError) as error:
            read()
        assert one_line(error, "w", "no", "regular file")


def test_record_is_believed_as_long_as_the_file_is_the_same(narrow):
    store.save("w.params", narrow)
    unknown = store.load("vgg19", "w.params")
    assert (unknown.origin, unknown.verified, unknown.offline) == ("unknown", False, False)
    store.record("w.params", "https://example.org/w.params", "SHA-1 1234")
    known = store.load("vgg19", "w.params")
    assert (known.origin, known.verified, known.offline) == ("https://example.org/w.params", True, False)
    assert known.sha256 == json.loads(Path("w.params.json").read_text())["sha256"]
    store.record("w.params", "here", None, recipe=2, seed=0)
    assert store.recorded("w.params")["recipe"] == 2
    learned = store.load("vgg19", "w.params")
    assert (learned.verified, learned.offline) == (False, True)
    store.save("w.params", made(NARROW, seed=1))
    changed = store.load("vgg19", "w.params")
    assert (changed.origin, changed.verified, changed.offline) == ("unknown", False, False)
    strange = b'{"origin": [], "sha256": 3, "verified_by": {}}'
    for nonsense in (b"", b"{", b"[]", b"null", b'{"origin": 1}', strange, b"\xff"):
        Path("w.params.json").write_bytes(nonsense)
        assert store.load("vgg19", "w.params").origin == "unknown"


@pytest.mark.parametrize("kind", ["SHA-256", "SHA-1", "MD5", "git blob SHA-1"])
def test_a_file_of_published_content_is_named_so_whatever_its_name(narrow, kind, monkeypatch):
    store.save("mine.params", narrow)
    sums = ((kind, checksum("mine.params", kind)),)
    named = published.Published("vgg19-1234.pth", "vgg19", "torchvision", sums)
    monkeypatch.setattr(published, "PUBLISHED", (*published.PUBLISHED, named))
    loaded = store.load("vgg19", "mine.params")
    assert loaded.verified and loaded.origin == "vgg19-1234.pth, published by torchvision"
    store.save("mine.params", made(NARROW, seed=1))
    changed = store.load("vgg19", "mine.params")
    assert (changed.verified, changed.origin) == (False, "unknown")


def test_the_published_checksums_are_of_networks_that_are():
    assert {file.network for file in published.PUBLISHED} <= NETWORKS.keys()
    sums = [value for file in published.PUBLISHED for _, value in file.checksums]
    assert len(set(sums)) == len(sums) and all(int(value, 16) for value in sums)


def test_installed_and_describe(narrow, folder):
    assert store.installed() == [] and "download.sh" in store.describe([])
    (folder / "model").mkdir()
    (folder / "scripts" / "model").mkdir(parents=True)
    store.save("model/vgg19-offline.params", narrow)
    store.record("model/vgg19-offline.params", "learned here", "built here", recipe=1)
    store.save(folder / "scripts" / "model" / "squeezenet.params", narrow)
    found = store.installed()
    assert [(r.network, r.path.name, r.verified) for r in found] == [
        ("vgg19", "vgg19-offline.params", True), ("squeezenet", "squeezenet.params", False)
    ]
    assert found[0].size == Path("model/vgg19-offline.params").stat().st_size
    lines = store.describe(found).splitlines()
    assert len(lines) == 3 and all(line == line.rstrip() for line in lines)
    assert lines[1].index("learned here") == lines[2].index("unknown") == lines[0].index("origin")


def test_no_work_at_import():
    code = (
        "import sys, neural_style.weights.store, neural_style.download.fetch;"
        "sys.exit(any(name in sys.modules for name in ('mxnet', 'scipy', 'skimage')))"
    )
    assert subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": ROOT}).returncode == 0
