"""A film file, an animated GIF or a folder of pictures as a stream of frames."""

import contextlib
import re
import subprocess
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple, Optional

import numpy as np
from PIL import Image

from ..errors import InputError
from ..pictures import find, images, reading
from . import ffmpeg

USUAL_RATE = Fraction(25)  # frames a second of a folder of pictures
HIGHEST_RATE = 121  # above it, a film has been given the tick of its clock as its rate
ANIMATIONS = (".gif", ".apng")
# transfer functions of high dynamic range: perceptual quantiser and hybrid log-gamma (ITU-R BT.2100)
HIGH_RANGE = re.compile(r"\b(smpte2084|arib-std-b67)\b")
TONE_MAPPED = (
    "zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=tonemap=hable:desat=0,"
    "zscale=t=bt709:m=bt709:r=tv"
)


class Film(NamedTuple):
    """What is known of a film before its frames are read."""

    path: Path
    size: tuple  # height and width at which its pixels are square
    stored: tuple  # height and width of its frames as they are stored, upright
    rate: Fraction  # frames a second
    sound: bool
    filters: Optional[str]  # of ffmpeg
    pictures: tuple = ()  # of a folder: its files
    notices: tuple = ()  # of lines for the user


def is_film(path):
    """Whether a file is a film by its name, or a GIF with more than one picture."""
    suffix = Path(path).suffix.lower()
    if suffix in ANIMATIONS:
        with contextlib.suppress(Exception), Image.open(path) as image:  # whatever a broken file leads Pillow to
            return getattr(image, "n_frames", 1) > 1
    return suffix in find.FILMS


def opened(path, rate=None, max_pixels=reading.MAX_PIXELS):
    """What is known of a film.

    Parameters
    ----------
    path : str or Path
        A file of any kind that ffmpeg reads, or a folder of pictures, the frames in the order of their names.
    rate : float, optional
        Frames a second: those of a folder, or those that are to be taken of a film.
    max_pixels : int
        Of one frame.

    Returns
    -------
    Film

    Raises
    ------
    InputError
        If it is missing, no film, without pictures, or its frames are too small or too large.
    """
    path, rate = Path(path), None if rate is None else Fraction(rate).limit_denominator(1001)
    film = _folder(path, rate, max_pixels) if path.is_dir() else _file(path, rate)
    height, width = film.size
    if height * width > max_pixels:
        raise InputError(
            f"{path}: frames of {width} x {height} pixels are more than the limit of {max_pixels}; "
            "raise it with --max-pixels."
        )
    if min(film.size) < images.SMALLEST_EDGE:
        raise InputError(
            f"{path}: frames of {width} x {height} pixels; they need at least {images.SMALLEST_EDGE} at each edge."
        )
    return film


def _folder(path, rate, max_pixels):
    files = [file for file in path.iterdir() if file.suffix.lower() in find.PICTURES and file.is_file()]
    if not files:
        raise InputError(f"{path}: there is no picture in this folder; name one that holds the frames of a film.")
    # 2 before 10
    files.sort(key=lambda file: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", file.name)])
    size = reading.read(files[0], max_pixels).shape[:2]
    return Film(path, size, size, rate or USUAL_RATE, False, None, tuple(files))


def _file(path, rate):
    if not path.is_file():
        raise InputError(f"{path}: no such film; check the name.")
    status, found, said = ffmpeg.run([*_input(path), *_cut_to(rate), "-frames:v", "1", "-f", "framecrc", "-"])
    stream = next((line for line in said.splitlines() if re.search(r"Stream #0:\d+.*: Video:", line)), None)
    shape = re.search(r"#dimensions 0: (\d+)x(\d+)", found)
    tick = re.search(r"#tb 0: (\d+)/(\d+)", found)
    if stream is None and re.search(r"Stream #0:\d+.*: Audio:", said):
        raise InputError(f"{path}: it has sound, but no pictures; name a film.")
    if not (stream and shape and tick and re.search(r"^0,", found, re.MULTILINE)):
        raise InputError(f"{path}: cannot be read as a film ({_reason(said, status)}); use an intact film.")
    width, height = map(int, shape.groups())
    wide = re.search(r"#sar 0: (\d+)/(\d+)", found)
    ratio = Fraction(int(wide[1]), int(wide[2])) if wide and int(wide[1]) and int(wide[2]) else 1
    found_rate = Fraction(int(tick[2]), int(tick[1]))
    if found_rate > HIGHEST_RATE:
        raise InputError(
            f"{path}: it changes at no fixed rate (ffmpeg would take {float(found_rate):g} frames a second); "
            "say how many to take: --frame-rate 25."
        )
    filters, notices = (None, ()) if not HIGH_RANGE.search(stream) else _from_high_range(path)
    sound = re.search(r"Stream #0:\d+.*: Audio:", said) is not None
    return Film(path, (height, round(width * ratio)), (height, width), found_rate, sound, filters, (), notices)


def _from_high_range(path):
    if "zscale" not in ffmpeg.run(["-filters"])[1]:
        raise InputError(f"{path}: a film of high dynamic range, which this ffmpeg cannot convert; convert it first.")
    return TONE_MAPPED, (f"{path} has a high dynamic range: its tones are mapped to those of sRGB.",)


def _input(path):
    # a name may begin with what ffmpeg takes for a protocol
    return ["-i", f"file:{path}", "-map", "0:v:0", "-fps_mode", "cfr"]


def _cut_to(rate):
    return ["-r", str(rate)] if rate else []


def _reason(said, status):
    found = [line for line in ffmpeg.complaints(said) if not line.startswith("Error opening input")]
    return " ".join((found or [f"ffmpeg ends with status {status}"])[0].split())


def frames(film, first=1, last=None, every=1, max_pixels=reading.MAX_PIXELS) -> Iterator:
    """The frames of a film, one after the other; transparent pixels are laid on white.

    A film whose rate varies is brought to a fixed one: frames are left out or come twice.

    Parameters
    ----------
    film : Film
    first, last : int
        Frames from 1; None: to the end.
    every : int
        Take each so manieth of these.

    Yields
    ------
    ndarray, (H, W, 3) uint8

    Raises
    ------
    InputError
        If the film is damaged on the way, or has fewer frames than `first`.
    """
    read = _pictures(film, max_pixels) if film.pictures else _decoded(film, last)
    number = 0
    for number, frame in enumerate(read, 1):
        if last is not None and number > last:
            break
        if number >= first and (number - first) % every == 0:
            yield frame
    if number < first:
        raise InputError(f"--frames: it begins at {first}, and {film.path} has {number} frames.")


def _pictures(film, max_pixels):
    for file in film.pictures:
        picture = reading.read(file, max_pixels)
        if picture.shape[:2] != film.size:
            (height, width), (h, w) = picture.shape[:2], film.size
            raise InputError(f"{file}: {width} x {height} pixels, the frames before it {w} x {h}; make them one size.")
        yield np.rint(picture * 255).astype(np.uint8)


def _decoded(film, last):
    filters = ["-vf", film.filters] if film.filters else []
    end = ["-frames:v", str(last)] if last is not None else []
    height, width = film.stored
    arguments = [*_input(film.path), *_cut_to(film.rate), *filters, *end, "-f", "rawvideo", "-pix_fmt", "rgba", "-"]
    with ffmpeg.calling(arguments, stdout=subprocess.PIPE) as call:
        number, length = 0, height * width * 4
        while len(data := call.process.stdout.read(length)) == length:
            number += 1
            yield _on_white(np.frombuffer(data, np.uint8).reshape(height, width, 4))
        if number == last:  # what the decoder says of what follows does not count
            return
        call.process.wait()
        complaints = ffmpeg.complaints(call.said())
        if complaints or call.process.returncode or data:
            whole = f"; --frames 1:{number} takes what comes before" if number else ""
            reason = (complaints or [f"ffmpeg ends with status {call.process.returncode}"])[0]
            raise InputError(f"{film.path}: damaged after frame {number} ({reason}){whole}.")


def _on_white(frame):
    colours, alpha = frame[..., :3], frame[..., 3:]
    if alpha.min() == 255:
        return colours
    opacity = alpha.astype(np.float32) / 255
    return np.rint(opacity * colours + (1 - opacity) * 255).astype(np.uint8)
