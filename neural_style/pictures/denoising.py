"""Total-variation denoising, which every picture that is written undergoes.

Written here, and not taken from scikit-image, because a run waits for it: the import of `skimage.restoration` alone
takes as long as a tenth of a small run.
"""

import numpy as np

ENOUGH = 2e-4  # of the first energy: a step that lowers it by less is the last one
MOST = 200  # steps
STEP = 1 / 4  # of the dual ascent, the largest with which it surely converges in two dimensions


def denoised(picture, weight, steps=None):
    """Total-variation denoising of a picture (H, W, 3) in 0..1; weight 0 changes nothing.

    Of each channel f it finds the u with the least ||u - f||^2 / 2 + weight * TV(u), by the iteration of Chambolle, "An
    algorithm for total variation minimization and applications", 2004, eq. 9. As with scikit-image it ends when a step
    changes ||u - f||^2 + weight * TV(u) by less than `ENOUGH` of what that was at first.

    Parameters
    ----------
    picture : ndarray, (H, W, 3)
    weight : float
    steps : int, optional
        How many, each of which reaches one pixel further. By default it ends when a step changes hardly anything.

    Returns
    -------
    ndarray, (H, W, 3), float32
    """
    if not weight:
        return picture
    result = np.empty(picture.shape, np.float32)
    for index in range(picture.shape[2]):
        channel = np.ascontiguousarray(picture[:, :, index], np.float32)
        result[:, :, index] = _channel(channel, weight, *((ENOUGH, MOST) if steps is None else (0, steps)))
    return result


def _channel(channel, weight, enough, most):
    """A channel (H, W), float32, denoised. `down` and `right` are the paper's p times the weight."""
    down, right, slope, other, length, result, square = (np.zeros_like(channel) for _ in range(7))
    first = previous = None
    for _ in range(most):
        np.add(down, right, out=length)  # until it is a length: minus the divergence
        length[1:] -= down[:-1]
        length[:, 1:] -= right[:, :-1]
        np.subtract(channel, length, out=result)
        energy = np.multiply(length, length, out=square).sum()
        np.subtract(result[1:], result[:-1], out=slope[:-1])
        np.subtract(result[:, 1:], result[:, :-1], out=other[:, :-1])
        np.multiply(slope, slope, out=length)
        length += np.multiply(other, other, out=square)
        np.sqrt(length, out=length)
        energy += weight * length.sum()
        if first is None:
            first = energy
        elif abs(previous - energy) < enough * first:
            break
        previous = energy
        length *= STEP / weight
        length += 1
        for dual, part in ((down, slope), (right, other)):
            part *= STEP
            dual -= part
            dual /= length
    return result
