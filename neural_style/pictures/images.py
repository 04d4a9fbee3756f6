"""Pictures as arrays: resized, to and from the network's range, denoised, saved in one rename.

In this suite a picture is a float32 array of shape (H, W, 3), sRGB in 0..1; inside a run it is a float32 array of
shape (1, 3, H, W) in network range, RGB times 256 minus the mean pixel of ImageNet.
"""

import functools
import io
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image, ImageCms
from skimage.restoration import denoise_tv_chambolle

from ..files import write_bytes
from ..ranges import LEVELS, MEAN_PIXEL

_MEAN = np.array(MEAN_PIXEL, np.float32).reshape(1, 3, 1, 1)
LOWEST, HIGHEST = -_MEAN, LEVELS - _MEAN  # of the network range
SMALLEST_EDGE = 32  # pixels


def fitted_size(shape, long_edge, enlarge=False):
    """Height and width of a picture of `shape` brought to a long edge of `long_edge` pixels (0: as it is).

    A smaller picture keeps its size unless `enlarge`.

    >>> fitted_size((1000, 1500, 3), 600)
    (400, 600)
    >>> fitted_size((200, 300, 3), 600), fitted_size((200, 300, 3), 600, enlarge=True)
    ((200, 300), (400, 600))
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


def denoised(picture, weight, steps=None):
    """Total-variation denoising (Chambolle 2004) of a picture (H, W, 3) in 0..1; weight 0 changes nothing.

    By default it ends when a step changes hardly anything any more, else after a number of steps, each of which reaches
    one pixel further.
    """
    if not weight:
        return picture
    end = {} if steps is None else {"eps": 0, "max_num_iter": steps}
    return denoise_tv_chambolle(picture, weight=weight, channel_axis=-1, **end).astype(np.float32)


def save(picture, path):
    """Write a picture (H, W, 3) in 0..1, tagged sRGB, whole or not at all; the suffix of `path` names the format.

    JPEG has quality 95 and full colour resolution, TIFF 16 bits.

    Raises
    ------
    OSError
        If the file cannot be written; what stood at `path` stays as it was.
    """
    if Path(path).suffix.lower() in (".tif", ".tiff"):
        save_levels(np.rint(picture * 65535).astype(np.uint16), path)
    else:
        save_levels(np.rint(picture * 255).astype(np.uint8), path)


def save_levels(levels, path):
    """As `save`, of a picture in whole numbers: of 16 bits for TIFF, else of 8."""
    # into memory: Pillow's encoders do not notice that a full disk took only half of what they wrote
    file, kind = io.BytesIO(), Image.registered_extensions()[Path(path).suffix.lower()]
    if kind == "TIFF":
        tifffile.imwrite(file, levels, photometric="rgb", iccprofile=srgb_profile(), metadata=None)
    else:
        options = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {}
        Image.fromarray(levels).save(file, kind, icc_profile=srgb_profile(), **options)
    write_bytes(path, file.getbuffer())


@functools.cache
def srgb_profile():
    """The colour profile of what is written."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    # bytes 24 to 35 of a profile are its date of creation (ICC.1:2010, 7.2.8): the same picture must give the same file
    profile[24:36] = bytes(12)
    return bytes(profile)
