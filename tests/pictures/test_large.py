"""Large pictures are denoised and written strip by strip: no seam, and the file that they would be at once."""

import numpy as np
import pytest
import tifffile
from PIL import Image
from skimage import data

from neural_style.pictures import denoising, images, large, reading


@pytest.fixture
def small_strips(monkeypatch):
    monkeypatch.setattr(large, "WHOLE", 1000)
    monkeypatch.setattr(large, "STRIP", 1000)  # so that a strip has the fewest rows


@pytest.mark.parametrize("weight", [0.005, 0.02, 0.1])
def test_denoising_by_strips_leaves_no_seam(small_strips, weight):
    rough = np.random.default_rng(0).normal(0, 0.05, (400, 130, 3))
    picture = np.float32(np.clip(data.astronaut()[:400, 150:280] / 255 + rough, 0, 1))
    whole = denoising.denoised(picture, weight, large.STEPS)
    strips = list(large.denoised(lambda first, last: picture[first:last], picture.shape, weight))
    assert [last - first for first, last, _ in strips] == [large.REACH] * 9 + [22]
    found = np.concatenate([strip for *_, strip in strips])
    # half a grey level of 256 would be no seam for the eye
    assert found.shape == whole.shape and np.abs(found - whole).max() < 0.01 / 256
    assert np.abs(found - denoising.denoised(picture, weight)).mean() < 2 / 256


def test_a_picture_that_is_not_large_is_denoised_at_once():
    picture = np.float32(data.astronaut()[:60, :60] / 255)
    ((_, _, strip),) = large.denoised(lambda first, last: picture[first:last], picture.shape, 0.02)
    assert np.array_equal(strip, denoising.denoised(picture, 0.02))


@pytest.mark.parametrize("suffix", ["png", "tiff", "jpg"])
def test_a_file_by_strips_is_the_file_at_once(small_strips, tmp_path, suffix):
    picture = np.float32(data.astronaut()[:150, :201] / 255)
    images.save(picture, tmp_path / f"once.{suffix}")
    strips = (picture[first:last] for first, last in large.bounds(picture.shape))
    large.save(strips, picture.shape[:2], tmp_path / f"strips.{suffix}")
    once, strips = (reading.read(tmp_path / f"{name}.{suffix}") for name in ("once", "strips"))
    assert np.array_equal(once, strips)
    with Image.open(tmp_path / f"strips.{suffix}") as image:
        assert image.info["icc_profile"] == images.srgb_profile() and image.size == (201, 150)
    assert not list(tmp_path.glob(".nstyle-*"))


def test_a_tiff_above_four_gigabytes_is_a_bigtiff(small_strips, tmp_path, monkeypatch):
    asked = {}
    monkeypatch.setattr(tifffile, "imwrite", lambda path, strips, **options: asked.update(options))
    for height in (20_000, 30_000):
        large._save_tiff(iter(()), (height, 30_000), tmp_path / "large.tiff")
        assert asked["bigtiff"] == (height * 30_000 * 6 > 4e9) and asked["shape"] == (height, 30_000, 3)


def test_a_file_that_cannot_be_written_leaves_what_was_there(small_strips, tmp_path):
    (tmp_path / "picture.png").write_bytes(b"earlier")

    def strips():
        yield np.zeros((64, 50, 3), np.float32)
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        large.save(strips(), (150, 50), tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes() == b"earlier" and len(list(tmp_path.iterdir())) == 1
