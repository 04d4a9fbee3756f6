"""Where a run starts: noise, the photograph, the painting, a mixture, or any picture."""

from typing import Any, Union

import numpy as np

from ..pictures import colors, images

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

    Returns
    -------
    ndarray, shape (1, 3, H, W), float32, network range
    """
    generator = np.random.default_rng(seed)
    if not isinstance(init, str):
        image = images.to_network(images.resize(init, size))
    elif init == "noise":
        image = generator.uniform(-NOISE_AMPLITUDE, NOISE_AMPLITUDE, (1, 3, *size)).astype(np.float32)
    elif init == "pink":
        image = _pink(generator, size, exponent)
    else:
        image = images.to_network(_mixture(init, images.resize(content, size), images.resize(style, size)))
    if noise:
        white = generator.normal(0, SPREAD, image.shape).astype(np.float32)
        image = (1 - noise) * image + noise * white
    return image


def _mixture(init: str, content: Picture, style: Picture) -> Picture:
    if init == "recolored":
        return colors.matched_style(content, style, "covariance")
    return {"content": content, "style": style, "mixed": 0.95 * content + 0.05 * style}[init]


def _pink(generator: np.random.Generator, size: tuple[int, int], exponent: float) -> Picture:
    height, width = size
    spectrum = np.fft.rfft2(generator.normal(size=(3, height, width)))
    frequency = np.hypot(np.fft.fftfreq(height, 1.0)[:, None], np.fft.rfftfreq(width, 1.0)[None])
    frequency[0, 0] = np.inf
    noise = np.fft.irfft2(spectrum / frequency**exponent, s=(height, width))
    return (SPREAD * noise / noise.std()).astype(np.float32)[None]
