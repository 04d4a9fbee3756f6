"""Reading: every kind of picture file gives its picture, or one line that says why not."""

import os
import socket
import struct
import sys
import zlib

import numpy as np
import pytest
import tifffile
from conftest import made_picture
from PIL import Image, ImageCms

from neural_style.errors import InputError
from neural_style.pictures import reading

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
    picture = reading.read(path)
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


ALPHA = np.tile(np.linspace(0, 255, 64).astype(np.uint8), (40, 1))
ON_WHITE = RGB * (ALPHA[..., None] / 255.0) + 255 - ALPHA[..., None]
DEEP = RGB.astype(np.uint16) * np.uint16(257)
GREY_DEEP = DEEP[..., 1]
GREY_32 = GREY.astype(np.uint32) * np.uint32(0x01010101)
GREY_UNIT = (GREY / 255).astype(np.float32)
CMYK = np.array(Image.fromarray(RGB).convert("CMYK"))
PLANES = {"planarconfig": "separate", "photometric": "rgb"}
WHITE_0 = {"photometric": "miniswhite"}


@pytest.mark.parametrize(
    ("stored", "options", "expected"),
    [
        (255 - GREY, WHITE_0, GREY),
        (65535 - GREY_DEEP, WHITE_0, GREY),
        (GREY <= 128, {"photometric": "miniswhite"}, 255 * (GREY > 128)),
        (GREY > 128, {"photometric": "minisblack"}, 255 * (GREY > 128)),
        (1 - GREY_UNIT, WHITE_0, GREY),
        (GREY_UNIT, {"byteorder": ">"}, GREY),
        (GREY.astype(np.float32), {}, GREY),
        (GREY_DEEP.astype(np.float32), {}, GREY),
        (GREY_UNIT * np.float32(1.04), {}, np.minimum(GREY * 1.04, 255)),
        (GREY.astype(np.float32) * np.float32(1.02) - 5, {}, np.clip(GREY * 1.02 - 5, 0, 255)),
        (GREY_UNIT * np.float32(1.02) - np.float32(0.02), {}, np.clip(GREY * 1.02 - 5.1, 0, 255)),
        (GREY_32, {}, GREY),
        ((GREY_32 // 2).astype(np.int32), {}, GREY),
        (GREY.astype(np.int32), {}, GREY),
        (GREY.astype(np.uint32), {}, GREY),
        (GREY_DEEP.astype(np.int32), {}, GREY),
        ((GREY_DEEP // 2).astype(np.int16), {}, GREY),
        (GREY_DEEP, {"tile": (16, 16)}, GREY),
        (GREY_DEEP, {"compression": "zlib", "predictor": True}, GREY),
        (GREY_DEEP, {"bigtiff": True}, GREY),
        (np.stack([GREY_DEEP, 65535 - GREY_DEEP]), {}, GREY),
        (RGB.transpose(2, 0, 1), PLANES, RGB),
        (DEEP.transpose(2, 0, 1), {**PLANES, "compression": "zlib"}, RGB),
        (DEEP, {"photometric": "rgb", "byteorder": ">", "tile": (32, 32)}, RGB),
        (np.dstack([DEEP, ALPHA * np.uint16(257)]), {"photometric": "rgb", "extrasamples": ["unassalpha"]}, ON_WHITE),
        (np.dstack([RGB, ALPHA]), {"photometric": "rgb", "extrasamples": ["unspecified"]}, RGB),
        (CMYK, {"photometric": "separated"}, RGB),
        (CMYK * np.uint16(257), {"photometric": "separated"}, RGB),
    ],
)
def test_a_tiff_of_any_kind_gives_its_picture(tmp_path, stored, options, expected):
    tifffile.imwrite(tmp_path / "x.tiff", np.ascontiguousarray(stored), **options)
    assert_reads(tmp_path / "x.tiff", expected, 0.6)


@pytest.mark.parametrize(
    ("stored", "options"),
    [
        (DEEP.transpose(2, 0, 1), PLANES),
        ((GREY // 2).astype(np.int8), {}),
        (65535 - GREY_DEEP, {**WHITE_0, "byteorder": ">"}),
        (GREY_UNIT.astype(np.float64), {}),
        (GREY_UNIT.astype(np.complex64), {}),
        (RGB / np.float32(255), {"photometric": "rgb"}),
        (GREY_UNIT - np.float32(0.5), {}),
        (GREY_UNIT * np.float32(3), {}),
        (GREY_UNIT * np.float32(1e6), {}),
        (GREY_UNIT * np.float32(4095), {}),
        (np.where(GREY > 128, np.float32(np.nan), GREY_UNIT), {}),
        (np.where(GREY > 128, np.float32(np.inf), GREY_UNIT), {}),
    ],
)
def test_a_tiff_that_would_be_misread_is_refused_in_one_line(tmp_path, stored, options):
    tifffile.imwrite(tmp_path / "x.tiff", np.ascontiguousarray(stored), **options)
    with pytest.raises(InputError, match="x.tiff: ") as caught:
        reading.read(tmp_path / "x.tiff")
    assert "\n" not in str(caught.value) and "intact" not in str(caught.value)


def test_what_is_no_picture_a_rare_tiff_and_a_broken_file_are_told_apart(tmp_path):
    (tmp_path / "x.tiff").write_text("not a picture")
    with pytest.raises(InputError, match="x.tiff: not a picture that can be read; use JPEG, PNG"):
        reading.read(tmp_path / "x.tiff")
    tifffile.imwrite(tmp_path / "x.png", GREY_UNIT.astype(np.float64))
    with pytest.raises(InputError, match="x.png: a damaged TIFF, or one of a rare kind"):
        reading.read(tmp_path / "x.png")
    Image.fromarray(RGB).save(tmp_path / "x.jpg", quality=95)
    (tmp_path / "x.jpg").write_bytes((tmp_path / "x.jpg").read_bytes()[:1500])
    with pytest.raises(InputError, match="x.jpg: cannot be read as a picture .*use an intact file"):
        reading.read(tmp_path / "x.jpg")


def test_what_a_library_warns_of_is_kept_to_itself(tmp_path, recwarn):
    Image.fromarray(RGB).save(tmp_path / "x.png", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + bytes(5))
    assert_reads(tmp_path / "x.png", RGB)
    assert not list(recwarn)


def test_lab_is_read_as_its_colours(tmp_path):
    to_lab = [ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")]
    ImageCms.profileToProfile(Image.fromarray(RGB), *to_lab, outputMode="LAB").save(tmp_path / "x.tiff")
    assert_reads(tmp_path / "x.tiff", RGB, 1.5)


@pytest.mark.parametrize("compression", ["jpeg", "tiff_lzw", "packbits", "tiff_adobe_deflate"])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_a_compressed_tiff(tmp_path, mode, compression):
    image = Image.fromarray(RGB).convert(mode)
    image.save(tmp_path / "x.tiff", compression=compression, **({"quality": 95} if compression == "jpeg" else {}))
    assert_reads(tmp_path / "x.tiff", np.asarray(image.convert("RGB")), 3)


def test_what_a_library_says_of_a_tiff_is_kept_off_the_terminal_and_later_messages_are_not(tmp_path, capfd):
    Image.fromarray(RGB).save(tmp_path / "x.tiff", compression="tiff_lzw")
    whole = (tmp_path / "x.tiff").read_bytes()
    (tmp_path / "torn.tiff").write_bytes(whole.replace(whole[8:200], bytes(192)))
    with pytest.raises(InputError):
        reading.read(tmp_path / "torn.tiff")
    reading.read(tmp_path / "x.tiff")
    os.write(2, b"the next message")
    assert capfd.readouterr().err == "the next message"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
def test_what_is_no_regular_file_is_refused_at_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    os.mkfifo(tmp_path / "pipe.png")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket.png")
    for name in (tmp_path / "pipe.png", tmp_path / "socket.png", "/dev/zero", "/dev/full"):
        with pytest.raises(InputError, match=f"{name}: a pipe or a device"):
            reading.read(name)
    with pytest.raises(InputError, match=f"{tmp_path}: a folder"):
        reading.read(tmp_path)


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


def grey_profile(gamma):
    """An ICC profile of grey with this gamma, as bytes."""
    made = matrix_profile(gamma, SRGB.T)
    # the curve of grey in the place of red's, and grey as its colour space (ICC.1:2010, 8.3.3.2)
    return made.replace(b"RGB XYZ ", b"GRAYXYZ ").replace(b"rTRC", b"kTRC")


@pytest.mark.parametrize("deep", [False, True], ids=["8 bits", "16 bits"])
@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_a_profile_of_grey_is_converted(tmp_path, suffix, deep):
    stored = Image.fromarray(GREY_DEEP if deep else GREY)
    stored.save(tmp_path / f"x.{suffix}", icc_profile=grey_profile(1.0))
    assert_reads(tmp_path / f"x.{suffix}", encoded(GREY / 255), 1)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_a_profile_of_a_transparent_picture_is_converted_before_it_is_laid_on_white(tmp_path, suffix, mode):
    array, profile = (RGB, matrix_profile(1.0, SRGB.T)) if mode == "RGBA" else (GREY, grey_profile(1.0))
    Image.fromarray(np.dstack([array, ALPHA])).save(tmp_path / f"x.{suffix}", icc_profile=profile)
    opacity = ALPHA[..., None] / 255.0
    assert_reads(tmp_path / f"x.{suffix}", np.atleast_3d(encoded(array / 255)) * opacity + 255 * (1 - opacity), 1.5)


def test_a_profile_of_a_palette_is_converted(tmp_path):
    image = Image.fromarray(RGB).quantize(64)
    image.save(tmp_path / "x.png", icc_profile=matrix_profile(1.0, SRGB.T))
    assert_reads(tmp_path / "x.png", encoded(np.asarray(image.convert("RGB")) / 255), 1)


def cmyk_profile():
    """An ICC profile (version 2) of an ink set whose colours are (1 - C, 1 - M, 1 - Y) of linear light, K ignored."""
    grid = np.indices((2, 2, 2, 2)).reshape(4, -1).T  # of C, M, Y, K; K varies fastest
    xyz = (1 - grid[:, :3]) @ SRGB.T
    f = np.where(xyz / D50 > 216 / 24389, np.cbrt(xyz / D50), (24389 / 27 * xyz / D50 + 16) / 116)
    lab = np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], 1)
    coded = np.rint(lab * (652.8, 256, 256) + (0, 32768, 32768)).clip(0, 65535).astype(">u2")
    straight = np.array([0, 65535], ">u2").tobytes()
    table = b"mft2\0\0\0\0" + bytes([4, 3, 2, 0]) + b"".join(struct.pack(">i", 65536 * (i % 4 == 0)) for i in range(9))
    table += struct.pack(">HH", 2, 2) + 4 * straight + coded.tobytes() + 3 * straight
    header = struct.pack(">I4sI4s4s4s12x4s", 144 + len(table), b"lcms", 0x02400000, b"prtr", b"CMYK", b"Lab ", b"acsp")
    header = header.ljust(68, b"\0") + b"".join(struct.pack(">i", round(v * 65536)) for v in D50)
    return header.ljust(128, b"\0") + struct.pack(">I4sII", 1, b"A2B0", 144, len(table)) + table


D50 = np.array([0.9642, 1.0, 0.8249])


@pytest.mark.parametrize("suffix", ["jpg", "tiff"])
def test_a_profile_of_inks_is_converted(tmp_path, suffix):
    inks = np.repeat(np.array([[[255, 0, 0, 0], [0, 255, 255, 0]]], np.uint8), 32, axis=0).repeat(32, axis=1)
    image = Image.frombytes("CMYK", (64, 32), inks.tobytes())
    image.save(tmp_path / f"x.{suffix}", icc_profile=cmyk_profile(), **({"quality": 95} if suffix == "jpg" else {}))
    # cyan ink takes away red, and yellow and magenta leave it alone; black ink, which is ignored, would darken
    assert_reads(tmp_path / f"x.{suffix}", encoded(1 - inks[..., :3] / 255.0), 6)
    dark = np.array(inks)
    dark[..., 3] = 200
    Image.frombytes("CMYK", (64, 32), dark.tobytes()).save(tmp_path / "dark.tiff", icc_profile=cmyk_profile())
    assert_reads(tmp_path / "dark.tiff", encoded(1 - inks[..., :3] / 255.0), 6)


def test_a_png_with_a_colour_profile_of_30_mb_is_read_and_of_100_mb_refused_by_its_reason(tmp_path):
    for megabytes in (30, 100):
        profile = matrix_profile(1.0, SRGB.T) + bytes(megabytes << 20)
        Image.fromarray(RGB).save(tmp_path / f"{megabytes}.png", icc_profile=profile)
    assert_reads(tmp_path / "30.png", encoded(RGB / 255.0), 1)
    with pytest.raises(InputError, match=r"100\.png: its colour profile .*remove it"):
        reading.read(tmp_path / "100.png")


@pytest.mark.parametrize("suffix", ["gif", "webp", "png", "tiff"])
def test_of_several_pictures_in_a_file_the_first_is_read(tmp_path, suffix):
    flat = [Image.new("RGB", (40, 33), colour) for colour in ("#c04020", "#2040c0", "#20c040")]
    options = {"lossless": True} if suffix == "webp" else {}
    flat[0].save(tmp_path / f"x.{suffix}", save_all=True, append_images=flat[1:], **options)
    assert_reads(tmp_path / f"x.{suffix}", np.asarray(flat[0]), 1)


def test_a_picture_above_the_limit_is_refused_before_it_is_decoded(tmp_path):
    Image.fromarray(RGB).save(tmp_path / "x.png")
    with pytest.raises(InputError, match=r"64 x 40 pixels.*2559.*--max-pixels"):
        reading.read(tmp_path / "x.png", max_pixels=2559)
    assert reading.read(tmp_path / "x.png", max_pixels=2560).shape == (40, 64, 3)
    (tmp_path / "bomb.bmp").write_bytes(struct.pack("<2sI4xI IiiHHI24x", b"BM", 54, 54, 40, 60000, 60000, 1, 24, 0))
    with pytest.raises(InputError, match="60000 x 60000"):
        reading.read(tmp_path / "bomb.bmp")
