"""Pictures: every kind of file that is read, resizing, the network's range, and what is written."""

import io
import os
import struct
import zlib

import numpy as np
import pytest
import tifffile
from conftest import made_picture
from PIL import Image, ImageCms, JpegImagePlugin

from neural_style.errors import InputError
from neural_style.pictures import images

RGB = made_picture(40, 64, seed=1)
GREY = RGB[..., 1]
GREY16 = GREY.astype(np.uint16) * np.uint16(256) + np.uint16(77)
ORIENTATION = 0x0112

# orientation in EXIF -> how a camera held so has stored the upright picture (EXIF 2.3, 4.6.4)
STORED = {
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.swapaxes(0, 1),
    6: lambda p: p.swapaxes(0, 1)[::-1],
    7: lambda p: p.swapaxes(0, 1)[::-1, ::-1],
    8: lambda p: p.swapaxes(0, 1)[:, ::-1],
}


def assert_reads(path, expected, tolerance=0.0):
    """The mean difference is at most `tolerance` levels of 256."""
    picture = images.read(path)
    assert picture.dtype == np.float32 and picture.shape == (*expected.shape[:2], 3)
    assert picture.min() >= 0 and picture.max() <= 1
    expected = np.broadcast_to(expected[..., None] if expected.ndim == 2 else expected, picture.shape)
    assert np.abs(picture * 255.0 - expected).mean() <= tolerance + 1e-4


@pytest.mark.parametrize(
    ("suffix", "options", "tolerance"),
    [
        ("png", {}, 0),
        ("bmp", {}, 0),
        ("tiff", {}, 0),
        ("tiff", {"compression": "tiff_lzw"}, 0),
        ("webp", {"lossless": True}, 0),
        ("webp", {"quality": 95}, 5),
        ("jpg", {"quality": 95}, 3),
        ("jpg", {"quality": 95, "progressive": True}, 3),
    ],
)
@pytest.mark.parametrize("array", [RGB, GREY], ids=["RGB", "grey"])
def test_usual_formats(tmp_path, array, suffix, options, tolerance):
    Image.fromarray(array).save(tmp_path / f"x.{suffix}", **options)
    assert_reads(tmp_path / f"x.{suffix}", array, tolerance)


def test_the_name_does_not_decide_the_format(tmp_path):
    Image.fromarray(RGB).save(tmp_path / "x.jpg", format="PNG")
    assert_reads(tmp_path / "x.jpg", RGB)


def png16(array):
    """A PNG of 16 bits, grey or RGB, which Pillow does not write."""
    height, width = array.shape[:2]
    rows = array.astype(">u2").reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 16, 2 if array.ndim == 3 else 0, 0, 0, 0)
    parts = (b"IHDR", header), (b"IDAT", zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))), (b"IEND", b"")
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize("suffix", ["png", "tiff"])
@pytest.mark.parametrize("byte_order", ["<", ">"])
def test_grey_of_16_bits_keeps_its_depth(tmp_path, suffix, byte_order):
    path = tmp_path / f"x.{suffix}"
    if suffix == "png":
        path.write_bytes(png16(GREY16))
    else:
        tifffile.imwrite(path, GREY16, byteorder=byte_order)
    assert_reads(path, GREY16 / 257, 1e-3)


@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_colour_of_16_bits(tmp_path, suffix):
    deep, path = RGB.astype(np.uint16) * 257, tmp_path / f"x.{suffix}"
    if suffix == "png":
        path.write_bytes(png16(deep))
    else:
        tifffile.imwrite(path, deep, photometric="rgb")
    assert_reads(path, RGB)


def test_cmyk_jpeg(tmp_path):
    flat = np.repeat(np.array([[[200, 30, 60], [20, 120, 220]]], np.uint8), 32, axis=0).repeat(32, axis=1)
    Image.fromarray(flat).convert("CMYK").save(tmp_path / "x.jpg", quality=95)
    assert Image.open(tmp_path / "x.jpg").mode == "CMYK"
    assert_reads(tmp_path / "x.jpg", flat, 4)


def test_palette(tmp_path):
    image = Image.fromarray(RGB).quantize(64)
    image.save(tmp_path / "x.png")
    assert_reads(tmp_path / "x.png", np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("suffix", ["png", "gif"])
def test_transparent_colours_of_a_palette_become_white(tmp_path, suffix):
    image = Image.fromarray(RGB).quantize(16)
    image.save(tmp_path / f"x.{suffix}", transparency=3)
    expected = np.array(image.convert("RGB"))
    expected[np.asarray(image) == 3] = 255
    assert (np.asarray(image) == 3).any()
    assert_reads(tmp_path / f"x.{suffix}", expected)


@pytest.mark.parametrize("suffix", ["png", "webp", "tiff"])
@pytest.mark.parametrize("array", [RGB, GREY], ids=["RGBA", "LA"])
def test_transparency_is_laid_on_white(tmp_path, suffix, array):
    alpha = np.tile(np.linspace(0, 255, 64).astype(np.uint8), (40, 1))
    layers = np.dstack([array, alpha])
    options = {"lossless": True, "exact": True} if suffix == "webp" else {}
    Image.fromarray(layers).save(tmp_path / f"x.{suffix}", **options)
    opacity = (alpha / 255.0)[..., None]
    assert_reads(tmp_path / f"x.{suffix}", np.atleast_3d(array) * opacity + 255 * (1 - opacity), 0.6)


def test_one_transparent_colour_without_a_palette_becomes_white(tmp_path):
    colour = tuple(int(level) for level in RGB[5, 5])
    Image.fromarray(RGB).save(tmp_path / "x.png", transparency=colour)
    expected = np.where(np.equal(RGB, colour).all(axis=2, keepdims=True), 255, RGB)
    assert_reads(tmp_path / "x.png", expected)


def test_black_and_white(tmp_path):
    Image.fromarray(GREY > 128).save(tmp_path / "x.png")
    assert_reads(tmp_path / "x.png", 255 * (GREY > 128))


def test_floating_point_grey(tmp_path):
    tifffile.imwrite(tmp_path / "x.tiff", (GREY / 255).astype(np.float32))
    assert_reads(tmp_path / "x.tiff", GREY)


@pytest.mark.parametrize("suffix", ["jpg", "png", "tiff", "webp"])
@pytest.mark.parametrize("orientation", STORED)
def test_a_camera_held_in_any_way_gives_an_upright_picture(tmp_path, orientation, suffix):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](RGB)))
    stored.save(tmp_path / f"x.{suffix}", exif=exif.tobytes(), **({"quality": 95} if suffix in ("jpg", "webp") else {}))
    assert_reads(tmp_path / f"x.{suffix}", RGB, {"jpg": 3, "webp": 5}.get(suffix, 0))


def matrix_profile(gamma, primaries):
    """An ICC profile (version 2, matrix and curve) with these primaries, xyY to D50 as XYZ columns, as bytes."""

    def fixed(value):
        return struct.pack(">i", round(value * 65536))

    tags = {
        name: b"XYZ \0\0\0\0" + b"".join(map(fixed, xyz)) for name, xyz in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries)
    }
    tags[b"wtpt"] = b"XYZ \0\0\0\0" + b"".join(map(fixed, (0.9642, 1.0, 0.8249)))
    for name in (b"rTRC", b"gTRC", b"bTRC"):
        tags[name] = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    tags[b"desc"] = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(78 + 1)
    tags[b"cprt"] = b"text\0\0\0\0" + b"none\0\0\0\0"
    table, body, start = b"", b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += name + struct.pack(">II", start + len(body), len(data))
        body += data
    size = start + len(body)
    header = struct.pack(">I4sI4s4s4s12x4s", size, b"lcms", 0x02400000, b"mntr", b"RGB ", b"XYZ ", b"acsp")
    header = header.ljust(68, b"\0") + b"".join(map(fixed, (0.9642, 1.0, 0.8249)))
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


# sRGB's and Display P3's primaries, adapted to D50 (columns of the matrices to XYZ)
SRGB = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])
P3 = np.array([[0.51512, 0.29198, 0.15710], [0.24120, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]])


def encoded(linear):
    """IEC 61966-2-1."""
    linear = np.clip(linear, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize(("gamma", "primaries"), [(1.0, SRGB), (2.2, P3)], ids=["linear light", "wide gamut"])
@pytest.mark.parametrize("suffix", ["png", "jpg", "tiff", "webp"])
def test_an_embedded_profile_is_converted_to_srgb(tmp_path, suffix, gamma, primaries):
    options = {"quality": 95} if suffix in ("jpg", "webp") else {}
    Image.fromarray(RGB).save(tmp_path / f"x.{suffix}", icc_profile=matrix_profile(gamma, primaries.T), **options)
    expected = encoded((RGB / 255.0) ** gamma @ (np.linalg.inv(SRGB) @ primaries).T)
    assert np.abs(expected - RGB).mean() > 6
    assert_reads(tmp_path / f"x.{suffix}", expected, 5 if options else 1)


def test_an_srgb_profile_changes_nothing(tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(RGB).save(tmp_path / "x.png", icc_profile=profile)
    assert_reads(tmp_path / "x.png", RGB, 0.5)


@pytest.mark.parametrize("profile", [b"junk", bytes(200), matrix_profile(1.0, SRGB.T)[:150]])
@pytest.mark.parametrize("array", [RGB, GREY], ids=["RGB", "grey"])
def test_a_broken_profile_is_passed_over(tmp_path, array, profile):
    Image.fromarray(array).save(tmp_path / "x.png", icc_profile=profile)
    assert_reads(tmp_path / "x.png", array)


@pytest.mark.parametrize("suffix", ["gif", "webp", "png", "tiff"])
def test_of_several_pictures_in_a_file_the_first_is_read(tmp_path, suffix):
    flat = [Image.new("RGB", (40, 33), colour) for colour in ("#c04020", "#2040c0", "#20c040")]
    options = {"lossless": True} if suffix == "webp" else {}
    flat[0].save(tmp_path / f"x.{suffix}", save_all=True, append_images=flat[1:], **options)
    assert_reads(tmp_path / f"x.{suffix}", np.asarray(flat[0]), 1)


def test_a_picture_above_the_limit_is_refused_before_it_is_decoded(tmp_path):
    Image.fromarray(RGB).save(tmp_path / "x.png")
    with pytest.raises(InputError, match=r"64 x 40 pixels.*2559.*--max-pixels"):
        images.read(tmp_path / "x.png", max_pixels=2559)
    assert images.read(tmp_path / "x.png", max_pixels=2560).shape == (40, 64, 3)
    (tmp_path / "bomb.bmp").write_bytes(struct.pack("<2sI4xI IiiHHI24x", b"BM", 54, 54, 40, 60000, 60000, 1, 24, 0))
    with pytest.raises(InputError, match="60000 x 60000"):
        images.read(tmp_path / "bomb.bmp")


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
    np.testing.assert_allclose(image[0, :, 7, 9], picture[7, 9] * 256 - [123.68, 116.779, 103.939], atol=1e-4)
    np.testing.assert_allclose(images.from_network(image), picture, atol=1e-6)
    assert images.from_network(image * 9).min() == 0 and images.from_network(image * 9).max() == 1


def test_clipping_is_to_what_a_file_can_hold():
    image = np.random.default_rng(0).normal(0, 500, (1, 3, 8, 9)).astype(np.float32)
    clipped = images.clip(image)
    assert clipped.dtype == np.float32
    np.testing.assert_allclose(images.from_network(clipped), images.from_network(image), atol=1e-6)
    assert np.array_equal(images.clip(clipped), clipped)


def test_denoising_smooths_noise_and_weight_0_changes_nothing():
    picture = RGB / np.float32(255)
    noisy = np.clip(picture + np.random.default_rng(0).normal(0, 0.05, picture.shape), 0, 1).astype(np.float32)
    cleaned = images.denoised(noisy, 0.05)
    assert cleaned.dtype == np.float32
    assert np.abs(cleaned - picture).mean() < 0.7 * np.abs(noisy - picture).mean()
    assert np.array_equal(images.denoised(noisy, 0), noisy)


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
