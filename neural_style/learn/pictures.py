"""What a painter learns from: crops of photographs, at many scales, mirrored, in other light. Each step has its own."""

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
        side = min(largest, round(wanted * max(1.0, largest / wanted) ** rng.random()))
        top, left = (int(rng.integers(0, edge - side + 1)) for edge in picture.shape[:2])
        crop = images.resize(picture[top : top + side, left : left + side], (wanted, wanted))
        if rng.random() < 0.5:
            crop = crop[:, ::-1]
        return _in_other_light(crop, rng)


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
