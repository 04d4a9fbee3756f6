"""Whatever is wrong with what the user gave: one line on stderr that names it, exit status 2, nothing half done."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, made_picture
from PIL import Image

import nstyle
from neural_style.engines import door
from neural_style.runs.declared import OPTIONS
from neural_style.weights import store

PICTURES = {
    "missing.png": None,
    "empty.png": b"",
    "text.png": b"this is not a picture\n" * 10,
    "page.jpg": b"<!DOCTYPE html><html><body>404</body></html>",
    "folder.png": "folder",
    "narrow.png": (64, 31),
    "low.png": (31, 64),
    "half.png": "png",
    "half.jpg": "jpeg",
    "half.webp": "webp",
    "half.tiff": "tiff",
    "half.bmp": "bmp",
    "half.gif": "gif",
}


def make_bad(name):
    content, path = PICTURES[name], Path(name)
    if content == "folder":
        path.mkdir()
    elif isinstance(content, tuple):
        Image.fromarray(made_picture(*content, seed=1)).save(path)
    elif isinstance(content, str):
        Image.fromarray(made_picture(64, 64, seed=1)).save(path, content)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif content is not None:
        path.write_bytes(content)


@pytest.fixture
def refused(paint, capfd):
    """Run the command and see it refused: returns its one line."""

    def files():
        return {path for path in Path().rglob("*") if path.is_file() and path.name != ".nstyle.lock"}

    def run(*more):
        before = files()
        assert paint(*more) == 2
        printed = capfd.readouterr()
        assert printed.out == "" and printed.err.startswith("nstyle: error: ")
        assert printed.err.count("\n") == 1 and printed.err.endswith("\n")
        assert files() == before
        return printed.err

    return run


@pytest.mark.parametrize("option", ["--content-image", "--style-image", "--init"])
@pytest.mark.parametrize("name", PICTURES)
def test_pictures_that_cannot_be_used(refused, name, option):
    make_bad(name)
    line = refused(option, name)
    assert name in line
    if name in ("narrow.png", "low.png"):
        assert "32" in line


def write_weights(name, arrays):
    """A weights file that is wrong in one way."""
    path = Path("w.params")
    if name == "missing":
        return path
    if name == "web page":
        path.write_bytes(b"<!DOCTYPE html><html>moved</html>")
    elif name == "empty":
        path.write_bytes(b"")
    else:
        arrays = dict(arrays)
        if name == "missing array":
            del arrays["fire5_squeeze1x1_bias"]
        elif name == "other shape":
            arrays["fire5_squeeze1x1_bias"] = np.zeros(7, np.float32)
        elif name == "not finite":
            arrays["conv1_bias"] = np.full(96, np.nan, np.float32)
        store.save(path, arrays)
        if name == "truncated":
            path.write_bytes(path.read_bytes()[:100_000])
    return path


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("missing", "w.params"),
        ("empty", "empty"),
        ("web page", "web page"),
        ("truncated", "w.params"),
        ("missing array", "fire5_squeeze1x1_bias"),
        ("other shape", "fire5_squeeze1x1_bias"),
        ("not finite", "conv1_bias"),
    ],
)
def test_weights_that_cannot_be_used(refused, squeezenet_arrays, name, names):
    line = refused("--weights", write_weights(name, squeezenet_arrays))
    assert "w.params" in line and names in line


def test_weights_of_another_network(refused, squeezenet_file):
    assert "conv1_1_weight" in refused("--model", "vgg19", "--weights", squeezenet_file)


def test_weights_that_are_not_installed(folder, monkeypatch, options, capfd):
    monkeypatch.setattr(store, "_folders", lambda: [folder / "model"])
    without = [
        option for index, option in enumerate(options) if "--weights" not in options[max(0, index - 1) : index + 1]
    ]
    assert nstyle.main(without) == 2
    assert "sh download.sh" in capfd.readouterr().err


@pytest.mark.parametrize("target", ["file", "file/below", "/dev/null/x"])
def test_an_output_directory_that_cannot_be_written(refused, target):
    Path("file").write_text("mine")
    assert "--output-dir" in refused("--output-dir", target)
    assert Path("file").read_text() == "mine"


def test_a_picture_of_the_user_is_never_written_over(refused, pictures):
    for name in ("content.jpg", "style.jpg", "final.jpg", "e_3.jpg"):
        shutil.copy(pictures / "photo.png", name)
    for option, name in (
        ("--content-image", "content.jpg"),
        ("--style-image", "style.jpg"),
        ("--content-image", "e_3.jpg"),
    ):
        assert name in refused(option, name, "--output-dir", ".", "--save-epochs", "3")
    assert all(
        Path(name).read_bytes() == (pictures / "photo.png").read_bytes() for name in ("content.jpg", "style.jpg")
    )


NUMBERS = {
    "--content-weight": ["-1", "nan", "inf", "heavy"],
    "--style-weight": ["-1", "nan", "inf", "heavy"],
    "--tv-weight": ["-1", "nan", "inf", "heavy"],
    "--style-blend-weights": ["-1", "nan", "heavy", "0"],
    "--style-scale": ["0", "-1", "nan", "1e9", "big"],
    "--style-layer-weight-exp": ["-1", "nan", "x"],
    "--max-long-edge": ["-1", "1.5", "1000000000", "x"],
    "--snapshot-size": ["-1", "1.5", "1000000000", "x"],
    "--max-pixels": ["0", "-1", "1.5"],
    "--max-num-epochs": ["0", "-1", "1.5", "x"],
    "--stop-eps": ["-1", "nan", "inf", "x"],
    "--lr": ["0", "-1", "nan", "inf", "x"],
    "--lr-sched-delay": ["0", "-1", "nan", "inf", "x"],
    "--lr-sched-factor": ["0", "-1", "1.5", "nan", "x"],
    "--pyramid-levels": ["0", "-1", "99", "1.5", "x"],
    "--border": ["-1", "32", "1.5", "x"],
    "--init-noise": ["-0.1", "1.1", "nan", "x"],
    "--pink-exponent": ["-1", "11", "nan", "x"],
    "--seed": ["-1", "1.5", "99999999999999999999", "x"],
    "--gpu": ["-2", "1.5", "x"],
    "--save-epochs": ["0", "-1", "1.5", "x"],
    "--remove-noise": ["-1", "nan", "inf", "x"],
    "--ratio": ["-1", "nan", "x"],
    "--strength": ["-0.1", "1.1", "nan", "x"],
    "--laplacian-weight": ["-1", "nan", "inf", "x"],
    "--pooling-scale": ["0", "nan", "x"],
    "--average-decay": ["-1", "1", "nan", "x"],
    "--snapshot-at": ["0", "-5", "1.5", "x"],
    "--painter-shares": ["-1", "nan", "x"],
    "--painter-strength": ["-0.1", "1.1", "nan", "x"],
    "--every": ["0", "-1", "1.5", "x"],
    "--frame-rate": ["0", "-1", "121", "nan", "x"],
    "--frame-epochs": ["0", "-1", "1.5", "x"],
    "--temporal-weight": ["-1", "nan", "inf", "x"],
    "--temporal-window": ["-1", "1.5", "1001", "x"],
    "--passes": ["0", "-1", "1.5", "1001", "x"],
    "--tile": ["0", "63", "1.5", "x"],
    "--serve": ["-1", "65536"],
}


def test_every_numeric_option_is_tried():
    assert NUMBERS.keys() == {option.flag for option in OPTIONS.values() if option.kind in ("whole", "number")}


@pytest.mark.parametrize(
    ("option", "value"), [(option, value) for option, values in NUMBERS.items() for value in values]
)
def test_numbers_out_of_range_or_of_another_kind(refused, option, value):
    assert option in refused(option, value)


@pytest.mark.parametrize(
    ("line", "names"),
    [
        (["--foo"], "--foo"),
        (["stray.jpg"], "stray.jpg"),
        (["--content-image"], "--content-image"),
        (["--content-image", ""], "--content-image"),
        (["--content-image", "none*.png"], "none*.png"),
        (["--style-scale", "1", "2"], "--style-scale"),
        (["--style-blend-weights", "1", "2"], "--style-blend-weights"),
        (["--style-layers", "relu9_9"], "relu9_9"),
        (["--content-layers", "fire4:-1"], "fire4"),
        (["--content-layers", "fire4:nan"], "fire4"),
        (["--content-layers", "fire4:x"], "--content-layers"),
        (["--style-layers", ""], "--style-layers"),
        (["--model", "alexnet"], "alexnet"),
        (["--optimizer", "sgd"], "sgd"),
        (["--preset", "classical"], "classical"),
        (["--pooling", "sum"], "sum"),
        (["--precision", "float16"], "--precision"),
        (["--max-pixels", "100"], "--max-pixels"),
        (["--max-long-edge", "4", "--border", "0"], "--max-long-edge"),
        (["--border", "31", "--max-long-edge", "40"], "--border"),
        (["--pyramid-levels", "5", "--max-num-epochs", "100", "--border", "0"], "--pyramid-levels"),
        (["--style-mask", "x.png"], "--style-mask"),
        (["--match-colors", "histogram", "--preserve-colors", "luminance"], "--match-colors"),
        (["--content-mask", "x.png", "--style-mask", "x.png", "--style-loss", "nnfm"], "--style-mask"),
        (["--content-mask", "x.png"], "--content-mask"),
    ],
)
def test_options_that_make_no_sense(refused, line, names):
    assert names in refused(*line)


def test_an_unknown_layer_is_answered_with_those_there_are(refused):
    line = refused("--style-layers", "relu1_1")
    assert "conv1, pool1, fire2_squeeze1x1, fire2_expand1x1, fire2_expand3x3, fire2, fire3_squeeze1x1" in line


def test_a_gpu_that_cannot_be_used_says_why(refused, monkeypatch):
    for name in door.installed():
        monkeypatch.setattr(door.devices_of(name), "_count", lambda *kind: 0)
    assert "--gpu 0" in refused("--gpu", "0")


def test_one_bad_picture_does_not_stop_the_rest_of_a_folder(paint, pictures, capfd):
    Path("photos").mkdir()
    shutil.copy(pictures / "photo.png", "photos/good.png")
    Path("photos/bad.png").write_bytes(b"junk")
    assert paint("--content-image", "photos") == 1
    printed = capfd.readouterr()
    assert Path("out/good/final.jpg").is_file() and not Path("out/bad/final.jpg").exists()
    assert "bad.png" in printed.err and "1 of 2" in printed.out


@pytest.mark.parametrize("line", [["--content-image", "missing.jpg"], ["--lr", "nan"]])
def test_the_command_itself_ends_with_one_line_and_status_2(tmp_path, options, line):
    command = [sys.executable, str(ROOT / "nstyle.py"), *options, *line]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("nstyle: error: ") and done.stderr.count("\n") == 1
    assert line[0] in done.stderr or line[1] in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_weights_of_layers_that_grow_beyond_all_numbers_are_named(refused):
    assert "--style-layer-weight-exp 1e+300" in refused("--style-layer-weight-exp", "1e300")
