"""What a new user is told who types the bare command."""

import pytest
from conftest import made_picture
from PIL import Image

import nstyle
from neural_style import start
from neural_style.runs import guide, talk


@pytest.fixture
def terminal(folder, monkeypatch):
    """A person at a terminal, in a folder without samples."""
    monkeypatch.setattr(start, "folders", lambda: [""])
    monkeypatch.setattr(talk.Stream, "isatty", lambda self: True)
    return folder


def test_the_bare_command_says_in_five_lines_what_to_type(terminal, capsys):
    for name in ("b.png", "a photo.jpg", "c.webp"):
        Image.fromarray(made_picture(48, 64, 1)).save(terminal / name)
    (terminal / "notes.txt").touch()
    assert nstyle.main([]) == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 5 and "Here lie a photo.jpg, b.png, c.webp." in told[0]
    assert '"a photo.jpg" b.png ' in told[2] and "download" in told[1]
    assert list(terminal.glob("output*")) == []


@pytest.mark.parametrize(("files", "pair"), [([], "PHOTOGRAPH.jpg PAINTING.jpg"), (["x.jpg"], "x.jpg PAINTING.jpg")])
def test_what_is_missing_has_a_name(terminal, files, pair):
    for name in files:
        (terminal / name).touch()
    assert pair in guide.lines()[2] and len(guide.lines()) == 5


def test_a_script_and_a_folder_with_the_samples_get_what_they_always_got(terminal, monkeypatch):
    assert guide.is_wanted([]) and not guide.is_wanted(["--gpu", "-1"])
    (terminal / "input").mkdir()
    for name in ("standin_photograph.jpg", "starry_night.jpg"):
        (terminal / "input" / name).touch()
    assert not guide.is_wanted([])
    for path in (terminal / "input").iterdir():
        path.unlink()
    monkeypatch.setattr(talk.Stream, "isatty", lambda self: False)
    assert not guide.is_wanted([])
