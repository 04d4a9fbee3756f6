"""The bench of pictures: its pairs are there on every machine, and it leaves a sheet with figures."""

import functools
import json
import sys
from pathlib import Path

import pytest
from PIL import Image

from benchmarks import pictures


@pytest.fixture
def bench(monkeypatch, tmp_path, squeezenet_file):
    """Run the command with random weights; returns its exit status."""
    monkeypatch.setattr(pictures, "installed", lambda model: model == "squeezenet")
    monkeypatch.setattr(pictures, "Judge", functools.partial(pictures.Judge, weights=squeezenet_file))

    def run(*arguments):
        line = ["pictures", "--out", str(tmp_path / "bench"), "--long-edge", "64", *arguments]
        monkeypatch.setattr(sys, "argv", line)
        return pictures.main()

    return run


@pytest.mark.parametrize("pair", pictures.PAIRS)
def test_every_pair_is_there_without_the_sample_pictures(monkeypatch, tmp_path, pair):
    monkeypatch.setattr(pictures.find, "find", lambda name: (Path("missing"), None))
    for number, source in enumerate(pictures.PAIRS[pair]):
        with Image.open(pictures._written(tmp_path / f"{number}.png", *source)) as picture:
            assert picture.mode == "RGB" and min(picture.size) >= 256


def test_a_sheet_a_table_and_the_pictures_are_left(bench, tmp_path, squeezenet_file, capsys):
    recipes = [f"--weights {squeezenet_file} --max-num-epochs {epochs}" for epochs in (1, 2)]
    assert bench("--pairs", "bright painting", "--recipes", *recipes) == 0
    rows = json.loads((tmp_path / "bench" / "pictures.json").read_text())["rows"]
    assert [(row[0], row[2], row[7]) for row in rows] == [("bright painting", recipes[n], n + 1) for n in (0, 1)]
    # photograph, painting and two results in a row
    width = pictures.WIDTH + pictures.GAP
    assert Image.open(tmp_path / "bench" / "sheet.png").width == 4 * width + pictures.GAP
    assert "peak MB" in (tmp_path / "bench" / "pictures.md").read_text()
    assert str(tmp_path / "bench" / "sheet.png") in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "named"), [(["--pairs", "sea"], "--pairs sea"), (["--models", "vgg19"], "vgg19 is not installed")]
)
def test_what_is_not_there_is_one_line(bench, capsys, arguments, named):
    assert bench(*arguments) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and named in error
