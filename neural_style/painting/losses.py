"""Content, style and total-variation losses: each a value and its gradient, pure functions of arrays.

A style loss compares moments of a feature map's channels, a matrix of C x C numbers and perhaps a vector of C;
the engine carries the gradients back to the feature map (`moments_gradient`) and on to the picture.
"""

from functools import partial
from typing import Callable, Optional

from ..engines.contract import Moments
from .arrays import Array, array_namespace, device, double, finite, total

EVERY = slice(None)
StyleLoss = Callable[[Moments, Moments], tuple[float, Moments]]


def content(features: Array, target: Array) -> tuple[float, Array]:
    """Squared distance of a feature map to the photograph's (Gatys et al., arXiv 1508.06576, equation 1, times 2).

    Parameters
    ----------
    features, target : Array
        Of the same shape.

    Returns
    -------
    float
        sum (F - P)^2
    Array
        Its gradient with respect to `features`.
    """
    difference = features - target
    return total(difference**2), 2 * difference


def moments(features: Array, mask: Optional[Array] = None) -> Moments:
    """Moments of a feature map over all positions, or over those of a region.

    Parameters
    ----------
    features : Array, shape (C, N)
    mask : Array, shape (N,), optional
        0..1; a position counts by its square (guided Gram matrices, Gatys et al., arXiv 1611.07865, section 4).

    Returns
    -------
    Moments
    """
    xp = array_namespace(features)
    mask = xp.ones_like(features[0]) if mask is None else mask
    guided, count = features * mask, xp.sum(mask**2)
    return Moments(guided @ guided.T / count, guided @ mask / count)


def moments_gradient(features: Array, gradient: Moments, mask: Optional[Array] = None) -> Array:
    """Gradient with respect to a feature map, from the one with respect to its moments.

    Parameters
    ----------
    features : Array, shape (C, N)
    gradient : Moments
    mask : Array, shape (N,), optional

    Returns
    -------
    Array, shape (C, N)
    """
    xp = array_namespace(features)
    mask = xp.ones_like(features[0]) if mask is None else mask
    result = (gradient.second + gradient.second.T) @ (features * mask)
    if gradient.mean is not None:
        result += _outer(gradient.mean, mask)
    return result * mask / xp.sum(mask**2)


def gram(found: Moments, target: Moments) -> tuple[float, Moments]:
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

    Examples
    --------
    >>> import numpy as np
    >>> identity, nothing = Moments(np.eye(2), None), Moments(np.zeros((2, 2)), None)
    >>> float(gram(identity, nothing)[0])
    0.5
    """
    difference = found.second - target.second
    channels = difference.shape[0]
    return total(difference**2) / channels**2, Moments(2 * difference / channels**2, None)


def mean_std(found: Moments, target: Moments) -> tuple[float, Moments]:
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
    xp = array_namespace(found.second)
    std, target_std = _std(found), _std(target)
    mean_difference, std_difference = found.mean - target.mean, std - target_std
    scale = _gram_scale(target) / float(xp.sum(target.mean**2) + xp.sum(target_std**2))
    value = scale * float(xp.sum(mean_difference**2) + xp.sum(std_difference**2))
    by_variance = std_difference / std  # d std / d variance is 1 / (2 std)
    gradient = Moments(_diagonal(by_variance), 2 * mean_difference - 2 * by_variance * found.mean)
    return value, Moments(*(scale * part for part in gradient))


def wasserstein(found: Moments, target: Moments, root: Optional[Array] = None) -> tuple[float, Moments]:
    """Squared 2-Wasserstein distance of the Gaussians with these moments (Dowson & Landau 1982).

    ||m - m'||^2 + tr(S + S' - 2 (S'^1/2 S S'^1/2)^1/2) with covariances S, S'. Scaled so that no style at all (moments
    of zero) costs what it costs with `gram`.

    Parameters
    ----------
    found, target : Moments
    root : Array, optional
        S'^1/2, where it is known (`towards`).

    Returns
    -------
    float
    Moments
        Its gradient with respect to `found`.
    """
    xp = array_namespace(found.second)
    trace = xp.linalg.trace
    covariance, target_covariance = _covariance(found), _covariance(target)
    root = _root(target) if root is None else root
    values, vectors = _eigen(root @ covariance @ root)
    mean, target_mean = double(found.mean), double(target.mean)
    mean_difference = mean - target_mean
    traces = trace(covariance) + trace(target_covariance) - 2 * xp.sum(values**0.5)
    scale = _gram_scale(target) / (float(xp.sum(target.mean**2)) + float(trace(target_covariance)))
    value = scale * float(xp.sum(mean_difference**2) + traces)
    factor = root @ (vectors * values**-0.25)
    by_covariance = _diagonal(xp.ones_like(mean)) - factor @ factor.T
    gradient = Moments(by_covariance, 2 * mean_difference - 2 * by_covariance @ mean)
    there = {"dtype": xp.float32, "device": device(found.second)}
    return value, Moments(*(xp.asarray(scale * part, **there) for part in gradient))


def towards(loss: StyleLoss, target: Moments) -> Callable[[Moments], tuple[float, Moments]]:
    """A style loss of a picture's moments alone: what it asks of the painting's is computed once, not in each epoch."""
    if loss is wasserstein:
        return partial(wasserstein, target=target, root=_root(target))
    return lambda found: loss(found, target)


# what --style-loss names, and which of them need the channels' means
STYLE_LOSSES: dict[str, StyleLoss] = {"gram": gram, "mean-std": mean_std, "wasserstein": wasserstein}
USING_MEANS = ("mean-std", "wasserstein")


def _gram_scale(target: Moments) -> float:
    channels: int = target.second.shape[0]
    return total(target.second**2) / channels**2


def _std(given: Moments) -> Array:
    xp = array_namespace(given.second)
    squares = xp.linalg.diagonal(given.second)
    # rounding can leave the variance of a dead channel below zero
    return xp.sqrt(xp.maximum(squares - given.mean**2, 1e-6 * squares + 1e-12))


def _covariance(given: Moments) -> Array:
    mean = double(given.mean)
    return double(given.second) - _outer(mean, mean)


def _outer(one: Array, other: Array) -> Array:
    return one[:, None] * other[None, :]


def _diagonal(vector: Array) -> Array:
    """The matrix with a vector on its diagonal and zeros elsewhere."""
    xp, length = array_namespace(vector), vector.shape[0]
    matrix = xp.zeros(length**2, dtype=vector.dtype, device=device(vector))
    matrix[:: length + 1] = vector
    return xp.reshape(matrix, (length, length))


def _root(given: Moments) -> Array:
    """The square root of a covariance matrix."""
    values, vectors = _eigen(_covariance(given))
    return (vectors * values**0.5) @ vectors.T


def _eigen(matrix: Array) -> tuple[Array, Array]:
    """Eigenvalues and eigenvectors of a positive semidefinite matrix; values of nothing are 1e-12 of the largest.

    Not numbers where the matrix is not finite, as of a run that diverges: no library has an answer there.
    """
    xp = array_namespace(matrix)
    if not finite(matrix):
        return xp.full_like(matrix[0], xp.nan), matrix
    values, vectors = xp.linalg.eigh(matrix)
    return xp.maximum(values, 1e-12 * values[-1] + 1e-12), vectors


def temporal(image: Array, earlier: Array, trust: Array) -> tuple[float, Array]:
    """Squared distance of a frame to an earlier one that was moved along the flow, where the flow can be trusted.

    After Ruder, Dosovitskiy & Brox, arXiv 1604.08610, equation 7; here a sum, not a mean.

    Parameters
    ----------
    image, earlier : Array, shape (1, C, H, W)
    trust : Array, shape (H, W)
        0..1.

    Returns
    -------
    float
        sum c (x - w)^2
    Array, shape (1, C, H, W)
        Its gradient with respect to `image`.
    """
    difference = image - earlier
    trusted = trust * difference
    return total(trusted * difference), 2 * trusted


def total_variation(image: Array, rows: slice = EVERY) -> tuple[float, Array]:
    """Roughness of a picture: half the sum of squared differences of neighbouring values, zeros outside.

    Its gradient is the convolution of each channel with [0 -1 0; -1 4 -1; 0 -1 0], zero padded, as in MXNet's
    example/neural-style.

    Parameters
    ----------
    image : Array, shape (1, C, H, W)
    rows : slice
        Those that are looked at: over all of them the values add up, and the gradients are parts of one.

    Returns
    -------
    float
    Array, shape (1, C, h, W)
        Its gradient with respect to these rows of `image`.
    """
    block, rows = around(image, rows, 1)
    gradient = 4 * block
    gradient[:, :, 1:] -= block[:, :, :-1]
    gradient[:, :, :-1] -= block[:, :, 1:]
    gradient[:, :, :, 1:] -= block[:, :, :, :-1]
    gradient[:, :, :, :-1] -= block[:, :, :, 1:]
    gradient = gradient[:, :, rows]
    # the form is quadratic, so the value is half of image . gradient
    return total(block[:, :, rows] * gradient) / 2, gradient


def around(image: Array, rows: slice, reach: int) -> tuple[Array, slice]:
    """Rows of an image (1, C, H, W) with so many neighbours, as far as there are any; and where they stand there."""
    first, last, _ = rows.indices(image.shape[2])
    top = max(0, first - reach)
    return image[:, :, top : last + reach], slice(first - top, last - top)
