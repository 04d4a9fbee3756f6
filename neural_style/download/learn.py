"""A VGG-19 that needs no download: learned without labels from the pictures that come with scikit-image.

Each convolution, from the bottom up, learns its filters as the typical patches of the feature maps below it: patches
of equal contrast, whitened, spherical k-means (Coates and Ng, "Learning Feature Representations with K-means", 2012).
Their thresholds are low, and spread: a unit that is off passes no gradient, and where a picture is flat, in skies and
on walls, high thresholds would leave few units on. Style transfer asks of a network that its filters tell textures
apart, not that it names objects; random filters do so a little (He, Wang and Hopcroft, arXiv 1606.04801), learned ones
far better.

Six channels of every feature map are not learned. They carry the picture itself: its three principal colours, the
positive and the negative part of each, which every convolution hands on and every pooling halves. Half of the filters
of a block's first convolution look at them alone, at the picture at one scale, as the shallow networks of
Ustyuzhaninov et al. do (arXiv 1606.00021). The last convolution of a block smoothes them: through what is
halved without that a gradient comes down in squares of eight or sixteen pixels, and their edges are seen in skies
(R. Zhang, "Making Convolutional Networks Shift-Invariant Again", arXiv 1904.11486).

    python -m neural_style.download.learn model/vgg19-offline.params [--seed N]
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import scipy.sparse
import skimage.color
import skimage.data
import skimage.transform
from tqdm import tqdm

from ..engines import door
from ..errors import InputError
from ..networks.layers import DATA, fields, needed
from ..networks.vgg import VGG19
from ..ranges import MEAN_PIXEL
from ..weights import store

RECIPE = 3

PICTURES = (
    "astronaut", "coffee", "chelsea", "rocket", "hubble_deep_field", "immunohistochemistry", "retina", "brick",
    "grass", "gravel", "camera", "stereo_motorcycle",
)  # fmt: skip
CARRIED = 6  # channels that carry the picture: three colours, then their negatives; brightness is the first colour
BINOMIAL = np.outer((1, 2, 1), (1, 2, 1)) / 16  # what smoothes them before they are halved
CHANNELS = 96  # principal components kept of the channels of a patch
COMPONENTS = 256  # principal components kept of a patch
WHITENING = 0.2  # added to the variances of whitened patches, times their mean: fine grain must not outweigh form
CONTRAST = 0.1  # added to the squared contrast of patches, times its mean, before they are divided by the contrast
THRESHOLDS = -2.0, 0.0  # of the first and the last filter: standard deviations from its mean response
ITERATIONS = 8  # of k-means
ACTIVATION = 100.0  # root mean square of the first feature maps, near the mean of those of the trained VGG-19


def build(path, engine, seed=0, progress=True):
    """Learn the network and keep it as a weights file with its record beside it.

    Parameters
    ----------
    path : str or Path
        The `.params` file to write; its folder must exist.
    engine : engines.contract.Engine
        What computes the feature maps, in float32.
    seed : int
        Equal seeds give equal bytes on one machine.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    str or Path
        `path`.
    """
    store.save(path, learn(engine, seed, progress))
    store.record(
        path,
        origin=f"learned from scikit-image's pictures, recipe {RECIPE}, seed {seed}",
        verified_by="built on this computer",
        recipe=RECIPE,
        seed=seed,
    )
    return path


def learn(engine, seed=0, progress=True, network=VGG19, patches=20000, long_edge=256):
    """Learn the convolutions of a VGG one after the other, up to the deepest of its default layers.

    Parameters
    ----------
    engine : engines.contract.Engine
    seed : int
    progress : bool
        Whether to show a progress bar, one step for each convolution.
    network : networks.layers.Network
        Of 3 x 3 convolutions, each behind a ReLU, in blocks that pooling ends.
    patches : int
        Patches that each convolution learns from.
    long_edge : int
        Size of the training pictures, pixels.

    Returns
    -------
    dict of str to ndarray
        `conv1_1_weight` (64, 3, 3, 3), `conv1_1_bias` (64,) and so on, float32, for RGB in 0-255 minus the mean pixel.
    """
    rng = np.random.default_rng(seed)
    maps = [engine.array(picture) for picture in training_pictures(long_edge)]
    rows = [row for row in needed(network, network.defaults.style_layers) if row.kind in ("convolution", "pool")]
    pools = {row.name for row in rows if row.kind == "pool"}
    arrays, strength = {}, {}
    with tqdm(rows, desc="offline VGG-19", unit="layer", disable=None if progress else True) as bar:
        for row, above in zip(bar, [*rows[1:], None]):
            bar.set_postfix_str(row.name)
            if row.kind == "pool":
                maps = [engine.pooled(f) for f in maps]
                continue
            (below,) = row.inputs
            smooths = above is not None and above.kind == "pool"
            weight, bias = learn_convolution(
                [engine.numpy(f)[0] for f in maps], row.channels, below == DATA, below in pools, smooths, patches, rng
            )
            for i, f in enumerate(maps):  # one after the other: the old ones are let go of
                maps[i] = engine.convolved(f, weight, bias)
            arrays[f"{row.name}_weight"], arrays[f"{row.name}_bias"] = weight, bias
            opens_block = below == DATA or below in pools
            strength[row.name] = np.median([gram_strength(engine.numpy(f)[0]) for f in maps]) if opens_block else None
    return balanced(arrays, strength, fields(network))


def learn_convolution(maps, width, first, pooled, smooths, patches, rng):
    """Learn the filters of one convolution from the feature maps below it, list of (C, H, W).

    Parameters
    ----------
    maps : list of ndarray
    width : int
        Filters, those that carry the picture included.
    first : bool
        Whether the maps are the pictures themselves.
    pooled : bool
        Whether they are behind a pooling: half of the filters look at the picture alone.
    smooths : bool
        Whether a pooling follows: the picture is smoothed for it.
    patches : int
    rng : numpy.random.Generator

    Returns
    -------
    weight : ndarray, (width, C, 3, 3), float32
    bias : ndarray, (width,), float32
    """
    learned = width - CARRIED
    half = learned // 2 if pooled else 0
    weight = np.zeros((width, len(maps[0]), 3, 3), "f4")
    bias = np.zeros(width, "f4")
    carried = principal_colours(maps) if first else np.eye(CARRIED, len(maps[0]))
    weight[:CARRIED, :, 1, 1] = carried
    if smooths:
        weight[:CARRIED] = carried[:, :, None, None] * BINOMIAL
    end = CARRIED
    for seen, filters in ((slice(CARRIED), half), (slice(None), learned - half)):
        if filters:
            rows = slice(end, end + filters)
            weight[rows, seen], bias[rows] = learn_filters([f[seen] for f in maps], filters, patches, rng)
            end += filters
    return weight, bias


def training_pictures(long_edge):
    """Yield the pictures as float32 arrays (1, 3, H, W) in the network's range."""
    for name in PICTURES:
        picture = getattr(skimage.data, name)()
        picture = picture[0] if isinstance(picture, tuple) else picture
        picture = picture[..., :3] if picture.ndim == 3 else skimage.color.gray2rgb(picture)
        size = [edge * long_edge // max(picture.shape) for edge in picture.shape[:2]]
        picture = 255 * skimage.transform.resize(picture, size, anti_aliasing=True)
        yield (picture.astype("f4") - np.float32(MEAN_PIXEL)).transpose(2, 0, 1)[None]


def principal_colours(maps):
    """Return the principal components of the pictures' colours and their negatives, (6, 3), of mean activation 1."""
    pixels = np.concatenate([f.reshape(3, -1).T for f in maps])
    colours = principal_components(pixels, 3)[0]
    colours *= 2 / np.abs(pixels @ colours).mean(0)
    return np.concatenate([colours.T, -colours.T])


def learn_filters(maps, count, patches, rng):
    """Learn `count` filters of root mean square activation 1 from random patches of feature maps, list of (C, H, W).

    Returns weight (count, C, 3, 3) and bias (count,).
    """
    sample, channels = sample_patches(maps, patches, rng)
    mean = sample.mean(0)
    centred = (sample - mean).reshape(patches, -1)
    contrast = np.square(sample - sample.mean((1, 2), keepdims=True)).sum((1, 2, 3))
    normalised = centred / np.sqrt(contrast + CONTRAST * contrast.mean())[:, None]
    normalised -= normalised.mean(0)
    components, variance = principal_components(normalised, COMPONENTS)
    whiten = components / np.sqrt(variance + WHITENING * variance.mean())
    centroids = spherical_kmeans(normalised @ whiten, count, rng)

    response = centred @ whiten @ centroids.T
    threshold = response.mean(0) + np.linspace(*THRESHOLDS, count) * response.std(0)
    scale = 1 / np.sqrt(np.square(np.maximum(response - threshold, 0)).mean(0))
    weight = (centroids @ whiten.T).reshape(count, 3, 3, -1)
    bias = -np.tensordot(weight, mean, 3) - threshold
    return (weight @ channels.T).transpose(0, 3, 1, 2) * scale[:, None, None, None], bias * scale


def sample_patches(maps, count, rng):
    """Draw random 3 x 3 patches of feature maps, zero padding included, in their leading principal components.

    Parameters
    ----------
    maps : list of ndarray, (C, H, W)
    count : int
    rng : numpy.random.Generator

    Returns
    -------
    patches : ndarray, (count, 3, 3, c)
        c is C or `CHANNELS`, whichever is less.
    channels : ndarray, (C, c)
        The principal components: a feature vector times `channels` is a pixel of a patch.
    """
    area = np.array([f[0].size for f in maps], float)
    counts = np.diff(np.round(np.cumsum(np.append(0, area)) / area.sum() * count).astype(int))
    places = [(rng.integers(0, f.shape[1], n), rng.integers(0, f.shape[2], n)) for f, n in zip(maps, counts)]
    pixels = np.concatenate([f[:, rows, columns].T for f, (rows, columns) in zip(maps, places)])
    channels = principal_components(pixels - pixels.mean(0), CHANNELS)[0]
    patches = []
    for f, (rows, columns) in zip(maps, places):
        padded = np.pad(np.tensordot(channels, f, (0, 0)), ((0, 0), (1, 1), (1, 1)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
        patches.append(windows[:, rows, columns].transpose(1, 2, 3, 0))
    return np.concatenate(patches), channels


def principal_components(x, count):
    """Return the leading components of centred data (N, D) as columns (D, count), and their variances."""
    variance, vectors = np.linalg.eigh(x.T @ x / len(x))
    return vectors[:, ::-1][:, :count], np.maximum(variance[::-1][:count], 0)


def spherical_kmeans(x, count, rng):
    """Return `count` centroids (count, D) of unit length of data (N, D), compared by direction (Coates and Ng)."""
    x = x / (np.linalg.norm(x, axis=1, keepdims=True) + 1e-6)
    centroids = x[rng.choice(len(x), count, replace=False)]
    for _ in range(ITERATIONS):
        nearest = (x @ centroids.T).argmax(1)
        members = scipy.sparse.csr_matrix((np.ones_like(x[:, 0]), (nearest, np.arange(len(x)))), (count, len(x)))
        sums = members @ x
        length = np.linalg.norm(sums, axis=1, keepdims=True)
        centroids = np.where(length > 1e-3, sums / np.maximum(length, 1e-3), centroids)
    return centroids


def gram_strength(f):
    """Return the mean square of the entries of the Gram matrix of a feature map (C, H, W), divided by H W."""
    f = f.reshape(len(f), -1)
    return np.mean((f @ f.T / f.shape[1]) ** 2)


def balanced(arrays, strength, fields):
    """Return the arrays scaled so that the classic loss weights suit them.

    A positive factor on a convolution passes through the layers above (they are piecewise linear), so each style
    layer can be given the scale at which its term of the style loss, which grows with the fourth power of the scale
    and with H W, weighs as much as that of relu1_1.

    Parameters
    ----------
    arrays : dict of str to ndarray
    strength : dict of str to float
        Convolution -> its `gram_strength` where it opens a block, None elsewhere; in network order.
    fields : dict of str to networks.layers.Field
    """
    scaled, below = {}, 1.0
    first = next(iter(strength.values()))
    for name, own in strength.items():
        above = below if own is None else ACTIVATION * (fields[name].stride ** 2 * first / own) ** 0.25
        scaled[f"{name}_weight"] = np.float32(arrays[f"{name}_weight"] * (above / below))
        scaled[f"{name}_bias"] = np.float32(arrays[f"{name}_bias"] * above)
        below = above
    return scaled


def main(arglist=None):
    """The command line: learns a network into the file that it is told. Returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m neural_style.download.learn",
        description="Learn a VGG-19 from the pictures that come with scikit-image: half a minute, no download.",
    )
    parser.add_argument("file", type=Path, help="the weights file to write, for example model/vgg19-offline.params")
    parser.add_argument("--seed", type=int, default=0, help="equal seeds give equal files (default: 0)")
    args = parser.parse_args(arglist)
    try:
        if not args.file.parent.is_dir():
            raise InputError(f"{args.file}: there is no folder {args.file.parent}; make it first.")
        build(args.file, engine(), args.seed)
    except (InputError, OSError) as error:
        print(f"learn: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"learn: interrupted; {args.file} is as it was.", file=sys.stderr)
        return 130
    return 0


def engine():
    """The engine to learn with: on the CPU, in float32, so that a file depends on no graphics card."""
    return door.opened(gpu=-1, precision="float32").engine


if __name__ == "__main__":
    sys.exit(main())
