"""The page of a film: what it plays and plots is what the run left; a record that is no film's is not taken for one."""

import json
import re

import pytest
from PIL import Image

from neural_style.errors import InputError
from neural_style.report import film, results
from neural_style.report.command import main
from neural_style.report.page import write_gallery, write_page

FILM = {"file": "final.mp4", "original": "content.mp4", "frames": 4, "painted": 3, "rate": 12.5, "sound": True,
        "scenes": [10, 12], "steadiness": {"result": 4e-4, "film": 1e-4, "ratio": 4.0}}  # fmt: skip
ROWS = """frame,scene,pass,error,film_error
10,1,1,,
11,1,1,0.0004,0.0001
12,2,1,,
"""


def film_folder(tmp_path):
    """The folder of a film of which three frames of four are painted."""
    for name in ("content.jpg", "style.jpg", "final.jpg"):
        Image.new("RGB", (64, 48)).save(tmp_path / name)
    run = {
        "status": "interrupted", "command": ["python", "nstyle.py", "--content-image", "clip.mp4"], "settings": {},
        "network": {"model": "vgg19", "weights": "w"}, "versions": {}, "warnings": [], "size": [64, 48], "seconds": 9,
        "content": {"source": "clip.mp4", "file": "content.jpg"}, "snapshots": [], "film": FILM,
        "style": [{"source": "<b>.jpg", "file": "style.jpg"}],
        "final": {"epoch": 3, "file": "final.jpg", "seconds": 8, "total": 1.0},
    }  # fmt: skip
    (tmp_path / "run.json").write_text(json.dumps(run))
    (tmp_path / "frames.csv").write_text(ROWS)
    (tmp_path / "final.mp4").touch()
    return tmp_path


@pytest.fixture
def folder(tmp_path):
    return film_folder(tmp_path)


def player(folder):
    page = write_page(folder).read_text(encoding="utf-8")
    return page, json.loads(re.search(r'id="player">(.*?)</script>', page, re.DOTALL)[1])


def test_it_plays_original_and_result_and_plots_the_flicker(folder):
    page, data = player(folder)
    assert re.findall(r'<video id="(\w+)" src="([^"]+)"', page) == [
        ("original", "content.mp4"), ("result", "final.mp4")
    ]  # fmt: skip
    assert data["rate"] == 12.5 and data["scenes"] == [10, 12] and data["painted"] == 3
    assert data["frames"] == {"frame": [10, 11, 12], "error": [None, 4e-4, None], "film_error": [None, 1e-4, None]}
    assert 'data-copy="command"' in page and "--content-image" in page
    assert "3 of 4 frames" in page and "<b>" not in page and "&lt;b&gt;" in page


@pytest.mark.parametrize("text", [None, "", "frame\n", "frame,error\nx,y\n", "\0", ROWS + "13,1,1,0.1"])
def test_a_damaged_table_leaves_a_page(folder, text):
    (folder / "frames.csv").unlink() if text is None else (folder / "frames.csv").write_text(text)
    assert len(set(map(len, player(folder)[1]["frames"].values()))) == 1


@pytest.mark.parametrize("change", [{"file": None}, {"rate": "fast"}, {"scenes": {}}, {"frames": 1.5}])
def test_a_record_that_is_not_quite_a_films_has_the_page_of_a_picture(folder, change):
    run = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**run, "film": {**FILM, **change}}))
    assert not film.is_film(results.read(folder))
    assert "<video" not in write_page(folder).read_text(encoding="utf-8")


def test_the_command_makes_the_page_and_the_gallery_shows_a_still(folder, capsys):
    assert main([str(folder)]) == 0
    assert capsys.readouterr().out == f"{folder / 'index.html'}\n" and not (folder / "snapshots.png").exists()
    assert "data:image/jpeg" in write_gallery(folder).read_text(encoding="utf-8")


def test_without_a_still_there_is_no_page(folder):
    (folder / "final.jpg").unlink()
    with pytest.raises(InputError):
        write_page(folder)
