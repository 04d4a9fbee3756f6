"""Keeping the photograph's colours, or giving a picture the painting's.

After Gatys et al., "Preserving Color in Neural Artistic Style Transfer", arXiv 1606.05897.

All pictures are arrays (H, W, 3), sRGB in 0..1.
"""

import numpy as np
from skimage.color import rgb2yiq, yiq2rgb
from skimage.exposure import match_histograms

PRESERVE = ("none", "luminance", "histogram", "covariance")
MATCHING = ("histogram", "covariance")  # one picture's colours to those of another
PIXELS = 2**16  # of a palette
QUANTILES = 1024
MOST = 2**23  # pixels of a photograph whose colours a painting is given: of a larger one about so many are looked at


def matched_style(style, content, how):
    """A painting in a photograph's colours, as a run may see it; or any picture in another's.

    Parameters
    ----------
    style, content : ndarray, (H, W, 3), of any two sizes
    how : str
        histogram: each channel's histogram becomes the second's; covariance: mean and covariance of the colours do
        (section 3.1); anything else changes nothing.

    Returns
    -------
    ndarray, of the first picture's shape
    """
    content = content[:: _step(content), :: _step(content)]
    if how == "histogram":
        return match_histograms(style, content, channel_axis=-1).astype(np.float32)
    if how != "covariance":
        return style
    return transfer(style, content, how)(style)


def _step(picture):
    """Of how many rows and columns one says enough of a picture's colours."""
    return max(1, int((picture.shape[0] * picture.shape[1] / MOST) ** 0.5))


def transfer(sample, target, how):
    """A function that gives pictures with the colours of a sample, (h, W, 3), those of a target; see `matched_style`.

    Parameters
    ----------
    sample, target : ndarray, (H, W, 3), of any two sizes
    how : {"histogram", "covariance"}
        Histograms are matched at `QUANTILES` places, linear between them.
    """
    pixels, wanted = sample.reshape(-1, 3), target.reshape(-1, 3)
    if how == "histogram":
        places = np.linspace(0, 1, QUANTILES)
        tables = [(np.quantile(pixels[:, c], places), np.quantile(wanted[:, c], places)) for c in range(3)]
        return lambda picture: np.stack(
            [np.interp(picture[..., c], *table) for c, table in enumerate(tables)], axis=-1
        ).astype(np.float32)
    matrix = _root(np.cov(wanted.T), 0.5) @ _root(np.cov(pixels.T), -0.5)
    means = pixels.mean(0), wanted.mean(0)

    def matched(picture):
        found = (picture.reshape(-1, 3) - means[0]) @ matrix.T + means[1]
        return np.clip(found, 0, 1).reshape(picture.shape).astype(np.float32)

    return matched


def palette(paintings, shares):
    """Pixels of several paintings as one picture (1, N, 3): of each a number in proportion to its share."""
    parts = []
    for painting, share in zip(paintings, shares):
        pixels = painting.reshape(-1, 3)
        parts.append(pixels[np.linspace(0, len(pixels) - 1, round(PIXELS * share)).astype(int)])
    return np.concatenate(parts)[None]


def with_colors_of(content, picture):
    """The luminance of a picture with the chroma of the photograph (section 3.2): YIQ, both of the same size."""
    return np.clip(yiq2rgb(np.dstack([rgb2yiq(picture)[..., :1], rgb2yiq(content)[..., 1:]])), 0, 1).astype(np.float32)


def _root(matrix, exponent):
    values, vectors = np.linalg.eigh(matrix)
    # a painting of one colour, or a grey one, has no variance in some direction
    return (vectors * np.maximum(values, 1e-6) ** exponent) @ vectors.T
