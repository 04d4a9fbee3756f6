"""Files that the user has already: in the caches of other programs, or named by `--from`; and `--source`."""

import hashlib
from pathlib import Path

import foreign
import numpy as np
import pytest
from narrow import chain

from neural_style.download import command, fetch
from neural_style.download.sources import FILES, File, Source
from neural_style.networks.layers import convolutions
from neural_style.networks.registry import NETWORKS
from neural_style.weights import layouts, published, store

TINY = chain("vgg19", conv1_1=2, conv1_2=2)
PTH = Source("vgg19-12345678.pth", "https://download.pytorch.org/models/vgg19-12345678.pth")
TIMM = Source("vgg19.tv.safetensors", "https://huggingface.co/timm/vgg19.tv/resolve/main/model.safetensors")
GLUON = Source("vgg19-ad2f660d.params", "https://somewhere.invalid/gluon/models/vgg19-ad2f660d.zip")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("NSTYLE_MIRROR", "XDG_CACHE_HOME", "TORCH_HOME", "HF_HOME", "HF_HUB_CACHE", "MXNET_HOME",
                 "NSTYLE_CALLED_FROM"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setitem(NETWORKS, "vgg19", TINY)
    return tmp_path


def arrays(seed=0):
    rng = np.random.default_rng(seed)
    return {
        f"{layer}_{part}": rng.normal(size=shape if part == "weight" else shape[:1]).astype("f4")
        for layer, shape in convolutions(TINY).items() for part in ("weight", "bias")
    }  # fmt: skip


def put(path, data):
    path = Path(path).expanduser()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def pth():
    return foreign.pth({".".join(name.rsplit("_", 1)): array for name, array in arrays().items()})


def never(*_, **__):
    raise AssertionError("a server was asked")


CACHES = {
    "torch": ({}, "~/.cache/torch/hub/checkpoints/vgg19-12345678.pth", PTH),
    "TORCH_HOME": ({"TORCH_HOME": "t"}, "t/hub/checkpoints/vgg19-12345678.pth", PTH),
    "XDG": ({"XDG_CACHE_HOME": "x"}, "x/torch/hub/checkpoints/vgg19-12345678.pth", PTH),
    "hub": ({}, "~/.cache/huggingface/hub/models--timm--vgg19.tv/snapshots/a1b2/model.safetensors", TIMM),
    "HF_HOME": ({"HF_HOME": "h"}, "h/hub/models--timm--vgg19.tv/snapshots/a1b2/model.safetensors", TIMM),
    "HF_HUB_CACHE": ({"HF_HUB_CACHE": "c"}, "c/models--timm--vgg19.tv/snapshots/a1b2/model.safetensors", TIMM),
    "gluon": ({}, "~/.mxnet/models/vgg19-ad2f660d.params", GLUON),
}


@pytest.mark.parametrize("name", CACHES)
def test_caches_of_other_programs_are_looked_into_before_a_server_is_asked(name, monkeypatch):
    variables, place, source = CACHES[name]
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr(fetch, "download", never)
    if source is GLUON:
        store.save(Path("w"), arrays())
        data = Path("w").read_bytes()
    else:
        data = pth() if source is PTH else foreign.safetensors(arrays())
    proof = (("SHA-256", hashlib.sha256(data).hexdigest()[:8]),)
    put(place, data)
    outcome = fetch.fetch(File("model/vgg19.params", "vgg19", (source._replace(checksums=proof),)))
    assert outcome.there and "verified by SHA-256" in outcome.text
    assert all(np.array_equal(store.load("vgg19").arrays[part], array) for part, array in arrays().items())
    assert Path(place).expanduser().read_bytes() == data  # theirs stays theirs


def test_a_damaged_file_in_a_cache_is_passed_over(monkeypatch):
    put("~/.cache/torch/hub/checkpoints/vgg19-12345678.pth", b"half a file")
    put(CACHES["hub"][1], foreign.safetensors(arrays()))
    first = PTH._replace(checksums=(("SHA-256", "12345678"),))
    outcome = fetch.fetch(File("model/vgg19.params", "vgg19", (first, TIMM)), offline=True)
    assert outcome.there and "snapshots" in outcome.text


def test_from_installs_a_file_of_any_layout(capsys):
    put("downloads/strange name", pth())
    assert command.main(["--from", "downloads/strange name"], client=never) == 0
    told = capsys.readouterr().out
    assert "(--model vgg19)" in told and "no published file" in told and "not verified" in told
    assert all(np.array_equal(store.load("vgg19").arrays[part], array) for part, array in arrays().items())
    assert store.load("vgg19").origin == "downloads/strange name"
    assert not Path("input").exists()


def test_from_knows_a_published_file(monkeypatch, capsys):
    put("w", pth())
    proof = (("SHA-256", hashlib.sha256(pth()).hexdigest()),)
    monkeypatch.setattr(published, "PUBLISHED", (published.Published("a.pth", "vgg19", "somebody", proof),))
    assert command.main(["--from", "w", "--model", "vgg19"]) == 0
    assert "verified by SHA-256" in capsys.readouterr().out
    loaded = store.load("vgg19")
    assert loaded.verified and loaded.origin == "a.pth, published by somebody"


def test_from_replaces_what_is_installed_only_if_told(capsys):
    put("w", pth())
    store.save(put_model(), arrays(1))
    assert command.main(["--from", "w"]) == 2
    assert "model/vgg19.params is there already; add --force" in capsys.readouterr().err
    assert np.array_equal(store.load("vgg19").arrays["conv1_1_weight"], arrays(1)["conv1_1_weight"])
    assert command.main(["--from", "w", "--force"]) == 0
    assert np.array_equal(store.load("vgg19").arrays["conv1_1_weight"], arrays(0)["conv1_1_weight"])


def put_model():
    Path("model").mkdir()
    return Path("model/vgg19.params")


@pytest.mark.parametrize("words, told", [
    (["--from", "nowhere"], "nowhere: cannot be read"), (["--from", "text"], "text: is damaged"),
    (["--from", ""], ".: is not a regular file"),
    (["--from", "w", "--model", "squeezenet"], "conv1_weight is missing, expected (96, 3, 7, 7)"),
    (["--source", "nobody"], "--source nobody: there is no such source; choose from compressed_"),
])  # fmt: skip
def test_what_cannot_be_installed_is_one_line(words, told, capsys):
    put("text", b"a text")
    put("w", pth())
    assert command.main(words) == 2
    error = capsys.readouterr().err
    assert told in error and error.count("\n") == 1 and not Path("model/vgg19.params").exists()


@pytest.mark.parametrize("name, chosen", [
    ("torchvision", {"vgg19-dcbb9e9d.pth"}), ("Gluon", {"vgg19-ad2f660d.params"}), ("onnx", {"vgg19-7.onnx"}),
    ("huggingface.co", {"vgg19.tv_in1k.safetensors", "vgg19-7.onnx"}), ("jcjohnson", {"vgg19-d01eb7cb.pth"}),
    ("imagenet-vgg-verydeep-19.mat", {"imagenet-vgg-verydeep-19.mat"}),
])  # fmt: skip
def test_source_leaves_those_that_answer_to_the_name(name, chosen):
    (file,) = (file for file in FILES if file.network == "vgg19")
    assert {source.name for source in file.sources if source.answers_to(name)} == chosen


def test_source_asks_no_other(monkeypatch, capsys):
    put("mirror/b.params", b"")
    store.save(Path("mirror/b.params"), arrays(2))
    store.save(Path("mirror/a.params"), arrays(1))
    files = (File("model/vgg19.params", "vgg19", (Source("a.params"), Source("b.params"))),)
    monkeypatch.setattr(command, "learn_offline", never)
    command.main(["--mirror", "mirror", "--model", "vgg19", "--source", "b.par", "--force"], files)
    assert np.array_equal(layouts.read(TINY, Path("model/vgg19.params"))["conv1_1_bias"], arrays(2)["conv1_1_bias"])
