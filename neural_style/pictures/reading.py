"""A picture file of any usual kind as an array: upright, without transparency, in sRGB."""

import contextlib
import io
import logging
import math
import os
import stat
import warnings

import numpy as np
from PIL import Image, ImageCms, ImageOps, PngImagePlugin, UnidentifiedImageError

from .. import start
from ..errors import InputError
from .images import SMALLEST_EDGE
from .memory import InMemory

MAX_PIXELS = 100_000_000

# `read` holds its own limit, which the user can raise
Image.MAX_IMAGE_PIXELS = None
# unpacked bytes of one chunk; of Pillow's own limit, 1 MB, even a usual profile of a printer falls short
PngImagePlugin.MAX_TEXT_CHUNK = 64 << 20
Image.init()
# what it thinks of a broken file is said by `read`, in one line
logging.getLogger("PIL").addHandler(logging.NullHandler())
# not all that Pillow knows: for EPS it would hand the file to Ghostscript
FORMATS = [
    name
    for name in ("JPEG", "MPO", "PNG", "WEBP", "TIFF", "BMP", "DIB", "GIF", "PPM", "TGA", "JPEG2000", "AVIF")
    if name in Image.OPEN
]
TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# of TIFF 6.0, section "Baseline Field Reference Guide", and 19
BITS, COMPRESSION, PHOTOMETRIC, PLANES, SAMPLE_FORMAT = 258, 259, 262, 284, 339
UNSIGNED, SIGNED = 1, 2
WHITE_IS_ZERO = 0


def read(path, max_pixels=MAX_PIXELS):
    """A picture file, or what is in memory in its place, as a float32 array, (H, W, 3), sRGB in 0..1.

    JPEG, PNG, WebP, TIFF, BMP and others (see `FORMATS`); grey, 16 bits, CMYK, Lab and palettes become RGB,
    transparent pixels are laid on white, the EXIF orientation is applied, an embedded colour profile is converted to
    sRGB. Grey of 32 bits or in floating point may reach to 1, 255, 65535 or the largest value of its type: what it
    holds decides. Of a file with several pictures the first one is read.

    Raises
    ------
    InputError
        If the file is missing, not a regular file, not a picture, of a rare kind that would be read wrongly, empty,
        truncated, below 32 pixels at an edge, or above `max_pixels`.
    """
    if isinstance(path, InMemory):
        return _from_memory(path, max_pixels)
    try:
        _check_regular(path)
        with warnings.catch_warnings(), open(path, "rb") as file:
            warnings.simplefilter("ignore")
            return _decode(_opened(file, path), path, max_pixels)
    except FileNotFoundError:
        told = f"check the name, or run '{start.download()}' for the samples"
        raise InputError(f"{path}: no such picture; {told}.") from None
    except InputError:
        raise
    except MemoryError:
        raise InputError(f"{path}: too large for this machine's memory; use a smaller picture.") from None
    # decoders raise whatever a broken file leads them to: struct.error, SyntaxError, zlib.error, ...
    except Exception as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or type(error).__name__
        if "MAX_TEXT_CHUNK" in reason:
            raise InputError(f"{path}: its colour profile or a text in it is larger than 64 MB; remove it.") from None
        raise InputError(
            f"{path}: cannot be read as a picture ({' '.join(reason.split())}); use an intact file."
        ) from None


def _from_memory(given, max_pixels):
    if given.image is not None:
        return _decode(given.image, given, max_pixels)
    levels = given.levels
    _check_size(levels.shape[1], levels.shape[0], given, max_pixels)
    # transparent pixels are laid on white
    return levels if levels.shape[2] == 3 else 1 - levels[..., 3:] * (1 - levels[..., :3])


def _check_regular(path):
    """InputError unless it is a file that can be read to its end: opening a pipe waits for somebody who writes."""
    mode = os.stat(path).st_mode
    if stat.S_ISDIR(mode):
        raise InputError(f"{path}: a folder, not a picture; name a file in it.")
    if not stat.S_ISREG(mode):
        raise InputError(f"{path}: a pipe or a device, not a file; save the picture to a file first.")


def _opened(file, path):
    try:
        return Image.open(file, formats=FORMATS)
    except UnidentifiedImageError:
        file.seek(0)
        if file.read(4) in TIFF_STARTS:
            raise _rare(path) from None
        raise InputError(f"{path}: not a picture that can be read; use JPEG, PNG, WebP, TIFF or BMP.") from None


def _rare(path):
    return InputError(f"{path}: a damaged TIFF, or one of a rare kind; save it as RGB or grey with 8 or 16 bits.")


def _decode(image, path, max_pixels):
    _check_size(*image.size, path, max_pixels)
    tags = {}
    if image.format == "TIFF":
        tags = {name: image.tag_v2.get(name) for name in (BITS, COMPRESSION, PHOTOMETRIC, PLANES, SAMPLE_FORMAT)}
        if _is_misread(tags):
            raise _rare(path)
    with _without_stderr() if tags else contextlib.nullcontext():
        image.load()
    profile = image.info.get("icc_profile")
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I") or image.mode == "F":
        return _deep_grey(image, tags, profile, path)
    colours, alpha = _without_alpha(image)
    colours = _to_srgb(colours, profile)
    if alpha is not None:
        colours.putalpha(alpha)
        colours = Image.alpha_composite(Image.new("RGBA", colours.size, "white"), colours).convert("RGB")
    picture = np.array(colours, np.float32)
    picture /= 255
    return picture


def _check_size(width, height, path, max_pixels):
    if width * height > max_pixels:
        raise InputError(
            f"{path}: {width} x {height} pixels are more than the limit of {max_pixels}; raise it with --max-pixels."
        )
    if min(width, height) < SMALLEST_EDGE:
        raise InputError(f"{path}: {width} x {height} pixels; a picture needs at least {SMALLEST_EDGE} at each edge.")


def _is_misread(tags):
    """Whether Pillow takes this TIFF for another kind: signed bytes, or 16 bits in planes that are not compressed."""
    deep = max(tags[BITS] or (1,)) > 8
    signed_bytes = not deep and SIGNED in (tags[SAMPLE_FORMAT] or ())
    return signed_bytes or (deep and tags[PLANES] == 2 and tags[COMPRESSION] in (None, 1) and len(tags[BITS]) > 1)


@contextlib.contextmanager
def _without_stderr():
    """Keep libtiff, which is not told how, from writing to the terminal what it thinks of a broken file."""
    try:
        terminal = os.dup(2)
    except OSError:  # there is none
        yield
        return
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)


def _deep_grey(image, tags, profile, path):
    """A grey picture of more than 8 bits, or in floating point, as (H, W, 3) in 0..1."""
    values = np.asarray(image)
    bits, kind = (tags.get(BITS) or (16,))[0], (tags.get(SAMPLE_FORMAT) or (UNSIGNED,))[0]
    if image.mode == "F" or bits == 32 or kind == SIGNED:
        if image.mode != "F" and kind == UNSIGNED:
            values = values.view(np.uint32)  # Pillow keeps them in a signed type
        values = values.astype(np.float64)
        values /= _white(values, 1 if image.mode == "F" else 2 ** (bits - (kind == SIGNED)) - 1, path)
    else:
        values = values.astype(np.float32) / 65535
    values = np.clip(values, 0, 1).astype(np.float32)
    if tags.get(PHOTOMETRIC) == WHITE_IS_ZERO:
        values = 1 - values
    if not profile:
        return np.repeat(values[..., None], 3, axis=2)
    # profiles are converted in 8 bits: what lies between two of their levels is interpolated
    levels = np.arange(256, dtype=np.uint8)
    curves = np.asarray(_to_srgb(Image.fromarray(levels[None]), profile))[0] / 255
    return np.stack([np.interp(255 * values, levels, curve) for curve in curves.T], axis=2).astype(np.float32)


def _white(values, largest, path):
    """What white is in a grey picture: the smallest of 255, 65535 and the type's own white that holds its values."""
    lowest, highest = float(values.min()), float(values.max())
    if not math.isfinite(lowest + highest):
        raise InputError(f"{path}: it holds values that are not numbers; replace them.")
    scales = sorted({largest, 255, 65535})
    white = next((white for white in scales if highest <= 1.05 * white), math.inf)  # resizing overshoots a little
    # between two scales there is no telling: 3 may be brighter than white, or nearly black of 255
    if lowest < -0.05 * white or white not in scales or (white != scales[0] and highest < white / 16):
        raise InputError(
            f"{path}: its grey reaches from {lowest:.6g} to {highest:.6g}, which is no usual scale; save it as 0..255."
        )
    return white


def _without_alpha(image):
    """The colours of a picture, in the space of its profile, and its opacity, or None."""
    if not image.has_transparency_data:
        return image, None
    layers = image.convert("LA" if image.mode in ("1", "L", "LA") else "RGBA")
    return layers.convert(layers.mode[:-1]), layers.getchannel("A")


def _to_srgb(image, profile):
    if profile:
        try:
            image = image if image.mode in ("L", "CMYK", "LAB") else image.convert("RGB")
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass  # a broken or misplaced profile: the numbers alone still make a picture
    return image.convert("RGB")
