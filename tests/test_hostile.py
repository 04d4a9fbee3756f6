"""Whatever a file holds, it ends in a picture (or weights), or in one line: thousands of damaged and hostile files.

`fuzz.py` goes on from here (`make fuzz`).
"""
import resource
import sys

import hostile
import numpy as np
import pytest
from PIL import Image

from neural_style.errors import InputError
from neural_style.networks.registry import NETWORKS
from neural_style.pictures import reading

FLIPS = 80
cases = 0


@pytest.fixture(autouse=True)
def quietly_and_in_bounds(capfd):
    """No library may write to the terminal past our one line, or take memory without bound."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    shown = capfd.readouterr()
    assert shown.err == "" and shown.out == ""
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 400_000 * (1024 if sys.platform == "darwin" else 1)


@pytest.fixture
def small_networks(monkeypatch):
    for model, network in hostile.SMALL.items():
        monkeypatch.setitem(NETWORKS, model, network)


def damaged(data, seed, step=64):
    """A file cut off at every 64th byte, with single bits flipped, and with random bytes put in."""
    yield from (data[:end] for end in range(0, len(data), step))
    generator = np.random.default_rng(seed)
    for _ in range(FLIPS):
        place = generator.integers(len(data))
        yield data[:place] + bytes([data[place] ^ (1 << generator.integers(8))]) + data[place + 1 :]
    # what matters most stands at the beginning
    for place in range(min(len(data), 100)):
        yield data[:place] + generator.bytes(1) + data[place + 1 :]


def tried(outcomes):
    global cases
    outcomes = list(outcomes)
    cases += len(outcomes)
    return outcomes


@pytest.mark.parametrize("name", hostile.PICTURES)
def test_damaged_pictures(name, tmp_path):
    path, whole = tmp_path / f"picture.{name}", hostile.PICTURES[name]
    assert hostile.read_picture(path, whole)
    assert not all(tried(hostile.read_picture(path, data) for data in damaged(whole, seed=len(name))))


@pytest.mark.parametrize("name", hostile.no_pictures())
def test_what_is_no_picture_is_refused(name, tmp_path):
    assert tried([hostile.read_picture(tmp_path / name, hostile.no_pictures()[name])]) == [False]


def test_the_suffix_does_not_matter(tmp_path):
    suffixes = ("jpg", "png", "webp", "tiff", "bmp", "gif", "params", "txt", "")
    for data in hostile.PICTURES.values():
        assert all(tried(hostile.read_picture(tmp_path / f"picture.{suffix}", data) for suffix in suffixes))


@pytest.mark.parametrize("name", hostile.ANIMATED)
def test_of_several_pictures_the_first_is_read(name, tmp_path):
    path = tmp_path / f"several.{name}"
    assert hostile.read_picture(path, hostile.ANIMATED[name])
    difference = np.abs(reading.read(path) - np.asarray(hostile.PICTURE) / 255).mean()
    assert difference < 0.06
    tried(hostile.read_picture(path, data) for data in damaged(hostile.ANIMATED[name], seed=7, step=256))


def test_the_limit_of_pixels_is_said_and_can_be_raised(tmp_path):
    path = tmp_path / "large.png"
    Image.new("RGB", (200, 100)).save(path)
    with pytest.raises(InputError, match="200 x 100 pixels are more than the limit of 10000; raise it with --max-pix"):
        reading.read(path, max_pixels=10_000)
    assert reading.read(path, max_pixels=20_000).shape == (100, 200, 3)
    bomb = tmp_path / "bomb.png"
    bomb.write_bytes(hostile.no_pictures()["bomb.png"])
    assert bomb.stat().st_size < 30_000
    with pytest.raises(InputError, match=r"12000 x 9000 pixels are more than the limit of 100000000"):
        reading.read(bomb)


@pytest.mark.parametrize("name", hostile.WEIGHTS)
def test_damaged_weights(name, tmp_path, small_networks):
    model, whole = hostile.weights_files(tmp_path)[name]
    assert hostile.read_weights(tmp_path / name, model, whole)
    path = tmp_path / f"damaged {name}"
    assert not all(tried(hostile.read_weights(path, model, data) for data in damaged(whole, seed=len(name), step=16)))


def test_what_is_no_weights_is_refused(tmp_path, monkeypatch, small_networks):
    monkeypatch.chdir(tmp_path)
    for name, data in hostile.no_weights(tmp_path).items():
        for model in hostile.SMALL:
            assert tried([hostile.read_weights(tmp_path / name, model, data)]) == [False]
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("option", ["--content-image", "--style-image", "--init", "--content-mask"])
def test_the_command_says_it_in_one_line(option, paint, tmp_path, capfd, monkeypatch):
    for name in ("noise.jpg", "bomb.png", "row.png"):
        (tmp_path / name).write_bytes(hostile.no_pictures()[name])
        assert paint(option, name) == 2
        out, err = capfd.readouterr()
        assert out == "" and err.count("\n") == 1 and err.startswith("nstyle: error: ") and name in err
        assert not list(tmp_path.glob("out/*.jpg"))


def test_the_command_refuses_weights_in_one_line(paint, tmp_path, capfd):
    for name in ("page.params", "pickle.params", "names.params"):
        (tmp_path / name).write_bytes(hostile.no_weights(tmp_path)[name])
        assert paint("--weights", name) == 2
        out, err = capfd.readouterr()
        assert out == "" and err.count("\n") == 1 and name in err


def test_thousands_of_cases_were_tried(request):
    if len(request.session.items) < len(hostile.no_pictures()):
        pytest.skip("only some of the tests were asked for")
    with capfd_disabled(request):
        print(f"{cases} hostile files")
    assert cases >= 2000


def capfd_disabled(request):
    return request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled()
