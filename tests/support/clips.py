"""Made films of which it is known how everything in them moves."""

import subprocess

import numpy as np
import pytest
from PIL import Image


def ffmpeg(*arguments):
    """Call ffmpeg as a user would."""
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg", reason="needs ffmpeg: pip install imageio-ffmpeg")
    program = imageio_ffmpeg.get_ffmpeg_exe()
    return subprocess.run([program, "-y", "-v", "error", *map(str, arguments)], check=True, capture_output=True).stdout


def texture(height, width, seed):
    """Patches of colour of several sizes, (height, width, 3) in 0..1: something for a flow to hold on to."""
    generator, found = np.random.default_rng(seed), np.zeros((height, width, 3))
    for step, share in ((40, 0.4), (12, 0.35), (5, 0.25)):
        coarse = generator.integers(0, 256, (height // step + 2, width // step + 2, 3), np.uint8)
        patch = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
        found += share * np.asarray(patch) / 255
    return found.astype(np.float32)


def pan(number, height=48, width=64, across=2, down=1, seed=1):
    """A still picture that a camera passes over: each frame shows what lies so many pixels further right and down.

    The flow from a frame to the one before is (across, down) everywhere.
    """
    whole = texture(height + number * down, width + number * across, seed)
    return [whole[n * down : n * down + height, n * across : n * across + width] for n in range(number)]


def passing(number, height=96, width=128, across=4, side=36, seed=2):
    """A square that moves to the right before a background that stands still; and where it is, for each frame."""
    behind, square = texture(height, width, seed), texture(side, side, seed + 1)
    frames, places = [], []
    for n in range(number):
        frame, place = behind.copy(), np.zeros((height, width), bool)
        top, left = (height - side) // 2, 10 + across * n
        frame[top : top + side, left : left + side] = square
        place[top : top + side, left : left + side] = True
        frames.append(frame)
        places.append(place)
    return frames, places


def write(path, frames, rate=25, *more):
    """Write frames as a film without loss; `more` are arguments for ffmpeg before the name."""
    height, width = frames[0].shape[:2]
    data = b"".join(np.rint(frame * 255).astype(np.uint8).tobytes() for frame in frames)
    raw = path.with_suffix(".raw")
    raw.write_bytes(data)
    ffmpeg("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", rate, "-i", raw,
           *(more or ("-c:v", "libx264rgb", "-qp", "0")), path)  # fmt: skip
    raw.unlink()
    return path
