"""The Laplacian loss: a picture keeps the photograph's contours, whatever colours and strokes fill them.

After Li, Xu, Nie & Liu, "Laplacian-Steered Neural Style Transfer", arXiv 1707.01253.
"""

from .arrays import Array, array_namespace, total

POOLED = 4  # pixels at each edge of what is averaged first: strokes are finer than contours


def laplacian(image: Array, photograph: Array) -> tuple[float, Array]:
    """Squared distance of the Laplacians of two pictures that are averaged over blocks first (section 3.2).

    At the edges of the picture only the neighbours that there are count. Rows and columns that fill no block are left
    out.

    Parameters
    ----------
    image, photograph : Array, shape (1, C, H, W)

    Returns
    -------
    float
        sum (D p(x) - D p(c))^2, D the Laplacian of each channel, p the averages over blocks
    Array, shape (1, C, H, W)
        Its gradient with respect to `image`.
    """
    xp = array_namespace(image)
    edges = _laplacian(xp, _averages(xp, image - photograph))
    gradient = xp.zeros_like(image)
    # both are linear, and the Laplacian is its own transpose
    _spread(_laplacian(xp, edges) * (2 / POOLED**2), gradient)
    return total(edges**2), gradient


def _blocks(image: Array) -> tuple[int, int]:
    return image.shape[2] // POOLED, image.shape[3] // POOLED


def _averages(xp: Array, image: Array) -> Array:
    rows, columns = _blocks(image)
    whole = image[:, :, : rows * POOLED, : columns * POOLED]
    return xp.mean(xp.reshape(whole, (1, image.shape[1], rows, POOLED, columns, POOLED)), axis=(3, 5))


def _spread(averages: Array, image: Array) -> None:
    """Write each block's number to all of its pixels."""
    rows, columns = _blocks(image)
    for row in range(POOLED):
        for column in range(POOLED):
            image[:, :, row : rows * POOLED : POOLED, column : columns * POOLED : POOLED] = averages


def _laplacian(xp: Array, planes: Array) -> Array:
    result = xp.zeros_like(planes)
    down, right = planes[:, :, 1:] - planes[:, :, :-1], planes[:, :, :, 1:] - planes[:, :, :, :-1]
    result[:, :, 1:] += down
    result[:, :, :-1] -= down
    result[:, :, :, 1:] += right
    result[:, :, :, :-1] -= right
    return result
