"""Two stand-in pictures for a machine without internet: a photograph and a painting of our own.

The photograph is one that ships inside scikit-image. The painting, a red tree above a bay at sunset, is made here:
`_scene` composes its colours and a stream function whose level lines the brush follows, `painting` lays strokes from
broad to fine where the canvas still differs from the scene, after A. Hertzmann, "Painterly Rendering with Curved
Brush Strokes of Multiple Sizes", SIGGRAPH 1998.
"""
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data
from skimage.filters import gaussian

from .. import files

HEIGHT, WIDTH = 600, 900
FINE = 2  # canvas pixels per pixel of the painting, each way
STEP = 0.46  # pixels between neighbouring bristles, and between points along a stroke
# brush radius, longest stroke, distance between strokes (pixels), difference from the scene that calls for a stroke
BRUSHES = ((18, 190, 21, 0.0), (9, 120, 10, 0.13), (4.5, 60, 5, 0.24), (2.4, 32, 3, 0.40))


def photograph():
    """The cat `chelsea` of scikit-image, enlarged by 4/3: (400, 600, 3) uint8, RGB."""
    return np.array(Image.fromarray(data.chelsea()[:, :450]).resize((600, 400), Image.LANCZOS))


def painting(seed=0):
    """A landscape in broad, curved brush strokes: (600, 900, 3) uint8, RGB.

    Another `seed` (int) is another hand: the same composition in other strokes.
    """
    rng = np.random.default_rng(seed)
    scene, direction = _scene()
    canvas = gaussian(scene, 12, channel_axis=-1).repeat(FINE, 0).repeat(FINE, 1)
    relief = np.zeros(canvas.shape[:2], "f4")
    for radius, longest, distance, difference in BRUSHES:
        target = gaussian(scene, radius / 2, channel_axis=-1)
        seen = gaussian(canvas[::FINE, ::FINE], radius / 2, channel_axis=-1)
        start = np.mgrid[0:HEIGHT:distance, 0:WIDTH:distance].reshape(2, -1).T
        start = rng.permutation(start + rng.uniform(0, distance, start.shape)).astype("f4")
        start = start[_at(np.abs(target - seen).sum(-1), start) >= difference]
        path, count = _paths(target, direction, start, radius, longest, rng)
        _lay(canvas, relief, path, count, _at(target, start), radius, rng)
    down, right = np.gradient(gaussian(relief, 0.8))
    canvas *= (1 - 0.11 * (down + right).clip(-2, 2))[..., None]
    canvas = canvas.clip(0, 1).reshape(HEIGHT, FINE, WIDTH, FINE, 3).mean((1, 3))
    return (canvas * 255 + 0.5).astype(np.uint8)


def write(folder):
    """Put `standin_photograph.jpg` and `standin_painting.jpg` into `folder`, which must exist; return both paths.

    A file that is already there stays as it is.
    """
    pictures = {"standin_photograph.jpg": photograph, "standin_painting.jpg": painting}
    for name, make in pictures.items():
        path = Path(folder, name)
        if not path.exists():
            with files.replacing(path) as temporary:
                Image.fromarray(make()).save(temporary, quality=95, subsampling=0)
    return [Path(folder, name) for name in pictures]


def _ramp(position, *codes):
    """Colours (..., 3) in [0, 1] along the hex `codes`, at `position` (0 = the first, 1 = the last)."""
    table = np.array([tuple(bytes.fromhex(code)) for code in codes]) / 255
    stops = np.linspace(0, 1, len(codes))
    return np.stack([np.interp(position, stops, channel) for channel in table.T], -1).astype("f4")


def _scene():
    """The colours to be painted, (H, W, 3) in [0, 1], and the strokes' unit direction (down, right), (H, W, 2)."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype("f4") / HEIGHT

    def wave(phase):
        return 0.5 + 0.5 * np.sin(phase)

    def mix(below, above, share):
        return below + (above - below) * share[..., None]

    # the sky: bands of cloud stirred by three whirls, and the sun
    u, v = x, y + 0.02 * np.sin(4 * x + 1)
    for cx, cy, size, turn in ((0.25, 0.22, 0.17, 4.2), (0.77, 0.15, 0.13, -3.6), (1.33, 0.20, 0.16, 3.4)):
        turned = (u - cx + 1j * (v - cy)) * np.exp(1j * turn * np.exp(-((u - cx) ** 2 + (v - cy) ** 2) / size**2))
        u, v = cx + turned.real, cy + turned.imag
    sun = np.hypot(x - 0.60, y - 0.42)
    cold = _ramp(1.6 * v + 0.2 * wave(45 * v + 3 * u) - 0.1, "111a48", "1d3f8f", "2a6fb0", "4fb0b5", "b5dcb4", "f6d99a")
    warm = _ramp(2 * v, "4a3f95", "9a62a6", "ee8f78", "fbb765", "ffe49a")
    scene = mix(cold, warm, (2.2 * wave(19 * v + 2 * u + 2.6) - 1.1).clip(0, 1))
    scene = mix(scene, _ramp(3.3 * sun, "ffd458", "fbab4c", "f2845c", "e8737a"), np.exp(-((sun / 0.23) ** 2)))
    scene = mix(scene, _ramp(sun / 0.07, "fffbe0", "fff0a0", "ffd23e"), 1.0 * (sun < 0.07))
    stream = v + (0.5 * sun - v) * np.exp(-((sun / 0.17) ** 4))

    def put(where, flow, position, *codes):
        scene[where], stream[where] = _ramp(position[where], *codes), flow[where]

    # the far shore, the bay with the sun's glitter, the field on the left
    down = y - 0.59 + 0.15 * (1.4 * x - 1.12).clip(0, 1) ** 0.8 + 0.012 * np.sin(14 * x)
    flow = down + 0.5 * x
    put(down > 0, flow, 7 * down + 0.2 * np.sin(60 * flow), "d0839a", "7a5aa0", "3f3f86", "28306b")
    depth = 2.5 * (y - 0.60).clip(0)
    flow = y + 0.006 * np.sin(22 * x + 30 * y)
    crest = wave(150 * flow / (1 + 2 * depth) + 2 * np.sin(5 * x))
    put(depth > 0, flow, 0.9 * depth + 0.35 * crest - 0.14, "8fd0c0", "2f8fae", "1c5a94", "173a74", "12234f")
    glitter = crest**0.6 * np.exp(-(((x - 0.60) / (0.06 + 0.25 * depth)) ** 2)) * (depth > 0)
    scene[:] = mix(scene, _ramp(depth, "fff0a8", "ffb84a", "f0803c"), glitter)
    down = y - 0.70 - 0.17 * np.tanh(3.4 * x - 1.77) - 0.02 * np.sin(7 * x)
    flow = down + 0.10 * np.sin(3.5 * x + 5 * down)
    furrow = 2.4 * down + 0.55 * wave(62 * flow) - 0.27
    put(down > 0, flow, furrow, "ffd95a", "f2a531", "dd6b2a", "a8342f", "5a1f45", "2a1740")

    # the tree: its trunk behind the near hill, then clumps of leaves along a sunflower's spiral, the outer ones last
    rise = (1.8 - 2.5 * y).clip(-0.3, 1)
    across = (x - 1.25 + 0.13 * rise - 0.045 * np.sin(3.4 * rise)) / (0.020 + 0.022 * (1 - rise) ** 3)
    put((np.abs(across) < 1) & (y > 0.3), across, 0.5 + 0.5 * across, "a3482c", "4a1834", "180f2c")
    down = y - 0.93 + 0.29 * np.exp(-(((x - 1.36) / 0.36) ** 2)) + 0.03 * np.sin(4 * x)
    flow = down + 0.05 * np.sin(6 * x - 8 * y)
    put(down > 0, flow, 3 * down + 0.5 * wave(75 * flow) - 0.25, "b7c24a", "5f9a4a", "1f6a58", "17405a", "131f45")
    for k in range(34):
        out, turn = np.sqrt((k + 0.5) / 34), 2.4 * k
        right = (x - 1.10 - 0.24 * out * np.cos(turn)) / (0.075 - 0.03 * out)
        down = (y - 0.29 - 0.15 * out * np.sin(turn) - 0.06 * out * np.cos(turn)) / (0.075 - 0.03 * out)
        reach = np.hypot(right, 1.3 * down)
        leaf = reach < 1 + 0.12 * np.sin(5 * np.arctan2(down, right) + k)
        shade = 0.54 + 0.42 * right + 0.5 * down + out * (0.33 * np.sin(turn) + 0.13 * np.cos(turn))
        put(leaf, 0.3 * reach + y - 0.3 * x, shade, "ffd75e", "f7902f", "dc3d2b", "9c1f3c", "4a1440", "2a1040")
    down, right = np.gradient(gaussian(stream, 1.5))
    direction = np.stack([right, -down], -1) / (np.hypot(down, right)[..., None] + 1e-9)
    return scene.clip(0, 1), direction


def _at(image, point):
    """The values of `image` at `point`, (n, 2) as (down, right); outside, those of the nearest pixel."""
    row, column = point.astype(int).T
    return image[row.clip(0, HEIGHT - 1), column.clip(0, WIDTH - 1)]


def _paths(target, direction, start, radius, longest, rng):
    """Points (n, steps, 2) along `direction` from `start`, (n, 2), and how many of them each stroke keeps, (n,).

    A stroke ends where the target's colour is no longer its own.
    """
    path = np.empty((len(start), int(longest / STEP), 2), "f4")
    point, colour = start, _at(target, start)
    course = _at(direction, start) * rng.choice((-1, 1), (len(start), 1))
    going, count = np.ones(len(start), bool), np.zeros(len(start), int)
    for k in range(path.shape[1]):
        going &= (np.abs(_at(target, point) - colour).sum(-1) < 0.3 + 0.02 * radius) | (k * STEP < 2 * radius)
        count += going
        path[:, k] = point
        along = _at(direction, point)
        along = along * np.where((along * course).sum(-1, keepdims=True) < 0, -1, 1)
        course = course + 0.15 / np.sqrt(radius) * along
        course /= np.linalg.norm(course, axis=-1, keepdims=True)
        point = (point + STEP * course).astype("f4")
    return path, count


def _lay(canvas, relief, path, count, colour, radius, rng):
    """Draw the strokes, bristle by bristle, into `canvas`, and the thickness of their paint into `relief`."""
    n = len(path)
    across = np.linspace(-1, 1, int(2 * radius / STEP), dtype="f4")
    tone = gaussian(rng.normal(0, 1, (n, len(across))), (0, 0.8))
    begin, end = (rng.uniform(*span, tone.shape).astype("f4") for span in ((-0.1, 0.06), (0.72, 1.05)))
    # some paint is mixed with another stroke's, and every stroke's is a little off
    colour = colour + np.where(rng.random((n, 1)) < 0.15, 0.35, 0) * (rng.permutation(colour) - colour)
    colour = colour * rng.normal(1, 0.07, (n, 1)) + rng.normal(0, 0.035, (n, 3))
    middle = FINE * path + 1
    aside = FINE * radius / STEP * np.gradient(path, axis=1)[..., ::-1] * np.array((1, -1), "f4")
    # the bristle that was the last to touch a canvas pixel (of repeated indices the last value stays); what falls
    # outside the canvas gathers on a rim of one pixel
    owner = np.full(np.add(relief.shape, 2), -1, "i4")
    bristle = np.arange(tone.size, dtype="i4").reshape(n, 1, -1)
    some = 1 + 200_000 // (path.shape[1] * len(across))
    for part in (slice(first, first + some) for first in range(0, n, some)):
        points = count[part].max()
        share = (np.arange(points) / count[part, None]).astype("f4")
        width = np.sqrt((0.25 + 6 * share).clip(0, 1)) * (1.02 - share**3).clip(0) ** 0.7
        row, column = (
            (middle[part, :points, None, axis] + (aside[part, :points, axis] * width)[..., None] * across)
            .clip(0, owner.shape[axis] - 1).astype("i4") for axis in (0, 1)
        )
        on = (share[..., None] >= begin[part, None]) & (share[..., None] < end[part, None])
        owner.ravel()[(row * owner.shape[1] + column)[on]] = np.broadcast_to(bristle[part], on.shape)[on]
    owner = owner[1:-1, 1:-1]
    owner, touched = owner[owner >= 0], owner >= 0
    canvas[touched] = (colour[:, None] * (1 + 0.12 * tone[..., None])).reshape(-1, 3)[owner]
    relief[touched] = (np.sqrt(radius) * (np.sqrt(1 - 0.8 * across**2) + 0.5 * tone)).ravel()[owner]
