"""The page of all runs of a folder, from the files that runs leave."""
import base64
import io
import json

import numpy as np
import pytest
from PIL import Image
from test_report import FINAL, change_record, make_run, page_data, snapshot_colour, text_of

from neural_style.errors import InputError
from neural_style.report.command import main
from neural_style.report.page import write_gallery


@pytest.fixture
def runs(tmp_path):
    """Three runs, one of them deeper, one still going, beside what is none."""
    make_run(tmp_path / "a b", snapshots=2, size=(640, 320), started="2025-01-02T00:00:00+00:00")
    make_run(tmp_path / "deep" / "b", snapshots=1, status="running", started="2025-01-03T00:00:00+00:00")
    make_run(tmp_path / "c", snapshots=1, started="2025-01-01T00:00:00+00:00")
    make_run(tmp_path / "broken")
    (tmp_path / "broken" / "run.json").write_text("{")
    (tmp_path / "other").mkdir()
    return tmp_path


def test_the_gallery_shows_every_run_newest_first_and_says_what_is_left_out(runs):
    page = write_gallery(runs)
    assert page == runs / "gallery.html"
    assert [run["name"] for run in page_data(page, "runs")] == ["deep/b", "a b", "c"]
    said = text_of(page)
    assert "3 runs" in said and "in progress" in said and "1 left out" in said and "broken" in said
    text = page.read_text("utf-8")
    for address in ("a%20b/index.html", "deep/b/index.html", "c/index.html"):
        assert f'href="{address}"' in text


def test_the_gallery_holds_a_thumbnail_of_each_latest_picture_and_refers_to_it(runs):
    page = write_gallery(runs)
    data = page_data(page, "runs")
    assert [run["src"] for run in data] == ["deep/b/e_10.jpg", "a%20b/final.jpg", "c/final.jpg"]
    thumbnails = [part.split('"')[0] for part in page.read_text("utf-8").split("data:image/jpeg;base64,")[1:]]
    pictures = [np.asarray(Image.open(io.BytesIO(base64.b64decode(thumbnail)))) for thumbnail in thumbnails]
    for picture, colour in zip(pictures, (snapshot_colour(10), FINAL, FINAL)):
        assert np.abs(picture[picture.shape[0] // 2, -9].astype(int) - colour).max() <= 8
    assert [picture.shape for picture in pictures] == [(64, 96, 3), (160, 320, 3), (64, 96, 3)]


def test_settings_that_can_be_searched_are_in_the_page(runs):
    settings = {"style_weight": 20.0, "style_layers": {"relu1_1": 1.0}}
    change_record(runs / "c", settings=settings)
    described = page_data(write_gallery(runs), "runs")[2]["described"]
    assert described["--style-weight"] == "20.0" and described["--style-layers"] == "relu1_1 1.0"


def test_runs_that_do_not_say_when_they_started_are_shown_last(runs):
    change_record(runs / "a b", started=None)
    assert [run["name"] for run in page_data(write_gallery(runs), "runs")] == ["a b", "deep/b", "c"]
    change_record(runs / "c", started=5)
    assert len(page_data(write_gallery(runs), "runs")) == 3


def test_a_damaged_picture_does_not_keep_a_run_out(runs):
    (runs / "c" / "final.jpg").write_bytes(b"no picture")
    assert "3 runs" in text_of(write_gallery(runs))


def test_the_folder_of_one_run_is_a_gallery_of_one(tmp_path):
    page = write_gallery(make_run(tmp_path / "run"))
    assert page_data(page, "runs")[0]["name"] == "my photo in the style of waves"
    assert 'href="index.html"' in page.read_text("utf-8")


def test_the_command_writes_the_gallery_where_it_is_told(runs, monkeypatch, capsys):
    monkeypatch.chdir(runs)
    assert main(["--gallery", "."]) == 0
    assert capsys.readouterr().out == "gallery.html\n"
    (runs / "pages").mkdir()
    assert main(["--gallery", "deep", "--output", "pages/all.html"]) == 0
    assert page_data(runs / "pages" / "all.html", "runs")[0]["src"] == "../deep/b/e_10.jpg"


@pytest.mark.parametrize("arguments", [["--gallery", "other"], ["--gallery", "missing"], ["--gallery", "broken"]])
def test_a_folder_without_runs_is_one_line(runs, monkeypatch, capsys, arguments):
    monkeypatch.chdir(runs)
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and arguments[1] in said
    assert not (runs / arguments[1] / "gallery.html").exists()
    with pytest.raises(InputError):
        write_gallery(arguments[1])


@pytest.mark.parametrize("arguments", [[], ["a", "--gallery", "."], ["a", "--output", "x.html"]])
def test_a_command_that_says_too_little_or_too_much_is_refused(runs, monkeypatch, capsys, arguments):
    monkeypatch.chdir(runs)
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert json.dumps(sorted(path.name for path in runs.iterdir())) == '["a b", "broken", "c", "deep", "other"]'
