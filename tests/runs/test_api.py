"""`nstyle.paint` and `nstyle.painting`: pictures and options in, a picture out, and no file unless one is asked for."""

import json
import os
import sys
import types

import numpy as np
import pytest
from conftest import made_picture
from PIL import Image

import nstyle
from neural_style.errors import InputError
from neural_style.pictures import reading
from neural_style.pictures.memory import InMemory
from neural_style.runs import notebook

PHOTO, PAINTING = made_picture(48, 64, seed=1), made_picture(56, 56, seed=2)


@pytest.fixture
def small(folder, squeezenet_file):
    """Options of a run that takes half a second, in a fresh current folder."""
    return {"gpu": -1, "model": "squeezenet", "weights": squeezenet_file, "max_num_epochs": 3, "precision": "float32"}


def test_a_picture_is_painted_and_no_file_written(small, folder, capsys):
    result = nstyle.paint(PHOTO, PAINTING, **small)
    assert result.picture.shape == (48, 64, 3) and result.picture.dtype == np.float32
    assert 0 <= result.picture.min() < result.picture.max() <= 1
    assert np.abs(result.picture - PHOTO / 255).mean() > 0.01
    assert result.status == "finished" and 1 <= result.epoch <= 3 and result.folder is None
    assert result.losses["epoch"].tolist() == [1, 2, 3] and (np.diff(result.losses["total"]) < 0).any()
    assert result.settings["max_num_epochs"] == 3 and result.settings["lr"] == 4
    assert os.listdir(folder) == [] and capsys.readouterr().out == ""
    result.save("out.png")
    assert np.array_equal(np.asarray(Image.open("out.png")), result.as_bytes())
    assert result._repr_png_().startswith(b"\x89PNG")
    with pytest.raises(InputError, match=r"out.txt: its suffix names no format"):
        result.save("out.txt")


def test_files_arrays_and_pillow_images_give_the_same_picture(small, pictures):
    names = pictures / "photo.png", str(pictures / "painting.png")
    expected = nstyle.paint(*names, **small).picture
    floats = PHOTO / 255, (PAINTING / 255).astype(np.float32)
    deep = PHOTO.astype(np.uint16) * 257, PAINTING.astype(np.uint16) * 257
    for given in ((PHOTO, PAINTING), floats, deep, (Image.fromarray(PHOTO), Image.fromarray(PAINTING))):
        assert np.array_equal(nstyle.paint(*given, **small).picture, expected)


def test_with_a_folder_it_leaves_what_the_command_leaves(small, paint, pictures, folder):
    assert paint("--precision", "float32", "--image-format", "png") == 0
    result = nstyle.paint(
        pictures / "photo.png", [pictures / "painting.png"], output_dir="mine", image_format="png", **small
    )
    assert result.folder.name == "mine" and set(os.listdir("mine")) == set(os.listdir("out"))
    assert np.array_equal(np.asarray(Image.open("mine/final.png")), np.asarray(Image.open("out/final.png")))
    assert np.array_equal(np.asarray(Image.open("mine/final.png")), result.as_bytes())
    # the run has ended: the same call finds its picture
    again = nstyle.paint(
        pictures / "photo.png", [pictures / "painting.png"], output_dir="mine", image_format="png", **small
    )
    assert np.array_equal(again.picture, result.picture) and again.losses["total"].shape == (3,)


def test_the_loop_sees_every_epoch_and_its_picture(small):
    seen = [(epoch.epoch, epoch.losses["total"], epoch.status) for epoch in nstyle.painting(PHOTO, PAINTING, **small)]
    result = nstyle.paint(PHOTO, PAINTING, **small)
    assert [epoch for epoch, _, _ in seen] == [1, 2, 3] and [status for *_, status in seen] == [None, None, "finished"]
    np.testing.assert_allclose([total for _, total, _ in seen], result.losses["total"], rtol=1e-6)
    *_, last = nstyle.painting(PHOTO, PAINTING, optimizer="nag", lr=0.1, **small)
    assert np.array_equal(last.picture, nstyle.paint(PHOTO, PAINTING, optimizer="nag", lr=0.1, **small).picture)
    assert last.size == (48, 64) and not last.failed and last.relative_change > 0


def test_leaving_the_loop_saves_what_was_reached_and_resume_goes_on(small, folder):
    given = {**small, "output_dir": "out", "stop_eps": 0, "max_num_epochs": 5}
    for epoch in nstyle.painting(PHOTO, PAINTING, **given):
        if epoch.epoch == 2:
            break
    del epoch
    record = json.loads((folder / "out" / "run.json").read_bytes())
    assert record["status"] == "interrupted" and record["final"]["epoch"] == 2
    rest = [epoch.epoch for epoch in nstyle.painting(PHOTO, PAINTING, resume=True, **given)]
    assert rest == [3, 4, 5]
    whole = nstyle.paint(PHOTO, PAINTING, **{**given, "output_dir": "whole"})
    assert (folder / "out" / "final.jpg").read_bytes() == (folder / "whole" / "final.jpg").read_bytes()
    assert [epoch.status for epoch in nstyle.painting(PHOTO, PAINTING, **given)] == [whole.status]
    with pytest.raises(InputError, match=r"--resume: .* has other settings: --content-image"):
        nstyle.paint(1 - PHOTO / 255, PAINTING, resume=True, **given)


def test_masks_and_starts_may_be_arrays(small):
    mask = np.zeros((48, 64), bool)
    mask[:, :32] = True
    start = np.full((48, 64, 4), 128, np.uint8)
    result = nstyle.paint(PHOTO, PAINTING, content_mask=mask, init=start, pyramid_levels=1, **small)
    assert np.abs(result.picture - PHOTO / 255)[:, 40:].max() < 1e-3
    assert np.abs(result.picture - PHOTO / 255)[:, :24].mean() > 0.01


def test_arrays_become_colours_as_files_do():
    grey = PHOTO[..., 0]
    assert np.array_equal(reading.read(InMemory(grey)), np.repeat(grey[..., None], 3, 2).astype(np.float32) / 255)
    clear = np.dstack([PHOTO, np.zeros_like(grey)])
    assert (reading.read(InMemory(clear)) == 1).all()
    assert (reading.read(InMemory(Image.fromarray(clear))) == 1).all()
    assert str(InMemory(PHOTO)) == str(InMemory(PHOTO.copy())) != str(InMemory(PAINTING))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (np.zeros((3, 48, 64)), r"content: a picture of shape \(3, 48, 64\); give an array \(height, width, 3\)"),
        (np.full((48, 64, 3), 200.0), "content: a picture whose values reach from 200 to 200; give 0..1, or uint8"),
        (np.full((48, 64, 3), np.nan), "content: a picture whose values reach from nan to nan"),
        (np.zeros((48, 64, 3), np.int64), "content: a picture of type int64"),
        (object(), r"content: a picture of shape \(\)"),
        (np.zeros((20, 64, 3)), "64 x 20 pixels; a picture needs at least 32"),
        (None, "content, style: give a picture for each"),
        ("none.jpg", "none.jpg: no such picture"),
        ([PHOTO, PHOTO], "--content-image: a run paints one photograph"),
    ],
)
def test_what_is_no_picture_is_named_in_one_line(small, content, words):
    with pytest.raises(InputError, match=words) as caught:
        nstyle.paint(content, PAINTING, **small)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"max_epochs": 3}, "max_epochs: there is no such option; did you mean max_num_epochs?"),
        ({"xyzzy": 3}, "xyzzy: there is no such option; see docs/options.md"),
        ({"content_image": "a.jpg"}, "content_image: is given as content here"),
        ({"list_models": True}, "list_models: there is no such option"),
        ({"resume": True}, "resume: belongs to a run that leaves files; give output_dir as well"),
        ({"serve": 0}, "serve: belongs to a run that leaves files"),
        ({"film": True}, "content: .* is a film; nstyle.train_nstyle paints films"),
        ({"lr": -1}, "--lr: -1 is out of range"),
        ({"style_mask": [PHOTO]}, "--style-mask: needs --content-mask"),
    ],
)
def test_wrong_options_are_named_before_anything_is_painted(small, given, words):
    for call in (nstyle.paint, nstyle.painting):  # the iterator, too, refuses at once
        with pytest.raises(InputError, match=words):
            call("." if given.get("film") else PHOTO, PAINTING, **{**small, **given})


# notebooks


class Shown:
    """What IPython shows in a cell."""

    def __init__(self):
        self.bundles = []

    def display(self, bundle, raw, display_id):
        assert raw and display_id
        self.bundles.append(bundle)
        return self

    def update(self, bundle, raw):
        assert raw
        self.bundles.append(bundle)


@pytest.fixture
def cell(monkeypatch):
    """The process as the kernel of a notebook."""
    shown = Shown()
    ipython = types.ModuleType("IPython")
    ipython.get_ipython = lambda: types.SimpleNamespace(kernel=object())
    ipython.display = types.ModuleType("IPython.display")
    ipython.display.display = shown.display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", ipython.display)
    monkeypatch.setattr(notebook, "LEAST_SECONDS", 0)
    monkeypatch.setattr(notebook, "SHARE", 1e9)
    return shown.bundles


def test_in_a_notebook_the_picture_grows_in_its_cell(paint, small, cell, capsys):
    assert paint() == 0
    assert "epoch 3 of 3" not in capsys.readouterr().err  # what the cell shows is not said twice
    assert [bundle["text/plain"].split(":")[0] for bundle in cell] == [
        "beginning", "epoch 1 of at most 3", "epoch 2 of at most 3", "epoch 3 of at most 3", "finished after epoch 3",
    ]  # fmt: skip
    assert all("data:image/jpeg;base64," in bundle["text/html"] for bundle in cell[1:])
    del cell[:]
    nstyle.paint(PHOTO, PAINTING, **small)
    assert len(cell) == 5
    del cell[:]
    nstyle.paint(PHOTO, PAINTING, no_progress=True, **small)
    assert cell == []


def test_ipython_in_a_terminal_is_no_notebook(monkeypatch):
    ipython = types.ModuleType("IPython")
    ipython.get_ipython = lambda: types.SimpleNamespace()
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    assert notebook.shell() is None
    monkeypatch.delitem(sys.modules, "IPython")
    assert notebook.shell() is None
