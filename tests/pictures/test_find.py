"""Finding: which photographs a name means, where each one's results go, and what stands in for a sample."""

import os
import sys
from pathlib import Path

import pytest

from neural_style import start
from neural_style.errors import InputError
from neural_style.pictures import find


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A fresh current folder, and another one in the place of the scripts' own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(start, "folders", lambda: ["", str(tmp_path / "scripts")])
    return tmp_path


def touch(*names):
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()


def test_a_folder_means_the_pictures_in_it_by_name(here):
    touch("photos/b.JPG", "photos/a.png", "photos/c.tiff", "photos/d.webp", "photos/e.bmp", "photos/f.jpeg")
    touch("photos/notes.txt", "photos/.nstyle.lock", "photos/deeper.png/x.png", "photos/jpg")
    assert [path.name for path in find.expand("photos")] == ["a.png", "b.JPG", "c.tiff", "d.webp", "e.bmp", "f.jpeg"]


def test_a_pattern_means_the_files_that_it_fits_by_name(here):
    touch("b.png", "a.png", "c.jpg", "other/d.png")
    assert find.expand("*.png") == [Path("a.png"), Path("b.png")]
    assert find.expand(["[bc].*", "other"]) == [Path("b.png"), Path("c.jpg"), Path("other/d.png")]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows forbids these names")
def test_a_file_whose_name_is_a_pattern_is_that_file(here):
    touch("a[1].png", "a1.png", "what?.png", "whatX.png")
    assert find.expand(["a[1].png", "what?.png"]) == [Path("a[1].png"), Path("what?.png")]


def test_a_picture_that_is_named_twice_is_painted_once_in_the_order_of_its_first_naming(here):
    touch("b.png", "a.png")
    assert find.expand(["b.png", "*.png"]) == [Path("b.png"), Path("a.png")]
    assert find.expand(["*.png", "b.png"]) == [Path("a.png"), Path("b.png")]


def test_a_name_that_is_not_there_is_left_to_the_reader(here):
    assert find.expand("missing.png") == [Path("missing.png")]
    assert find.expand(["missing.png", "other.png"]) == [Path("missing.png"), Path("other.png")]


@pytest.mark.parametrize("name", ["empty", "*.png", ""])
def test_what_holds_no_picture_is_named(here, name):
    Path("empty").mkdir()
    with pytest.raises(InputError, match="--content-image") as caught:
        find.expand(["x.png", name])
    assert name in str(caught.value) and "\n" not in str(caught.value)


def test_each_photograph_has_a_folder_of_its_own(here):
    names = ["a/x.jpg", "b/x.png", "c/x.tiff", "x_2.jpg", "y.tar.jpg", "plain"]
    folders = find.folders([Path(name) for name in names], "out")
    assert list(folders) == [Path(name) for name in names]
    assert [str(folder) for folder in folders.values()] == [
        os.path.join("out", name) for name in ("x", "x_2", "x_3", "x_2_2", "y.tar", "plain")
    ]


@pytest.mark.parametrize("name", ["...jpg", "..jpg", "....", ".jpg", "..png"])
def test_no_name_leads_out_of_the_output_directory(here, name):
    (folder,) = find.folders([Path("photos") / name], "out").values()
    assert folder.resolve().parent == (here / "out").resolve()


def test_a_picture_here_comes_before_one_beside_the_scripts_and_a_stand_in_last(here):
    sample, stand_in = next(iter(find.STAND_INS.items()))
    assert find.find(sample) == (Path(sample), None)
    touch(here / "scripts" / stand_in)
    found, notice = find.find(sample)
    assert found == here / "scripts" / stand_in
    assert sample in notice and stand_in in notice
    touch(here / "scripts" / sample)
    assert find.find(sample) == (here / "scripts" / sample, None)
    touch(sample)
    assert find.find(sample) == (Path(sample), None)


def test_only_samples_have_stand_ins(here):
    touch(*(here / "scripts" / stand_in for stand_in in find.STAND_INS.values()))
    assert find.find("input/mine.jpg") == (Path("input/mine.jpg"), None)
    Path("input/mine.jpg").mkdir(parents=True)
    assert find.find("input/mine.jpg") == (Path("input/mine.jpg"), None)
