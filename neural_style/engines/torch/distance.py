"""The squared distance of a feature map from the photograph's, and its gradient: in float32, as all sums are."""

from .library import torch
from .moments import as_matrix, in_parts
from .operators import CHANNELS_LAST


class Distance:
    """From one feature map, the target.

    Parameters
    ----------
    target : Tensor, shape (1, C, H, W), float32
    counted : Tensor, shape (H, W), float32, optional
        How much each position counts.
    """

    def __init__(self, target, counted=None):
        self._rows = as_matrix(target.contiguous(memory_format=CHANNELS_LAST))
        self._counted = None if counted is None else counted.reshape(-1, 1)

    def squared(self, features):
        """The sum of the squared differences of a feature map (1, C, H, W) times what they count."""
        found = torch.zeros((), device=features.device)
        for _, part in self._differences(features):
            found += part.square_().sum()
        return found

    def add_gradient(self, total, features, weight):
        """Add to the gradient of a feature map, `total`, that of its squared distance times a weight."""
        total = as_matrix(total)
        # a factor beyond its range is an error there, and not infinite
        factor = min(2 * weight, torch.finfo(total.dtype).max)
        for rows, part in self._differences(features):
            if self._counted is not None:
                part *= self._counted[rows]
            total[rows].add_(part.to(total.dtype), alpha=factor)

    def _differences(self, features):
        for rows, part in in_parts(as_matrix(features)):
            part -= self._rows[rows]
            if self._counted is not None:
                part *= self._counted[rows]
            yield rows, part
