"""Content, style and total-variation losses: each a value and its gradient, pure functions of NumPy arrays.

A style loss compares moments of a feature map's channels, a matrix of C x C numbers and perhaps a vector of C;
the engine carries the gradients back to the feature map (`moments_gradient`) and on to the picture.
"""

import numpy as np

from ..engines.contract import Moments


def content(features, target):
    """Squared distance of a feature map to the photograph's (Gatys et al., arXiv 1508.06576, equation 1, times 2).

    Parameters
    ----------
    features, target : ndarray of the same shape

    Returns
    -------
    float
        sum (F - P)^2
    ndarray
        Its gradient with respect to `features`.
    """
    difference = features - target
    return float(np.sum(difference**2, dtype=np.float64)), 2 * difference


def moments(features, mask=None):
    """Moments of a feature map over all positions, or over those of a region.

    Parameters
    ----------
    features : ndarray, shape (C, N)
    mask : ndarray, shape (N,), optional
        0..1; a position counts by its square (guided Gram matrices, Gatys et al., arXiv 1611.07865, section 4).

    Returns
    -------
    Moments
    """
    mask = np.ones(features.shape[1], features.dtype) if mask is None else mask
    guided, count = features * mask, np.sum(mask**2)
    return Moments(guided @ guided.T / count, guided @ mask / count)


def moments_gradient(features, gradient, mask=None):
    """Gradient with respect to a feature map, from the one with respect to its moments.

    Parameters
    ----------
    features : ndarray, shape (C, N)
    gradient : Moments
    mask : ndarray, shape (N,), optional

    Returns
    -------
    ndarray, shape (C, N)
    """
    mask = np.ones(features.shape[1], features.dtype) if mask is None else mask
    result = (gradient.second + gradient.second.T) @ (features * mask)
    if gradient.mean is not None:
        result += np.outer(gradient.mean, mask)
    return result * mask / np.sum(mask**2)


def gram(found, target):
    """Squared distance of two Gram matrices, per channel squared (arXiv 1508.06576, equation 4, times 4).

    Parameters
    ----------
    found, target : Moments

    Returns
    -------
    float
        sum (G - A)^2 / C^2
    Moments
        Its gradient with respect to `found`.
    """
    difference = found.second - target.second
    channels = len(difference)
    value = float(np.sum(difference**2, dtype=np.float64)) / channels**2
    return value, Moments(2 * difference / channels**2, None)


def mean_std(found, target):
    """Squared distance of the channels' means and standard deviations (Li et al., arXiv 1701.01036, section 4.2).

    Scaled so that no style at all (moments of zero) costs what it costs with `gram`.

    Parameters
    ----------
    found, target : Moments

    Returns
    -------
    float
    Moments
        Its gradient with respect to `found`.
    """
    std, target_std = _std(found), _std(target)
    mean_difference, std_difference = found.mean - target.mean, std - target_std
    scale = _gram_scale(target) / float(np.sum(target.mean**2) + np.sum(target_std**2))
    value = scale * float(np.sum(mean_difference**2) + np.sum(std_difference**2))
    by_variance = std_difference / std  # d std / d variance is 1 / (2 std)
    gradient = Moments(np.diag(by_variance), 2 * mean_difference - 2 * by_variance * found.mean)
    return value, Moments(*(scale * part for part in gradient))


def wasserstein(found, target):
    """Squared 2-Wasserstein distance of the Gaussians with these moments (Dowson & Landau 1982).

    ||m - m'||^2 + tr(S + S' - 2 (S'^1/2 S S'^1/2)^1/2) with covariances S, S'. Scaled so that no style at all (moments
    of zero) costs what it costs with `gram`.

    Parameters
    ----------
    found, target : Moments

    Returns
    -------
    float
    Moments
        Its gradient with respect to `found`.
    """
    covariance, target_covariance = _covariance(found), _covariance(target)
    root = _power(target_covariance, 0.5)
    middle = root @ covariance @ root
    mean_difference = found.mean.astype(np.float64) - target.mean
    traces = np.trace(covariance) + np.trace(target_covariance) - 2 * np.trace(_power(middle, 0.5))
    scale = _gram_scale(target) / float(np.sum(target.mean**2) + np.trace(target_covariance))
    value = scale * float(np.sum(mean_difference**2) + traces)
    by_covariance = np.eye(len(root)) - root @ _power(middle, -0.5) @ root
    gradient = Moments(by_covariance, 2 * mean_difference - 2 * by_covariance @ found.mean)
    return value, Moments(*(np.asarray(scale * part, np.float32) for part in gradient))


# what --style-loss names, and which of them need the channels' means
STYLE_LOSSES = {"gram": gram, "mean-std": mean_std, "wasserstein": wasserstein}
USING_MEANS = ("mean-std", "wasserstein")


def _gram_scale(target):
    return float(np.sum(target.second**2, dtype=np.float64)) / len(target.second) ** 2


def _std(given):
    variance = np.diag(given.second) - given.mean**2
    # rounding can leave the variance of a dead channel below zero
    return np.sqrt(np.maximum(variance, 1e-6 * np.diag(given.second) + 1e-12))


def _covariance(given):
    mean = given.mean.astype(np.float64)
    return given.second.astype(np.float64) - np.outer(mean, mean)


def _power(matrix, exponent):
    """A power of a symmetric positive semidefinite matrix; eigenvalues of nothing count as 1e-12 of the largest."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.maximum(values, 1e-12 * values[-1] + 1e-12) ** exponent) @ vectors.T


def total_variation(image):
    """Roughness of a picture: half the sum of squared differences of neighbouring values, zeros outside.

    Its gradient is the convolution of each channel with [0 -1 0; -1 4 -1; 0 -1 0], zero padded, as in MXNet's
    example/neural-style.

    Parameters
    ----------
    image : ndarray, shape (1, C, H, W)

    Returns
    -------
    float
    ndarray, shape (1, C, H, W)
        Its gradient with respect to `image`.
    """
    gradient = 4 * image
    gradient[:, :, 1:] -= image[:, :, :-1]
    gradient[:, :, :-1] -= image[:, :, 1:]
    gradient[:, :, :, 1:] -= image[:, :, :, :-1]
    gradient[:, :, :, :-1] -= image[:, :, :, 1:]
    # the form is quadratic, so the value is half of image . gradient
    return float(np.sum(image * gradient, dtype=np.float64)) / 2, gradient
