"""Pictures: read, resize, to and from the network's range, save in one rename.

In this suite a picture is a float32 array of shape (H, W, 3), sRGB in 0..1; inside a run it is a float32 array of
shape (1, 3, H, W) in network range, RGB times 256 minus the mean pixel of ImageNet.
"""

import contextlib
import functools
import io
import logging
import os
import warnings
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError
from skimage.restoration import denoise_tv_chambolle

from ..errors import InputError
from ..files import write_bytes
from ..ranges import LEVELS, MEAN_PIXEL

_MEAN = np.array(MEAN_PIXEL, np.float32).reshape(1, 3, 1, 1)
LOWEST, HIGHEST = -_MEAN, LEVELS - _MEAN  # of the network range
SMALLEST_EDGE = 32
MAX_PIXELS = 100_000_000

# `read` holds its own limit, which the user can raise
Image.MAX_IMAGE_PIXELS = None
Image.init()
# what it thinks of a broken file is said by `read`, in one line
logging.getLogger("PIL").addHandler(logging.NullHandler())
# not all that Pillow knows: for EPS it would hand the file to Ghostscript
FORMATS = [
    name
    for name in ("JPEG", "MPO", "PNG", "WEBP", "TIFF", "BMP", "DIB", "GIF", "PPM", "TGA", "JPEG2000", "AVIF")
    if name in Image.OPEN
]


def read(path, max_pixels=MAX_PIXELS):
    """A picture file as a float32 array, (H, W, 3), sRGB in 0..1.

    JPEG, PNG, WebP, TIFF, BMP and others (see `FORMATS`); grey, 16 bits, CMYK and palettes become RGB,
    transparent pixels are laid on white, the EXIF orientation is applied, an embedded colour profile is converted to
    sRGB. Of a file with several pictures the first one is read.

    Raises
    ------
    InputError
        If the file is missing, not a picture, empty, truncated, below 32 pixels at an edge, or above `max_pixels`.
    """
    try:
        with warnings.catch_warnings(), open(path, "rb") as file:
            warnings.simplefilter("ignore")
            return _decode(Image.open(file, formats=FORMATS), path, max_pixels)
    except FileNotFoundError:
        raise InputError(f"{path}: no such picture; check the name, or run 'sh download.sh' for the samples.") from None
    except UnidentifiedImageError:
        raise InputError(f"{path}: not a picture that can be read; use JPEG, PNG, WebP, TIFF or BMP.") from None
    except InputError:
        raise
    except MemoryError:
        raise InputError(f"{path}: too large for this machine's memory; use a smaller picture.") from None
    # decoders raise whatever a broken file leads them to: struct.error, SyntaxError, zlib.error, ...
    except Exception as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or type(error).__name__
        raise InputError(
            f"{path}: cannot be read as a picture ({' '.join(reason.split())}); use an intact file."
        ) from None


def _decode(image, path, max_pixels):
    width, height = image.size
    if width * height > max_pixels:
        raise InputError(
            f"{path}: {width} x {height} pixels are more than the limit of {max_pixels}; raise it with --max-pixels."
        )
    if min(width, height) < SMALLEST_EDGE:
        raise InputError(f"{path}: {width} x {height} pixels; a picture needs at least {SMALLEST_EDGE} at each edge.")
    with _without_stderr() if image.format == "TIFF" else contextlib.nullcontext():
        image.load()
    profile = image.info.get("icc_profile")
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I") or image.mode == "F":
        return np.repeat(_grey(image)[..., None], 3, axis=2)
    if image.mode in ("P", "PA", "LA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
    if image.mode == "RGBA":
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image).convert("RGB")
    image = _to_srgb(image, profile)
    picture = np.array(image, np.float32)
    picture /= 255
    return picture


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


def _grey(image):
    """A 16-bit or float grey picture as float32 in 0..1."""
    values = np.asarray(image).astype(np.float32)
    if not np.isfinite(values).all():
        raise ValueError("it holds values that are not numbers")
    return np.clip(values if image.mode == "F" else values / 65535, 0, 1)


def _to_srgb(image, profile):
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass  # a broken or misplaced profile: the numbers alone still make a picture
    return image.convert("RGB")


def fitted_size(shape, long_edge, enlarge=False):
    """Height and width of a picture of `shape` brought to a long edge of `long_edge` pixels (0: as it is).

    A smaller picture keeps its size unless `enlarge`.
    """
    height, width = shape[:2]
    longest = max(height, width)
    scale = long_edge / longest if long_edge and (enlarge or long_edge < longest) else 1
    return max(1, round(height * scale)), max(1, round(width * scale))


def resize(picture, size, resample=Image.Resampling.LANCZOS):
    """A picture (H, W, 3) at another size (height, width), anti-aliased; Lanczos' overshoots are cut to 0..1."""
    if picture.shape[:2] == tuple(size):
        return picture
    return np.clip(_resample(picture.transpose(2, 0, 1), size, resample).transpose(1, 2, 0), 0, 1)


def resize_planes(planes, size, resample=Image.Resampling.BICUBIC):
    """An array (1, C, H, W) of any range at another size (height, width)."""
    if planes.shape[2:] == tuple(size):
        return planes
    return _resample(planes[0], size, resample)[None]


def _resample(planes, size, resample):
    height, width = size
    return np.stack(
        [np.asarray(Image.fromarray(np.ascontiguousarray(plane)).resize((width, height), resample)) for plane in planes]
    )


def to_network(picture):
    """From (H, W, 3) in 0..1 to (1, 3, H, W) in network range, float32."""
    return np.ascontiguousarray(picture.transpose(2, 0, 1)[None], np.float32) * LEVELS - _MEAN


def from_network(image):
    """From (1, 3, H, W) in network range to (H, W, 3) in 0..1, cut to that range."""
    return np.clip((image[0] + _MEAN[0]) / LEVELS, 0, 1).transpose(1, 2, 0)


def clip(image):
    """A picture in network range with every pixel brought into the range that a file can hold."""
    return np.clip(image, LOWEST, HIGHEST)


def denoised(picture, weight):
    """Total-variation denoising (Chambolle 2004) of a picture (H, W, 3) in 0..1; weight 0 changes nothing."""
    return denoise_tv_chambolle(picture, weight=weight, channel_axis=-1).astype(np.float32) if weight else picture


def save(picture, path):
    """Write a picture (H, W, 3) in 0..1, tagged sRGB, whole or not at all; the suffix of `path` names the format.

    JPEG has quality 95 and full colour resolution, TIFF 16 bits.

    Raises
    ------
    OSError
        If the file cannot be written; what stood at `path` stays as it was.
    """
    # into memory: Pillow's encoders do not notice that a full disk took only half of what they wrote
    file, kind = io.BytesIO(), Image.registered_extensions()[Path(path).suffix.lower()]
    if kind == "TIFF":
        levels = np.rint(picture * 65535).astype(np.uint16)
        tifffile.imwrite(file, levels, photometric="rgb", iccprofile=_srgb_profile(), metadata=None)
    else:
        options = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {}
        image = Image.fromarray(np.rint(picture * 255).astype(np.uint8))
        image.save(file, kind, icc_profile=_srgb_profile(), **options)
    write_bytes(path, file.getvalue())


@functools.cache
def _srgb_profile():
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    # bytes 24 to 35 of a profile are its date of creation (ICC.1:2010, 7.2.8): the same picture must give the same file
    profile[24:36] = bytes(12)
    return bytes(profile)
