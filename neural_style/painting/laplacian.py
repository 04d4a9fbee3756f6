"""The Laplacian loss: a picture keeps the photograph's contours, whatever colours and strokes fill them.

After Li, Xu, Nie & Liu, "Laplacian-Steered Neural Style Transfer", arXiv 1707.01253. Where they average over blocks,
this takes binomial means around every pixel: what a mean over a block or a box does not see, a grid of its size, grows
in the picture.
"""

from .arrays import Array, array_namespace, total
from .losses import EVERY, around

# of a mean along an axis: a standard deviation of 1.4 pixels, for strokes are finer than contours
WINDOW = (1 / 256, 8 / 256, 28 / 256, 56 / 256, 70 / 256, 56 / 256, 28 / 256, 8 / 256, 1 / 256)
REACH = len(WINDOW) + 1  # rows to each side that the gradient of one sees


def laplacian(image: Array, photograph: Array, rows: slice = EVERY) -> tuple[float, Array]:
    """Squared distance of the Laplacians of two pictures of means (section 3.2).

    Only means of windows that lie inside count, and neighbours that there are.

    Parameters
    ----------
    image, photograph : Array, shape (1, C, H, W)
    rows : slice
        As of `losses.total_variation`.

    Returns
    -------
    float
        sum (D p(x) - D p(c))^2, D the Laplacian of each channel, p the means
    Array, shape (1, C, h, W)
        Its gradient with respect to these rows of `image`.
    """
    block, inner = around(image, rows, REACH)
    difference = block - around(photograph, rows, REACH)[0]
    gradient = array_namespace(image).zeros_like(difference)
    if min(image.shape[2:]) >= len(WINDOW):
        # all is linear, and the Laplacian is its own transpose
        _spread(2 * _laplacian(_laplacian(_means(difference))), gradient)
    gradient = gradient[:, :, inner]
    return total(difference[:, :, inner] * gradient) / 2, gradient


def _means(image: Array) -> Array:
    """(1, C, H, W) -> (1, C, H - 8, W - 8)."""
    height, width = (edge - len(WINDOW) + 1 for edge in image.shape[2:])
    rows = sum(weight * image[:, :, at : at + height] for at, weight in enumerate(WINDOW))
    return sum(weight * rows[:, :, :, at : at + width] for at, weight in enumerate(WINDOW))


def _spread(means: Array, image: Array) -> None:
    """The transpose of `_means`, added to an image."""
    xp, (height, width) = array_namespace(means), means.shape[2:]
    rows = xp.zeros_like(image[:, :, :height])
    for at, weight in enumerate(WINDOW):
        rows[:, :, :, at : at + width] += weight * means
    for at, weight in enumerate(WINDOW):
        image[:, :, at : at + height] += weight * rows


def _laplacian(planes: Array) -> Array:
    result = array_namespace(planes).zeros_like(planes)
    down, right = planes[:, :, 1:] - planes[:, :, :-1], planes[:, :, :, 1:] - planes[:, :, :, :-1]
    result[:, :, 1:] += down
    result[:, :, :-1] -= down
    result[:, :, :, 1:] += right
    result[:, :, :, :-1] -= right
    return result
