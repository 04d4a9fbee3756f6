"""Large results have thumbnails, which belong to the run as its pictures do."""

import json

import pytest
from PIL import Image

from neural_style.files import checksum
from neural_style.pictures import find
from neural_style.report import results, thumbnails
from neural_style.report.page import write_page


@pytest.fixture
def large(monkeypatch):
    """Every result counts as large."""
    monkeypatch.setattr(thumbnails, "NEEDED_FROM", 32)
    monkeypatch.setattr(thumbnails, "LONG_EDGE", 16)


SMALL = {"small_content.jpg", "small_style.jpg", "small_e_2.jpg", "small_final.jpg"}


@pytest.mark.parametrize("form", ["jpg", "png"])
def test_every_picture_of_a_large_result_has_one(paint, folder, large, form):
    assert paint("--save-epochs", "2", "--image-format", form) == 0
    there = {path.name for path in (folder / "out").glob("small_*")}
    assert there == SMALL
    files = json.loads((folder / "out" / "run.json").read_text())["files"]
    assert {name: files[name] for name in there} == {name: checksum(folder / "out" / name) for name in there}
    with Image.open(folder / "out" / "small_e_2.jpg") as small:
        assert small.size == (16, 12)
    assert all(picture["small"] in there for picture in results.read(folder / "out")["pictures"])
    page = write_page(folder / "out").read_text(encoding="utf-8")
    assert 'src="small_content.jpg"' in page and '"thumb":"small_e_2.jpg"' in page


def test_a_small_result_and_one_that_no_browser_shows_have_none(paint, folder, monkeypatch):
    assert paint() == 0
    monkeypatch.setattr(thumbnails, "NEEDED_FROM", 32)
    assert paint("--image-format", "tiff", "--output-dir", "other") == 0
    assert not list(folder.rglob("small_*"))


def test_they_are_moved_aside_with_their_run_and_never_painted(paint, folder, large):
    assert paint("--save-epochs", "2") == 0 and paint("--save-epochs", "2", "--seed", "1") == 0
    assert {path.name for path in (folder / "out" / "earlier-1").glob("small_*")} == SMALL
    (folder / "out" / "mine.png").symlink_to(folder / "out" / "small_final.jpg")
    assert [path.name for path in find.expand(str(folder / "out"))] == ["mine.png"]


def test_a_file_of_the_users_that_has_such_a_name_is_in_the_way(paint, folder, large, capfd):
    (folder / "out").mkdir()
    (folder / "out" / "small_e_2.jpg").write_text("mine")
    assert paint("--save-epochs", "2") == 2
    assert "small_e_2.jpg is there, is not of a run" in capfd.readouterr().err
    assert (folder / "out" / "small_e_2.jpg").read_text() == "mine"
