"""--open and --serve: the page is seen while the run goes on."""

import re

import pytest
import requests

import nstyle
from neural_style.runs import talk, viewing


@pytest.fixture
def opened(monkeypatch, folder):
    """The addresses that were opened in the browser, each with the snapshots that were there."""
    seen = []
    monkeypatch.setenv("BROWSER", "some")
    monkeypatch.setattr(viewing.webbrowser, "open",
                        lambda address: not seen.append((address, len([*folder.glob("out/**/e_*.jpg")]))))  # fmt: skip
    return seen


def test_open_shows_the_page_once_at_the_first_snapshot(paint, folder, opened):
    assert paint("--open", "--save-epochs", "1") == 0
    assert opened == [((folder / "out" / "index.html").resolve().as_uri(), 1)]


def test_open_shows_a_run_that_ends_before_its_first_snapshot(paint, folder, opened):
    assert paint("--open") == 0 and len(opened) == 1


def test_of_several_photographs_the_page_of_the_first_is_opened(paint, folder, opened, pictures):
    assert paint("--open", "--content-image", pictures / "photo.png", pictures / "painting.png") == 0
    assert [address.rsplit("/", 2)[1] for address, _ in opened] == ["photo"]


def test_without_a_screen_the_page_is_named(paint, folder, monkeypatch, capfd):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(viewing.sys, "platform", "linux")
    monkeypatch.setattr(viewing.webbrowser, "open", None)  # is not called
    assert paint("--open") == 0
    assert "no browser can be opened here; open file://" in capfd.readouterr().err


@pytest.mark.parametrize("flag", ["--open", "--serve"])
def test_tiff_has_no_page(paint, folder, flag, capfd):
    assert paint(flag, "--image-format", "tiff") == 2
    assert f"{flag}: browsers show no TIFF" in capfd.readouterr().err


def test_the_run_is_served_while_it_goes_on(paint, folder, monkeypatch, options):
    """A browser that has the address from the first line sees each snapshot; at a terminal the end can be seen, too."""
    said, statuses, kept = [], [], []
    monkeypatch.setattr(talk, "say", said.append)

    def visit(data):
        if "filename" in data:
            address = re.search(r"http://\S+", said[0])[0]
            with requests.Session() as session:
                page = session.get(address)
                statuses.append((page.status_code, f"e_{data['epoch']}.jpg" in page.text))

    from neural_style.runs import paint as painting

    train = painting.train
    monkeypatch.setattr(painting, "train", lambda args: train(args, visit))
    monkeypatch.setattr(talk.Stream, "isatty", lambda self: True)
    monkeypatch.setattr(viewing.served, "stay", lambda: kept.append(True))
    assert paint("--save-epochs", "1", "--no-progress", "--serve") == 0
    assert statuses == [(200, True)] * 3 and kept == [True]
    assert said[0].startswith("Served at ") and "ssh -L" in said[1] and "until Ctrl-C" in said[-1]


def test_serve_takes_no_picture_for_its_port(folder):
    args = nstyle.get_args(["--serve", "photo.jpg", "painting.jpg", "--seed", "3"])
    assert (args.serve, args.content_image, args.style_image) == (0, "photo.jpg", "painting.jpg")
    assert nstyle.get_args(["--serve", "8000"]).serve == 8000 and nstyle.get_args([]).serve is None
