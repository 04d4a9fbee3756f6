"""Moments of feature maps, and their gradients: in float32, whatever the feature maps are in."""

from typing import NamedTuple, Optional

from ..contract import Moments
from .library import torch

# values of a feature map that are brought to float32 at a time: a megabyte on a CPU, whose cache holds it
VALUES = {"cpu": 1 << 18}
VALUES_ON_GPU = 1 << 26


class Region(NamedTuple):
    """A region of a style layer's positions."""

    mask: Optional[torch.Tensor]  # (N, 1) float32; None: every position counts fully
    positions: float  # the sum of the mask's squares


def as_matrix(features):
    """A feature map (1, C, H, W), channels last, as the matrix (H W, C): the same memory."""
    return features.permute(0, 2, 3, 1).view(-1, features.shape[1])


def in_parts(matrix):
    """Yield, for some rows of a matrix at a time, which they are and a copy of them in float32 to be written over."""
    rows = max(1, VALUES.get(matrix.device.type, VALUES_ON_GPU) // matrix.shape[1])
    buffer = torch.empty(min(rows, len(matrix)), matrix.shape[1], device=matrix.device)
    for start in range(0, len(matrix), rows):
        part = matrix[start : start + rows]
        yield slice(start, start + rows), buffer[: len(part)].copy_(part)


def moments(features, region, means):
    """The `Moments` of a feature map (1, C, H, W) over a region."""
    matrix = as_matrix(features)
    channels = matrix.shape[1]
    second = matrix.new_zeros(channels, channels, dtype=torch.float32)
    mean = matrix.new_zeros(channels, dtype=torch.float32) if means else None
    for rows, part in in_parts(matrix):
        mask = None if region.mask is None else region.mask[rows]
        if mask is not None:
            part *= mask
        second.addmm_(part.T, part)
        if means:
            mean += part.sum(0) if mask is None else (part * mask).sum(0)
    return Moments(second / region.positions, mean / region.positions if means else None)


def add_gradient(total, features, region, gradient):
    """Add to the gradient of a feature map, `total`, what comes from the gradient of its moments."""
    total, matrix = as_matrix(total), as_matrix(features)
    second = ((gradient.second + gradient.second.T) / region.positions).to(matrix.dtype)
    weight = None if region.mask is None else region.mask.square().to(matrix.dtype)
    total.addmm_(matrix if weight is None else matrix * weight, second)
    if gradient.mean is not None:
        mean = (gradient.mean / region.positions).to(matrix.dtype)
        total.add_(mean if weight is None else weight * mean)
