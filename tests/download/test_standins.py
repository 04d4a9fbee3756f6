"""The stand-in pictures: what the offline first run relies on."""
import socket

import numpy as np
import pytest
from PIL import Image, JpegImagePlugin
from skimage.color import rgb2gray, rgb2hsv
from skimage.feature import structure_tensor
from skimage.filters import gaussian

from neural_style.download import standins


@pytest.fixture(scope="module")
def painted():
    return standins.painting()


@pytest.fixture(scope="module")
def hands():
    """Two paintings by one hand and one by another, on a canvas of half the size, and the direction of the strokes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(standins, "HEIGHT", 300)
        patch.setattr(standins, "WIDTH", 450)
        return [standins.painting(seed) for seed in (3, 3, 4)], standins._scene()[1]


@pytest.fixture
def quick(monkeypatch):
    """A small picture in place of the painting, for tests that look at files only."""
    picture = np.tile(np.array([[255, 0, 0], [0, 0, 255]], np.uint8), (8, 4, 1))
    monkeypatch.setattr(standins, "painting", lambda: picture)
    return picture


def test_photograph_needs_no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("the photograph was looked for on the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    picture = standins.photograph()
    assert picture.shape == (400, 600, 3) and picture.dtype == np.uint8
    assert np.ptp(np.percentile(picture, (2, 98))) > 120


def test_painting_has_light_and_dark_warm_and_cold(painted):
    assert painted.shape == (600, 900, 3) and painted.dtype == np.uint8
    light = rgb2gray(painted)
    assert (light < 0.25).mean() > 0.08 and (light > 0.7).mean() > 0.08
    hue, saturation, value = np.moveaxis(rgb2hsv(painted), -1, 0)
    strong = (saturation > 0.4) & (value > 0.3)
    warm, cold = (hue < 0.18) | (hue > 0.92), (hue > 0.42) & (hue < 0.75)
    assert (strong & warm).mean() > 0.15 and (strong & cold).mean() > 0.15
    shares = np.histogram(hue[strong], 12, (0, 1))[0] / hue.size
    assert (shares > 0.01).sum() >= 8


@pytest.mark.parametrize("scale", [1, 2, 4, 8])
def test_strokes_of_several_scales_follow_the_field(hands, scale):
    (one, _, other), direction = hands
    # the scene cancels, the strokes of the two hands stay
    strokes = rgb2gray(one / 255.0 - other / 255.0)
    detail = gaussian(strokes, scale / 2) - gaussian(strokes, scale)
    assert detail.std() > 0.015
    rr, rc, cc = structure_tensor(detail, sigma=scale)
    down, right = np.moveaxis(direction, -1, 0)
    energy_along = (rr * down**2 + 2 * rc * down * right + cc * right**2).mean()
    energy_across = (rr * right**2 - 2 * rc * down * right + cc * down**2).mean()
    assert energy_across > 2.3 * energy_along


def test_same_seed_same_painting_other_seed_other_strokes(hands):
    (one, again, other), _ = hands
    assert np.array_equal(one, again)
    assert (one != other).mean() > 0.5
    assert np.corrcoef(gaussian(rgb2gray(one), 6).ravel(), gaussian(rgb2gray(other), 6).ravel())[0, 1] > 0.9


def test_write_puts_both_files_with_full_colour_resolution(tmp_path, quick):
    paths = standins.write(tmp_path)
    assert [path.name for path in paths] == ["standin_photograph.jpg", "standin_painting.jpg"]
    assert sorted(tmp_path.iterdir()) == sorted(paths)
    for path, picture in zip(paths, (standins.photograph(), quick)):
        with Image.open(path) as image:
            assert image.format == "JPEG" and JpegImagePlugin.get_sampling(image) == 0
            assert np.abs(np.asarray(image).astype(int) - picture).mean() < 3


def test_write_keeps_what_is_there(tmp_path, quick):
    mine = tmp_path / "standin_painting.jpg"
    mine.write_bytes(b"mine")
    standins.write(str(tmp_path))
    before = (tmp_path / "standin_photograph.jpg").stat()
    standins.write(tmp_path)
    after = (tmp_path / "standin_photograph.jpg").stat()
    assert mine.read_bytes() == b"mine"
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_write_leaves_nothing_partial_when_it_is_interrupted(tmp_path, monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(standins, "painting", interrupted)
    with pytest.raises(KeyboardInterrupt):
        standins.write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["standin_photograph.jpg"]
