"""The Laplacian loss: a picture keeps the photograph's contours, whatever colours and strokes fill them.

After Li, Xu, Nie & Liu, "Laplacian-Steered Neural Style Transfer", arXiv 1707.01253. Where they average over blocks,
this takes binomial means around every pixel: what a mean over a block or a box does not see, a grid of its size, grows
in the picture.
"""

from .arrays import Array, array_namespace, total

# of a mean along an axis: a standard deviation of 1.4 pixels, for strokes are finer than contours
WINDOW = (1 / 256, 8 / 256, 28 / 256, 56 / 256, 70 / 256, 56 / 256, 28 / 256, 8 / 256, 1 / 256)


def laplacian(image: Array, photograph: Array) -> tuple[float, Array]:
    """Squared distance of the Laplacians of two pictures of means (section 3.2).

    Only means of windows that lie inside count, and neighbours that there are.

    Parameters
    ----------
    image, photograph : Array, shape (1, C, H, W)

    Returns
    -------
    float
        sum (D p(x) - D p(c))^2, D the Laplacian of each channel, p the means
    Array, shape (1, C, H, W)
        Its gradient with respect to `image`.
    """
    gradient = array_namespace(image).zeros_like(image)
    if min(image.shape[2:]) < len(WINDOW):
        return 0.0, gradient
    edges = _laplacian(_means(image - photograph))
    # all is linear, and the Laplacian is its own transpose
    _spread(2 * _laplacian(edges), gradient)
    return total(edges**2), gradient


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
