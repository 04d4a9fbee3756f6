"""A run that does not fit into memory whole is computed in strips, and is the same run to the fourth digit."""

import csv
import errno
import json
import os

import numpy as np
import pytest
from conftest import made_picture
from PIL import Image

from neural_style.engines import door
from neural_style.errors import InputError
from neural_style.painting import pieces
from neural_style.runs import fitting, limits, options, recorder, values
from neural_style.runs.declared import OPTIONS

needs_strips = pytest.mark.skipif("torch" not in door.installed(), reason="PyTorch is not installed")


@pytest.fixture
def cramped(monkeypatch):
    """Pictures of the tests count as if they were large: what does not grow with them is nothing."""
    monkeypatch.setattr(limits, "FIXED_BYTES", 0)
    monkeypatch.setattr(limits, "PROCESS_BYTES", 0)


def losses(folder):
    with (folder / "losses.csv").open() as file:
        return [{name: float(value) for name, value in row.items() if name != "seconds"}
                for row in csv.DictReader(file)]  # fmt: skip


def record(folder):
    return json.loads((folder / "run.json").read_text())


@pytest.fixture
def masked(pictures, tmp_path):
    """Options with two paintings and masks of two regions."""
    for name, (height, width) in (("photo", (48, 64)), ("painting", (56, 56)), ("second", (60, 70))):
        mask = np.zeros((height, width, 3), np.uint8)
        mask[:, : width // 3] = 255
        Image.fromarray(mask).save(tmp_path / f"{name}_mask.png")
    Image.fromarray(made_picture(60, 70, seed=3)).save(tmp_path / "second.png")
    return [
        "--style-image", str(pictures / "painting.png"), "second.png", "--content-mask", "photo_mask.png",
        "--style-mask", "painting_mask.png", "second_mask.png",
    ]  # fmt: skip


@needs_strips
@pytest.mark.parametrize("more", [
    ["--optimizer", "nag", "--pooling", "max"],
    ["--optimizer", "adam", "--style-loss", "wasserstein", "--border", "5"],
], ids=["nag", "adam, means"])  # fmt: skip
def test_a_run_in_strips_is_the_run_without(paint, folder, masked, cramped, capsys, more):
    common = ["--engine", "torch", "--precision", "float32", "--max-num-epochs", "6", "--stop-eps", "0", *more, *masked]
    assert paint(*common) == 0
    whole, without = losses(folder / "out"), record(folder / "out")
    assert without["engine"]["strips"] is None and without["settings"]["memory"] is None
    capsys.readouterr()
    assert paint(*common, "--memory", "3100kB", "--output-dir", "strips") == 0
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("Computing in strips")]
    assert "--memory 4 MB" in line and "pixels need about" in line
    said = record(folder / "strips")
    assert said["settings"]["memory"] == 3_100_000
    assert said["engine"]["strips"]["values"] > 0 and said["engine"]["strips"]["whole_up_to_pixels"] < 64 * 48
    ours = losses(folder / "strips")
    assert len(ours) == len(whole) == 6
    for row, right in zip(ours, whole):
        # optimizers make more of a rounding from epoch to epoch; the change is the small difference of two pictures
        assert row.pop("relative_change") == pytest.approx(right.pop("relative_change"), rel=2e-2)
        assert row.pop("total") == pytest.approx(right.pop("total"), rel=1e-3)
        # Adam's first steps follow the signs of a gradient, of which rounding turns those of the smallest values
        assert row == pytest.approx(right, rel=5e-3)


@needs_strips
@pytest.mark.parametrize(("memory", "more", "pairs"), [
    ("3600kB", [], "half"), ("3MB", [], "half"), ("2500kB", ["--scratch", "."], "disk"),
])  # fmt: skip
def test_lbfgs_remembers_with_fewer_bytes_where_memory_asks(paint, folder, cramped, capsys, memory, more, pairs):
    common = ["--engine", "torch", "--precision", "float32", "--max-num-epochs", "6", "--stop-eps", "0"]
    assert paint(*common) == 0
    assert paint(*common, "--memory", memory, *more, "--output-dir", "less") == 0
    assert record(folder / "less")["engine"]["strips"]["pairs"] == pairs
    assert losses(folder / "less")[-1]["total"] == pytest.approx(losses(folder / "out")[-1]["total"], rel=0.05)
    # and what it remembered is taken up
    assert paint(*common, "--memory", memory, *more, "--output-dir", "less", "--resume", "--max-num-epochs", "8") == 0
    assert len(losses(folder / "less")) == 8
    assert not list(folder.glob(".nstyle-*"))


@needs_strips
@pytest.mark.parametrize("more", [
    ["--optimizer", "lbfgs"],
    ["--optimizer", "adam", "--average-decay", "0.5", "--laplacian-weight", "1", "--border", "3"],
    ["--optimizer", "nag", "--init", "noise", "--init-noise", "0.3", "--preserve-colors", "covariance"],
], ids=["lbfgs", "adam", "nag"])  # fmt: skip
def test_pictures_on_a_disk_give_the_same_bytes(paint, folder, monkeypatch, masked, more):
    monkeypatch.setattr(limits, "PROCESS_BYTES", 0)
    monkeypatch.setattr(pieces, "PIECE", 4000)  # several in a picture
    common = ["--engine", "torch", "--stop-eps", "0", "--max-num-epochs", "6", "--pyramid-levels", "2"]
    common += ["--image-format", "png", "--memory", "1MB", "--no-memory-check", *more, *masked]
    written = []
    for kind in ("half", "disk"):
        monkeypatch.setattr(fitting, "ways", lambda run, folder, kind=kind: [fitting.Way("strips", kind)])
        assert paint(*common, "--output-dir", kind) == 0
        assert record(folder / kind)["engine"]["strips"]["pairs"] == kind
        with np.load(folder / kind / "state.npz") as state:
            arrays = {name: state[name].tobytes() for name in state.files if name != "header"}
        names = ("final.png", "e_3.png") if (folder / kind / "e_3.png").exists() else ("final.png",)
        written.append([(folder / kind / name).read_bytes() for name in names] + [arrays, losses(folder / kind)])
        # and goes on with what was written, until the losses are those of the picture that will be
        assert paint(*common, "--output-dir", kind, "--resume", "--max-num-epochs", "12") == 0
        written[-1].append((folder / kind / "final.png").read_bytes())
    assert written[0] == written[1]
    assert not list(folder.rglob(".nstyle-*"))


@needs_strips
def test_what_memory_has_no_room_for_goes_to_the_disk_of_the_run(paint, folder, cramped, capsys, monkeypatch):
    common = ["--engine", "torch", "--precision", "float32", "--max-num-epochs", "4", "--stop-eps", "0"]
    monkeypatch.setattr(fitting, "needs", lambda run, way, _: 1 if way.pairs == "disk" else 1e9)
    assert paint(*common, "--memory", "3MB") == 0
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("Computing in strips")]
    assert "on the disk, in out" in line and record(folder / "out")["engine"]["strips"]["pairs"] == "disk"
    assert not list(folder.rglob(".nstyle-*"))


@needs_strips
@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="the system takes no room for a file beforehand")
@pytest.mark.parametrize("part", [0.2, 0.4, 0.6, 0.8])
def test_a_scratch_disk_that_fills_up_loses_nothing(paint, folder, cramped, capsys, monkeypatch, part):
    """Wherever it does: among the epochs of a size, or while the picture is brought to the next."""
    common = ["--engine", "torch", "--stop-eps", "0", "--max-num-epochs", "6", "--precision", "float32"]
    common += ["--pyramid-levels", "2", "--memory", "2500kB", "--scratch", "."]
    allocate, calls, epochs = os.posix_fallocate, [], []

    def full(*arguments):
        calls.append(len(epochs))
        if len(calls) > room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return allocate(*arguments)

    monkeypatch.setattr(os, "posix_fallocate", full)
    note = recorder.Losses.epoch
    monkeypatch.setattr(recorder.Losses, "epoch", lambda *them: (epochs.append(1), note(*them)))
    room = 10**9
    assert paint(*common, "--output-dir", "whole") == 0
    first = calls.index(1)  # where an epoch had passed
    room = int(first + part * (len(calls) - first))
    capsys.readouterr()
    calls.clear(), epochs.clear()
    assert paint(*common) == 1
    said, reached = capsys.readouterr().err.splitlines(), len(epochs)
    assert [line for line in said if "--scratch ." in line and "No space left" in line] and 0 < reached < 6
    assert len(losses(folder / "out")) == reached and record(folder / "out")["status"] == "interrupted"
    room = 10**9
    assert paint(*common, "--resume") == 0
    assert f"Going on from epoch {reached}." in capsys.readouterr().err
    assert (folder / "out" / "final.jpg").read_bytes() == (folder / "whole" / "final.jpg").read_bytes()


@needs_strips
def test_too_little_room_on_the_scratch_disk_is_said_before(paint, folder, cramped, capsys, monkeypatch):
    monkeypatch.setattr(limits, "free_disk", lambda _: 1000)
    assert paint("--engine", "torch", "--precision", "float32", "--memory", "2500kB", "--scratch", ".") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("nstyle: error: --scratch .: the run may take") and "1 MB are free" in line


@needs_strips
def test_a_scratch_folder_that_is_not_there_is_one_line(paint, folder, capsys):
    assert paint("--engine", "torch", "--scratch", "nowhere") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("nstyle: error: --scratch nowhere: no folder")


@needs_strips
def test_a_resumed_run_may_have_another_memory(paint, folder, cramped):
    common = ["--engine", "torch", "--stop-eps", "0"]
    assert paint(*common) == 0
    assert paint(*common, "--resume", "--max-num-epochs", "5", "--memory", "3100kB") == 0
    assert len(losses(folder / "out")) == 5 and record(folder / "out")["engine"]["strips"] is not None


@needs_strips
def test_what_is_free_decides_where_nothing_is_asked_for(paint, folder, cramped, monkeypatch, capsys):
    monkeypatch.setattr(limits, "available_memory", lambda: 3_100_000)
    assert paint("--engine", "torch") == 0
    assert "are free" in next(line for line in capsys.readouterr().err.splitlines() if "in strips" in line)


@needs_strips
@pytest.mark.parametrize("memory", ["10MB", "1", "510MB"])
def test_too_little_even_for_strips_is_one_line(paint, folder, capsys, memory):
    assert paint("--engine", "torch", "--memory", memory) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("nstyle: error: --memory ") and "even in strips" in line
    # what it asks for is enough
    needed = line.partition(" about ")[2].partition(" even")[0].replace(" ", "")
    assert paint("--engine", "torch", "--memory", needed) == 0


@needs_strips
def test_much_memory_leaves_pictures_whole(paint, folder, capsys):
    assert paint("--engine", "torch", "--memory", "8GB") == 0
    assert "strips" not in capsys.readouterr().err and record(folder / "out")["engine"]["strips"] is None


def test_an_engine_without_strips_refuses_and_names_one_that_has_them(paint, folder, capsys, mx, monkeypatch):
    monkeypatch.setattr(door, "installed", lambda: ("mxnet", "torch"))
    assert paint("--engine", "mxnet", "--memory", "510MB") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "left of --memory 510 MB" in line and "or --engine torch, which computes in strips" in line
    monkeypatch.setattr(door, "installed", lambda: ("mxnet",))
    assert paint("--engine", "mxnet", "--memory", "510MB") == 2
    assert "torch" not in capsys.readouterr().err


@pytest.mark.parametrize(("text", "number"), [
    ("4GB", 4 * 10**9), ("500MB", 5 * 10**8), ("1.5gb", 15 * 10**8), ("2 GiB", 2**31), ("3m", 3 * 10**6),
    ("1000", 1000), (2e9, 2 * 10**9), (7, 7),
])  # fmt: skip
def test_sizes_of_memory(text, number):
    option = OPTIONS["memory"]
    assert values.read(option, text) == number
    assert options.parse(["--memory", *values.words(option, number)]).memory == number


@pytest.mark.parametrize("text", ["", "much", "-1GB", "0", "0.1", "GB", "4XB", "nan", "inf", True, [1], "9" * 99])
def test_what_is_no_size_of_memory(text):
    with pytest.raises(InputError, match="--memory: .* is no amount of memory; give one such as 4GB or 500MB."):
        values.read(OPTIONS["memory"], text)
