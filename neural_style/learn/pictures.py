"""What a painter learns from: crops of photographs, at many scales, mirrored, in other light, with even parts.

Each step has its own.
"""

import functools
from collections.abc import Sequence

import numpy as np
import skimage.data

from ..errors import InputError
from ..pictures import find, images, reading

# those that scikit-image ships, and the largest crop is taken of
SHIPPED = (
    "astronaut", "coffee", "chelsea", "rocket", "retina", "hubble_deep_field", "immunohistochemistry", "brick", "grass",
    "gravel", "camera", "stereo_motorcycle", "moon", "coins",
)  # fmt: skip
RARE = ("brick", "grass", "gravel", "camera", "moon", "coins", "hubble_deep_field", "immunohistochemistry", "retina")
GROWS = (0.75, 1.25)  # of the edge of a crop, from the beginning of a lesson to its end
ENLARGED = 0.2  # of the crops are of fewer pixels than they have: photographs are often blurred
EVEN = 0.25  # of the crops get an even part, such as a sky
PLAIN = 0.15  # spread of the colours in it, at most
LIGHT = 0.3  # how far contrast, brightness and the colours' shares go from what they are


class Crops:
    """Square crops by the number of the step that learns from them, so that a lesson can be taken up anywhere.

    Parameters
    ----------
    pictures : list of ndarray, shape (H, W, 3), 0..1
    edge : int
        Of a crop, pixels, in the middle of a lesson.
    multiple : int
        Of pixels, that every edge is.
    seed : int
    shares : list of float, optional
        How often each picture is taken; all alike by default.
    """

    def __init__(self, pictures: Sequence, edge: int, multiple: int, seed: int, shares=None) -> None:
        self._pictures, self._edge, self._multiple, self._seed = pictures, edge, multiple, seed
        self._shares = None if shares is None else np.asarray(shares) / np.sum(shares)

    def edge(self, done):
        """Of the crops when a part of a lesson is done, 0..1: small ones first, for what is learned soon, then larger.

        At the end normalisation is by the mean and variance of nearly as much as a whole picture shows.
        """
        low, high = GROWS
        return max(1, round(self._edge * (low + (high - low) * done) / self._multiple)) * self._multiple

    def crop(self, step: int, done: float):
        """The crop of a step, (edge, edge, 3) in 0..1, when a part of the lesson is done."""
        wanted = self.edge(done)
        rng = np.random.default_rng((self._seed, step))
        picture = self._pictures[rng.choice(len(self._pictures), p=self._shares)]
        largest = min(picture.shape[:2])
        if rng.random() < ENLARGED:
            side = round(wanted * rng.uniform(0.4, 1))
        else:
            side = round(wanted * max(1.0, largest / wanted) ** rng.random())
        side = min(largest, side)
        top, left = (int(rng.integers(0, edge - side + 1)) for edge in picture.shape[:2])
        crop = images.resize(picture[top : top + side, left : left + side], (wanted, wanted))
        if rng.random() < 0.5:
            crop = crop[:, ::-1]
        if rng.random() < EVEN:
            crop = _with_an_even_part(crop, rng)
        return _in_other_light(crop, rng)


def _with_an_even_part(crop, rng):
    """A picture (H, H, 3) of which one side of a line, at any angle, is covered by colours that hardly change.

    Among the pictures inside scikit-image there are next to no skies and walls; what was not seen is painted wrongly.
    """
    edge, angle, count = crop.shape[0], rng.uniform(0, 2 * np.pi), int(rng.integers(2, 6))
    colours = rng.uniform(0, 1, 3) + rng.uniform(0, PLAIN) * rng.standard_normal((count, count, 3))
    even = images.resize(colours.astype(np.float32), (edge, edge))
    down, right = np.indices((edge, edge)) / edge - 0.5
    beyond = np.cos(angle) * down + np.sin(angle) * right - rng.uniform(-0.4, 0.4)
    width = rng.choice((1.0, 40.0))  # of the border, pixels: roofs before a sky, mist
    share = np.clip(beyond * edge / width + 0.5, 0, 1)[..., None]
    return np.clip(crop + share * (even - crop), 0, 1).astype(np.float32)


def _in_other_light(crop, rng):
    """A picture with its contrast, its brightness and its colours a little changed; half of them stay as they are."""
    if rng.random() < 0.5:
        return np.ascontiguousarray(crop)
    contrast = 1 + LIGHT * rng.uniform(-1, 1)
    brightness = LIGHT / 2 * rng.uniform(-1, 1)
    colours = 1 + LIGHT / 2 * rng.uniform(-1, 1, 3)
    changed = ((crop - 0.5) * contrast + 0.5 + brightness) * colours
    return np.clip(changed, 0, 1).astype(np.float32)


@functools.lru_cache(maxsize=1)
def shipped():
    """The pictures inside scikit-image by name, (H, W, 3) in 0..1."""
    found = {}
    for name in SHIPPED:
        picture = getattr(skimage.data, name)()
        picture = np.asarray(picture[0] if isinstance(picture, tuple) else picture)
        picture = picture[..., :3] if picture.ndim == 3 else np.repeat(picture[..., None], 3, 2)
        found[name] = picture.astype(np.float32) / 255
    return found


def gathered(folder, longest, max_pixels):
    """The pictures to learn from, none longer than `longest`, and how often each is taken.

    Parameters
    ----------
    folder : str or list of str or None
        As `--content-image` takes them; None: those inside scikit-image.
    longest : int
        Pixels of the long edge.
    max_pixels : int

    Returns
    -------
    list of ndarray, list of float or None

    Raises
    ------
    InputError
        If there is no picture, or one cannot be read.
    """
    if folder is None:
        found = shipped()
        shares = [0.4 if name in RARE else 1.0 for name in found]
        return [images.resize(it, images.fitted_size(it.shape, longest)) for it in found.values()], shares
    try:
        paths = find.expand(folder)
    except InputError as error:
        raise InputError(str(error).replace("--content-image", "--pictures", 1)) from None
    pictures = [reading.read(path, max_pixels) for path in paths]
    return [images.resize(it, images.fitted_size(it.shape, longest)) for it in pictures], None
