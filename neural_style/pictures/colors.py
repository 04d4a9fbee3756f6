"""Keeping the photograph's colours.

After Gatys et al., "Preserving Color in Neural Artistic Style Transfer", arXiv 1606.05897.

All pictures are arrays (H, W, 3), sRGB in 0..1.
"""

import numpy as np
from skimage.color import rgb2yiq, yiq2rgb
from skimage.exposure import match_histograms

PRESERVE = ("none", "luminance", "histogram", "covariance")
MATCHING = ("histogram", "covariance")  # the painting's colours to those of the photograph


def matched_style(style, content, how):
    """The painting as the run should see it.

    Parameters
    ----------
    style, content : ndarray, (H, W, 3), of any two sizes
    how : str
        histogram: each channel's histogram becomes the photograph's; covariance: mean and covariance of the colours do
        (section 3.1); anything else changes nothing.

    Returns
    -------
    ndarray, of the painting's shape
    """
    if how == "histogram":
        return match_histograms(style, content, channel_axis=-1).astype(np.float32)
    if how != "covariance":
        return style
    pixels, target = style.reshape(-1, 3), content.reshape(-1, 3)
    transform = _root(np.cov(target.T), 0.5) @ _root(np.cov(pixels.T), -0.5)
    matched = (pixels - pixels.mean(0)) @ transform.T + target.mean(0)
    return np.clip(matched, 0, 1).reshape(style.shape).astype(np.float32)


def with_colors_of(content, picture):
    """The luminance of a picture with the chroma of the photograph (section 3.2): YIQ, both of the same size."""
    return np.clip(yiq2rgb(np.dstack([rgb2yiq(picture)[..., :1], rgb2yiq(content)[..., 1:]])), 0, 1).astype(np.float32)


def _root(matrix, exponent):
    values, vectors = np.linalg.eigh(matrix)
    # a painting of one colour, or a grey one, has no variance in some direction
    return (vectors * np.maximum(values, 1e-6) ** exponent) @ vectors.T
