"""The animation of a run: its snapshots one after the other, as GIF, WebP or MP4."""
import importlib.util

import imageio.v3 as iio
import numpy as np
from PIL import Image

from .. import start
from ..errors import InputError
from ..files import replacing
from . import results

LONG_EDGE = {"gif": 480, "webp": 800, "mp4": 800}  # pixels at most: an animation is for a mail or a README
FRAMES = 48  # at most, spread evenly over the run: a GIF of 200 takes a minute to write, and 38 MB
LENGTH, REST = 8.0, 2.0  # seconds for all snapshots together at most, and for the last picture


def check(format):
    """Raise InputError if animations of this format cannot be written here; to be called before a long run.

    Parameters
    ----------
    format : {"gif", "webp", "mp4"}
    """
    if format not in LONG_EDGE:
        raise InputError(f"--animate {format}: choose one of {', '.join(LONG_EDGE)}")
    if format == "mp4" and importlib.util.find_spec("imageio_ffmpeg") is None:
        cure = f"{start.install('film')}, or take webp"
        raise InputError(f"--animate mp4: the package imageio-ffmpeg is missing; {cure}.")


def write(folder, format):
    """Write `animation.<format>` into the folder of a run, from its snapshots and its final picture.

    Parameters
    ----------
    folder : str or Path
        The output directory of a run.
    format : {"gif", "webp", "mp4"}

    Returns
    -------
    Path
        The animation. It lasts at most ten seconds; GIF and WebP repeat for ever.

    Raises
    ------
    InputError
        If the format cannot be written, the folder holds no readable record of a run, or a picture is damaged.
    OSError
        If the animation cannot be written.
    """
    check(format)
    run = results.read(folder)
    pictures = [run["folder"] / picture["file"] for picture in run["pictures"] if "epoch" in picture]
    pictures = [pictures[i] for i in np.linspace(0, len(pictures) - 1, min(FRAMES, len(pictures))).round().astype(int)]
    scale = min(1, LONG_EDGE[format] / max(run["size"]))
    # MP4 stores colours for two by two pixels, so both sides are even
    size = tuple(max(2, round(length * scale / 2) * 2) for length in run["size"])
    frames = [_frame(picture, size) for picture in pictures]
    pause = min(0.5, LENGTH / len(frames))
    path = run["folder"] / f"animation.{format}"
    with replacing(path) as temporary:
        if format == "mp4":
            frames += [frames[-1]] * round(REST / pause)
            iio.imwrite(temporary, frames, plugin="FFMPEG", fps=1 / pause, macro_block_size=2)
        else:
            milliseconds = [round(1000 * pause)] * (len(frames) - 1) + [round(1000 * REST)]
            # Pillow takes no list for a single picture
            durations = milliseconds if len(frames) > 1 else milliseconds[0]
            iio.imwrite(temporary, frames, plugin="pillow", duration=durations, loop=0)
    return path


def _frame(path, size):
    try:
        with Image.open(path) as picture:
            return np.asarray(picture.convert("RGB").resize(size, Image.Resampling.LANCZOS))
    except Exception:  # decoders raise whatever a broken file leads them to
        raise InputError(f"{path} is damaged: the animation needs it; delete it or run again") from None
