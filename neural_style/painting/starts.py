"""Where a run starts: noise, the photograph, the painting, a mixture, or any picture."""

from typing import Any, Union

import numpy as np

from ..pictures import colors, images
from .pieces import MEMORY, Pieces

Picture = Any  # (H, W, 3) or (1, 3, H, W), float32, NumPy's

NAMED = ("noise", "pink", "content", "recolored", "style", "mixed")
NOISE_AMPLITUDE = 0.1  # network range, of 256 levels: what MXNet's example/neural-style starts from
SPREAD = 64.0  # standard deviation of pink noise and of --init-noise, network range: about a photograph's


def start_picture(
    init: Union[str, Picture],
    size: tuple[int, int],
    content: Picture,
    style: Picture,
    *,
    seed: int,
    noise: float = 0.0,
    exponent: float = 1.0,
    pieces: Pieces = MEMORY,
) -> Picture:
    """The picture that is optimised.

    Parameters
    ----------
    init : str or ndarray
        noise (uniform, almost flat), pink (spectrum 1/f^exponent), content, recolored (the photograph, given the mean
        and covariance of the painting's colours), style, mixed (95 % content and 5 % style); or a picture, (H, W, 3) in
        0..1, of any size.
    size : (int, int)
        Height and width.
    content, style : ndarray, (H, W, 3) in 0..1
    seed : int
    noise : float
        0..1: share of white noise that is blended in.
    exponent : float
        Of pink noise: its amplitude falls with the frequency to this power.
    pieces : pieces.Pieces

    Returns
    -------
    ndarray, shape (1, 3, H, W), float32, network range
    """
    generator = np.random.default_rng(seed)
    if not isinstance(init, str):
        image = pieces.in_network_range(init, size)
    elif init == "noise":
        image = pieces.array((1, 3, *size))
        amplitude = NOISE_AMPLITUDE
        pieces.change(image, lambda part: generator.uniform(-amplitude, amplitude, part.shape).astype(np.float32))
    elif init == "pink":
        image = _pink(generator, size, exponent)
    elif init in ("content", "style"):
        image = pieces.in_network_range({"content": content, "style": style}[init], size)
    else:
        image = images.to_network(_mixture(init, images.resize(content, size), images.resize(style, size)))
    if noise:

        def mixed(part: Picture) -> Picture:
            white = generator.normal(0, SPREAD, part.shape).astype(np.float32)
            return (1 - noise) * part + noise * white

        pieces.change(image, mixed)
    return image


def _mixture(init: str, content: Picture, style: Picture) -> Picture:
    if init == "recolored":
        return colors.matched_style(content, style, "covariance")
    return 0.95 * content + 0.05 * style


def _pink(generator: np.random.Generator, size: tuple[int, int], exponent: float) -> Picture:
    height, width = size
    spectrum = np.fft.rfft2(generator.normal(size=(3, height, width)))
    frequency = np.hypot(np.fft.fftfreq(height, 1.0)[:, None], np.fft.rfftfreq(width, 1.0)[None])
    frequency[0, 0] = np.inf
    noise = np.fft.irfft2(spectrum / frequency**exponent, s=(height, width))
    return (SPREAD * noise / noise.std()).astype(np.float32)[None]
