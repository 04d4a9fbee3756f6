"""Pictures as arrays: resizing, the network's range, and what is written."""

import io
import os

import numpy as np
import pytest
import tifffile
from conftest import made_picture
from PIL import Image, ImageCms, JpegImagePlugin
from test_reading import assert_reads

from neural_style.pictures import images

RGB = made_picture(40, 64, seed=1)


@pytest.mark.parametrize(
    ("shape", "long_edge", "enlarge", "size"),
    [
        ((1000, 1500, 3), 600, False, (400, 600)),
        ((1500, 1000, 3), 600, False, (600, 400)),
        ((1000, 1500, 3), 0, False, (1000, 1500)),
        ((300, 400, 3), 600, False, (300, 400)),
        ((300, 400, 3), 600, True, (450, 600)),
        ((300, 400, 3), 0, True, (300, 400)),
        ((333, 1000, 3), 500, False, (166, 500)),
        ((10, 10000, 3), 100, False, (1, 100)),
    ],
)
def test_size_of_the_result(shape, long_edge, enlarge, size):
    assert images.fitted_size(shape, long_edge, enlarge) == size


@pytest.mark.parametrize("size", [(100, 140), (33, 150), (50, 31), (17, 70), (200, 33)])
@pytest.mark.parametrize("resample", [images.BICUBIC, Image.Resampling.LANCZOS, Image.Resampling.BOX])
def test_a_large_picture_is_resized_as_a_small_one(size, resample, monkeypatch):
    planes = np.random.default_rng(0).normal(0, 50, (1, 2, 50, 70)).astype(np.float32)
    picture = np.random.default_rng(1).uniform(size=(50, 70, 3)).astype(np.float32)
    whole = [images.resize_planes(planes, size, resample), images.resize(picture, size, resample)]
    monkeypatch.setattr(images, "PORTION", 900)
    parts = [images.resize_planes(planes, size, resample), images.resize(picture, size, resample)]
    for one, other in zip(whole, parts):
        assert one.shape == other.shape and other.dtype == np.float32
        assert np.abs(one - other).max() <= 1e-6 * np.abs(one).max()


def test_shrinking_a_fine_checkerboard_gives_grey_not_moire():
    board = np.indices((200, 300)).sum(axis=0) % 2
    picture = np.repeat(board[..., None], 3, axis=2).astype(np.float32)
    small = images.resize(picture, (67, 101))
    assert small.shape == (67, 101, 3) and small.dtype == np.float32
    assert np.abs(small[3:-3, 3:-3] - 0.5).max() < 0.02


def test_resizing_keeps_colours_and_stays_in_range():
    picture = np.where(np.arange(64)[None, :, None] < 32, np.float32(1), np.float32(0)) * np.ones(
        (40, 64, 3), np.float32
    )
    assert images.resize(picture, (40, 64)) is picture
    for size in ((20, 32), (80, 128), (40, 64), (33, 77)):
        resized = images.resize(picture, size)
        assert resized.shape == (*size, 3)
        assert resized.min() >= 0 and resized.max() <= 1
        assert resized.mean() == pytest.approx(0.5, abs=0.01)
    flat = np.full((40, 64, 3), (0.2, 0.5, 0.9), np.float32)
    np.testing.assert_allclose(images.resize(flat, (17, 90)), np.broadcast_to(flat[0, 0], (17, 90, 3)), atol=1e-5)


def test_resizing_in_network_range_is_not_cut():
    planes = np.random.default_rng(0).normal(0, 500, (1, 3, 8, 9)).astype(np.float32)
    assert images.resize_planes(planes, (8, 9)) is planes
    resized = images.resize_planes(planes, (16, 18))
    assert resized.shape == (1, 3, 16, 18) and np.abs(resized).max() > 500


def test_network_range_is_rgb_times_256_minus_the_mean_pixel_and_back():
    picture = RGB / np.float32(255)
    image = images.to_network(picture)
    assert image.shape == (1, 3, 40, 64) and image.dtype == np.float32
    assert image.flags.c_contiguous and images.to_network(picture.astype(float)).dtype == np.float32
    np.testing.assert_allclose(image[0, :, 7, 9], picture[7, 9] * 256 - [123.68, 116.779, 103.939], atol=1e-4)
    np.testing.assert_allclose(images.from_network(image), picture, atol=1e-6)
    assert images.from_network(image * 9).min() == 0 and images.from_network(image * 9).max() == 1


def test_clipping_is_to_what_a_file_can_hold():
    image = np.random.default_rng(0).normal(0, 500, (1, 3, 8, 9)).astype(np.float32)
    clipped = images.clip(image)
    assert clipped.dtype == np.float32
    np.testing.assert_allclose(images.from_network(clipped), images.from_network(image), atol=1e-6)
    assert np.array_equal(images.clip(clipped), clipped)
    mean = np.array([123.68, 116.779, 103.939])
    wide = images.clip(np.float32([-1e4, 1e4]).reshape(1, 1, 1, 2).repeat(3, 1))[0, :, 0]
    np.testing.assert_allclose(wide, np.stack([-mean, 256 - mean], 1), rtol=1e-6)


def test_jpeg_has_quality_95_full_colour_resolution_and_an_srgb_profile(tmp_path):
    images.save(RGB / 255, tmp_path / "x.jpg")
    with Image.open(tmp_path / "x.jpg") as image:
        assert image.format == "JPEG" and image.mode == "RGB"
        assert JpegImagePlugin.get_sampling(image) == 0
        profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
        assert "sRGB" in ImageCms.getProfileDescription(profile)
        like = io.BytesIO()
        Image.fromarray(RGB).save(like, "JPEG", quality=95)
        assert image.quantization == Image.open(like).quantization
    assert_reads(tmp_path / "x.jpg", RGB, 1.5)


@pytest.mark.parametrize("suffix", ["jpg", "png", "tiff"])
def test_the_same_picture_gives_the_same_file(tmp_path, suffix):
    for name in ("x", "y"):
        images.save(RGB / 255, tmp_path / f"{name}.{suffix}")
    assert (tmp_path / f"x.{suffix}").read_bytes() == (tmp_path / f"y.{suffix}").read_bytes()
    assert_reads(tmp_path / f"x.{suffix}", RGB, 1.5)
    with Image.open(tmp_path / f"x.{suffix}") as image:
        # where a profile has its date
        assert image.info["icc_profile"][24:36] == bytes(12)


def test_tiff_holds_16_bits(tmp_path):
    fine = np.linspace(0, 1, 40 * 64 * 3).reshape(40, 64, 3)
    images.save(fine, tmp_path / "x.tiff")
    with tifffile.TiffFile(tmp_path / "x.tiff") as file:
        assert file.pages[0].photometric == tifffile.PHOTOMETRIC.RGB and len(file.pages) == 1
        assert "sRGB" in ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(file.pages[0].iccprofile)))
    stored = tifffile.imread(tmp_path / "x.tiff")
    assert stored.dtype == np.uint16
    np.testing.assert_allclose(stored / 65535, fine, atol=0.6 / 65535)


@pytest.mark.parametrize("suffix", ["jpg", "tiff"])
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_saving_is_all_or_nothing(tmp_path, monkeypatch, step, suffix):
    path = tmp_path / f"x.{suffix}"
    images.save(RGB / 255, path)
    before = path.read_bytes()

    def fail(*arguments):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, step, fail)
        with pytest.raises(OSError, match="No space left"):
            images.save(1 - RGB / 255, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
