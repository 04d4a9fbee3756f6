"""`python -m neural_style.weights` says what a file is, and gives the same weights in another layout."""

import json
from pathlib import Path

import foreign
import numpy as np
import pytest
from test_layouts import ARRAYS, NARROW, WRITERS, normalised, written

from neural_style.networks.googlenet import GOOGLENET
from neural_style.networks.layers import convolutions
from neural_style.networks.registry import NETWORKS
from neural_style.networks.vgg import VGG11
from neural_style.weights import command, layouts, published, store


def made(network):
    rng = np.random.default_rng(0)
    return {
        f"{layer}_{part}": rng.normal(size=shape if part == "weight" else shape[:1]).astype("f4")
        for layer, shape in convolutions(network).items() for part in ("weight", "bias")
    }  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def googlenet():
    return foreign.caffemodel(made(GOOGLENET))


def said(capsys):
    """What was said of the last file, by the heads of the lines."""
    lines = capsys.readouterr().out.splitlines()
    return {line[:9].strip(): line[10:] for line in lines if line[9:10] == " "}


def test_a_file_is_described(googlenet, monkeypatch, capsys):
    Path("downloaded").write_bytes(googlenet)
    assert command.main(["downloaded"]) == 0
    words = said(capsys)
    assert words["layout"] == "Caffe's .caffemodel" and words["network"] == "GoogLeNet (--model googlenet)"
    assert words["layers"].startswith("57 of 57 convolutions, conv1/7x7_s2 to inception_5b/pool_proj; 5")
    assert words["input"] == "BGR 0 to 255, minus (104.007, 116.669, 122.679)"
    assert len(words["SHA-256"]) == 64 and words["known as"] == "no published file"
    ours = published.Published("g.caffemodel", "googlenet", "a zoo", (("SHA-256", words["SHA-256"][:8]),))
    monkeypatch.setattr(published, "PUBLISHED", (ours,))
    assert command.main(["downloaded"]) == 0
    assert said(capsys)["known as"] == f"g.caffemodel, published by a zoo; verified by SHA-256 {words['SHA-256'][:8]}"


@pytest.mark.parametrize("name", ["out.params", "out.safetensors"])
def test_a_file_is_converted_to_our_range(name, googlenet, capsys):
    Path("downloaded").write_bytes(googlenet)
    assert command.main(["downloaded", "--to", name]) == 0
    assert capsys.readouterr().out.endswith(f"{name}: written\n")
    before, after = (layouts.read(GOOGLENET, Path(file)) for file in ("downloaded", name))
    assert before.keys() == after.keys() and all(np.array_equal(before[part], after[part]) for part in before)
    assert json.loads(Path(f"{name}.json").read_text())["origin"] == "downloaded"
    assert store.load("googlenet", name).origin == "downloaded"
    assert command.main([name]) == 0
    assert said(capsys)["input"] == "RGB 0 to 255, minus (123.680, 116.779, 103.939)"


def test_what_is_known_of_a_file_goes_with_it(capsys):
    store.save(Path("learned.params"), made(VGG11))
    store.record("learned.params", "learned here", "built here", recipe=2)
    assert command.main(["learned.params", "--to", "a.safetensors"]) == 0
    known = store.load("vgg11", "a.safetensors")
    assert (known.offline, known.verified, known.origin) == (True, True, "learned here")


def test_batch_normalisation_is_told(monkeypatch, capsys):
    monkeypatch.setitem(NETWORKS, "vgg19", NARROW)
    Path("w").write_bytes(foreign.safetensors(normalised(ARRAYS, gluon=False)[0]))
    assert command.main(["w"]) == 0
    assert said(capsys)["network"].endswith("(--model vgg19), with batch normalisation")


@pytest.mark.parametrize("name", WRITERS)
def test_damaged_files_are_described_or_refused_in_one_line(name, monkeypatch, capsys):
    monkeypatch.setitem(NETWORKS, "vgg19", NARROW)
    whole, rng = written(name), np.random.default_rng(7)
    for _ in range(60):
        at = int(rng.integers(len(whole)))
        Path("w").write_bytes(whole[:at] + rng.bytes(4) + whole[at + 4 :] if at % 4 else whole[:at])
        status, told = command.main(["w"]), capsys.readouterr()
        assert (status, told.err) == (0, "") or (status == 2 and told.err.count("\n") == 1 and len(told.err) < 600)


@pytest.mark.parametrize("words, told", [
    (["nowhere"], "nowhere: cannot be read (No such file"),
    (["text"], "text: is damaged, or of an unknown layout"),
    (["other"], "other: Hugging Face's .safetensors, 1 arrays (a.weight (3, 3, 1)), of none of the networks vgg19"),
    (["small", "--model", "vgg16"], "conv1_2_weight is missing, expected (64, 64, 3, 3): this looks like VGG-11"),
    (["small", "--to", "no/such/folder.params"], "no/such/folder.params: cannot be written"),
    (["small", "--to", "w.onnx"], "--to w.onnx: give a name that ends in .params or .safetensors"),
    (["small", "text", "--to", "w.params"], "--to: takes the weights of one file"),
])  # fmt: skip
def test_what_cannot_be_done_is_one_line_and_leaves_no_file(words, told, folder, capsys):
    Path("text").write_text("not weights")
    Path("other").write_bytes(foreign.safetensors({"a.weight": np.zeros((3, 3, 1), "f4")}))
    store.save(Path("small"), made(VGG11))
    before = sorted(folder.iterdir())
    try:
        status = command.main(words)
    except SystemExit as ended:
        status = ended.code
    error = capsys.readouterr().err
    assert status == 2 and told in error and "Traceback" not in error
    assert sorted(folder.iterdir()) == before
