"""Several photographs: each in its own folder, one that fails is one that fails, and the summary always comes."""

import json
import os
import shutil
from pathlib import Path

import pytest
from conftest import made_picture
from PIL import Image

import nstyle
from neural_style.networks.registry import NETWORKS
from neural_style.runs import paint as runs


@pytest.fixture
def photos(folder, pictures):
    """Make a folder with photographs of these names."""

    def make(*names, folder="photos"):
        Path(folder).mkdir(exist_ok=True)
        for name in names:
            shutil.copy(pictures / "photo.png", Path(folder) / name)

    return make


def test_a_batch_says_which_picture_of_how_many_it_paints(paint, photos, capfd):
    photos("a.png", "b.png")
    assert paint("--content-image", "photos", "--max-num-epochs", "1") == 0
    printed = capfd.readouterr()
    assert "Picture 1 of 2: photos/a.png" in printed.err and "Picture 2 of 2: photos/b.png" in printed.err
    assert printed.out.splitlines()[-1] == "2 of 2 pictures painted"


def test_no_progress_is_quiet(paint, photos, capfd):
    photos("a.png", "b.png")
    assert paint("--content-image", "photos", "--max-num-epochs", "1", "--no-progress") == 0
    assert paint("--output-dir", "single", "--max-num-epochs", "1", "--no-progress") == 0
    assert capfd.readouterr().err == ""


def test_any_failure_of_one_picture_is_that_pictures(paint, photos, capfd):
    photos("a.png", "b.png")
    assert paint("--content-image", "photos", "--style-layer-weight-exp", "1e300") == 1
    out = capfd.readouterr().out
    assert "0 of 2 pictures painted" in out and out.count("failed: photos/") == 2


FAILURES = [ZeroDivisionError("strange"), MemoryError(), OSError(5, "odd"), RuntimeError("two\nlines")]


@pytest.mark.parametrize("failure", FAILURES, ids=repr)
def test_the_next_picture_is_painted_whatever_happens_to_one(paint, photos, monkeypatch, capfd, failure):
    photos("a.png", "b.png")
    train = runs.train

    def fail(args, shared):
        if args.content_image.endswith("a.png"):
            raise failure
        return train(args, shared=shared)

    monkeypatch.setattr(runs, "train", fail)
    assert paint("--content-image", "photos", "--max-num-epochs", "1") == 1
    printed = capfd.readouterr()
    assert "1 of 2 pictures painted\n  failed: photos/a.png: " in printed.out and "Traceback" not in printed.err
    assert Path("out/b/final.jpg").is_file()


def test_a_picture_that_diverged_has_failed(paint, photos, monkeypatch, capfd):
    photos("a.png", "b.png")
    monkeypatch.setattr(runs, "train", lambda args, shared: "diverged" if "a.png" in args.content_image else "finished")
    assert paint("--content-image", "photos") == 1
    assert capfd.readouterr().out.endswith("1 of 2 pictures painted\n  failed: photos/a.png: diverged\n")


def test_a_single_run_without_memory_is_one_line(paint, monkeypatch, capfd):
    def fail(args):
        raise MemoryError

    monkeypatch.setattr(runs, "train", fail)
    assert paint() == 1
    assert capfd.readouterr().err == "nstyle: error: out of memory\n"


def test_a_folder_means_a_folder_for_each_picture_also_of_one(paint, photos):
    photos("only.png")
    assert paint("--content-image", "photos", "--max-num-epochs", "1") == 0
    assert Path("out/only/final.jpg").is_file() and not Path("out/final.jpg").exists()
    assert paint("--content-image", "photos/*.png", "--max-num-epochs", "1", "--output-dir", "other") == 0
    assert Path("other/only/final.jpg").is_file()


def test_results_beside_the_photographs_are_not_painted_again(paint, photos, capfd):
    photos("only.png", folder="out")
    for _ in range(2):
        assert paint("--content-image", "out", "--max-num-epochs", "1") == 0
        assert "1 of 1 pictures painted" in capfd.readouterr().out
    # and where a single run wrote into the folder itself
    assert paint("--max-num-epochs", "1", "--save-epochs", "1") == 0
    capfd.readouterr()
    assert paint("--content-image", "out", "--max-num-epochs", "1") == 0
    assert "1 of 1 pictures painted" in capfd.readouterr().out


def test_names_of_dots_stay_in_the_output_directory(paint, photos):
    photos("...jpg", "..jpg", "ordinary.png")
    before = set(Path().iterdir())
    assert paint("--content-image", "photos", "--max-num-epochs", "1", "--output-dir", "deep/out") == 0
    assert set(Path().iterdir()) == before | {Path("deep")}
    assert [path.name for path in Path("deep").iterdir()] == ["out"]
    assert len(list(Path("deep/out").glob("*/final.jpg"))) == 3 and not Path("deep/out/final.jpg").exists()


def test_a_photograph_that_is_named_twice_counts_once(paint, photos, capfd):
    photos("a.png", "b.png")
    names = ["photos/a.png", "photos/b.png", "photos/a.png"]
    assert paint("--content-image", *names, "--max-num-epochs", "1") == 0
    assert "2 of 2 pictures painted" in capfd.readouterr().out


def test_names_that_are_not_utf_8_are_painted_and_kept(paint, folder, capfd):
    name = os.fsdecode(b"caf\xe9.png")
    try:
        Image.fromarray(made_picture(48, 64, seed=1)).save(name)
    except OSError:
        pytest.skip("this file system takes only UTF-8")
    assert paint("--content-image", name, "photo.png", "--max-num-epochs", "1") == 1  # photo.png is not there
    printed = capfd.readouterr()
    assert "1 of 2 pictures painted" in printed.out and "caf?" in printed.err
    run = json.loads((Path("out") / Path(name).stem / "run.json").read_text(encoding="utf-8"))
    assert run["content"]["source"] == name and run["status"] == "finished"
    page = (Path("out") / Path(name).stem / "index.html").read_bytes()
    assert b"caf?" in page


def test_an_animation_is_asked_for_and_made(paint, folder):
    assert paint("--animate", "gif", "--save-epochs", "1") == 0
    assert Image.open("out/animation.gif").n_frames >= 3


def test_an_animation_that_cannot_be_made_is_noticed_before_the_run(paint, folder, monkeypatch, capfd):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert paint("--animate", "mp4") == 2
    assert "--animate mp4" in capfd.readouterr().err and not Path("out").exists()


def test_layers_are_listed_with_what_they_see_and_the_defaults_marked(capfd):
    assert nstyle.main(["--list-layers", "--model", "squeezenet"]) == 0
    rows = {line.split()[0]: line.split()[1:] for line in capfd.readouterr().out.splitlines()[1:]}
    assert rows["conv1"] == ["convolution", "96", "2", "7", "style", "60"]
    assert rows["fire4"] == ["concat", "256", "4", "35", "content", "1"]
    assert rows["fire2_squeeze1x1"] == ["convolution", "16", "4", "11"]
    assert nstyle.main(["--list-layers"]) == 0
    rows = {line.split()[0]: line.split()[1:] for line in capfd.readouterr().out.splitlines()[1:]}
    assert rows["relu5_1"][:4] == ["relu", "512", "16", "156"] and "style" in rows["relu5_1"]


def test_models_are_listed_with_what_they_take(capfd):
    assert nstyle.main(["--list-models"]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert "not measured" in lines[-2]
    rows = {line.split()[0]: line.split() for line in lines[1:-3]}
    assert rows.keys() == NETWORKS.keys()
    assert rows["vgg19"][:6] == ["vgg19", "VGG-19", "20.0", "M", "1.00", "1.00"]
    assert "torchvision" in rows["vgg11"] and rows["nin"][-2:] == ["--from", "FILE"]
    assert float(rows["squeezenet"][5]) < 0.05 < float(rows["vgg11"][4]) < float(rows["vgg16"][4]) < 1
