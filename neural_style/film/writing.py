"""Frames as a film: H.264 in MP4, which every player and browser shows, with the sound of another film."""

import errno
import itertools
import subprocess

import numpy as np

from ..files import replacing
from . import ffmpeg

QUALITY = 16  # constant rate factor of x264: 0 is without loss, 18 is hard to tell from it, 23 its default
COLOURS = ["-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709", "-color_range", "tv"]


def write(path, frames, rate, sound=None, start=0.0):
    """Write a film, whole or not at all; the same frames give the same bytes.

    Parameters
    ----------
    path : Path
    frames : iterable of ndarray, (H, W, 3) uint8
        At least one, all of one size, height and width even.
    rate : Fraction
        Frames a second.
    sound : Path, optional
        The film whose sound is copied; what MP4 cannot hold of it is coded anew, as AAC.
    start : float
        Seconds into the sound at which the frames begin.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    with replacing(path) as temporary:
        if sound is None:
            _encode(temporary, frames, rate)
        else:
            silent = temporary.with_name(f"{temporary.stem}-silent.mp4")
            try:
                seconds = _encode(silent, frames, rate) / rate
                _add_sound(temporary, silent, sound, start, float(seconds))
            finally:
                silent.unlink(missing_ok=True)


def _encode(path, frames, rate):
    """The number of frames that were written."""
    frames = iter(frames)
    first = next(frames)
    height, width = first.shape[:2]
    arguments = [
        "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", rate, "-i", "-",
        "-vf", "scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd+full_chroma_int",
        "-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", QUALITY, *COLOURS, *_plain(), "-y", f"file:{path}",
    ]  # fmt: skip
    with ffmpeg.calling(arguments, stdin=subprocess.PIPE) as call:
        number = 0
        try:
            for frame in itertools.chain([first], frames):
                call.process.stdin.write(np.ascontiguousarray(frame).data)
                number += 1
            call.process.stdin.close()
        except BrokenPipeError:  # what it says tells why
            pass
        _demand_success(call, call.process.wait())
    return number


def _add_sound(path, silent, sound, start, seconds):
    for codec in (["-c:a", "copy"], ["-c:a", "aac", "-b:a", "192k"]):
        arguments = [
            "-i", f"file:{silent}", *(["-ss", f"{start:.6f}"] if start else []), "-i", f"file:{sound}",
            "-map", "0:v:0", "-map", "1:a", "-c:v", "copy", *codec, "-t", f"{seconds:.6f}", *_plain(),
            "-y", f"file:{path}",
        ]  # fmt: skip
        with ffmpeg.calling(arguments) as call:
            status = call.process.wait()
            if not status or codec[1] == "aac":
                _demand_success(call, status)
                return


def _plain():
    return ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-movflags", "+faststart"]


def _demand_success(call, status):
    if status:
        said = call.said()
        full = "No space left on device" in said
        reason = "No space left on device" if full else " ".join((ffmpeg.complaints(said) or [f"status {status}"])[0:1])
        raise OSError(errno.ENOSPC if full else errno.EIO, reason if full else f"ffmpeg: {reason}")
