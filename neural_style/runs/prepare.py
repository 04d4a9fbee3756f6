"""One run: from settings to pictures, network and levels, and on to the stream of events."""

import argparse
import math
import os
from typing import NamedTuple

import numpy as np
from PIL import Image

from ..engines.contract import Encoder, Moments
from ..engines.mxnet.devices import choose_context, choose_precision
from ..engines.mxnet.engine import MXNetEngine
from ..errors import InputError
from ..networks import layers
from ..networks.registry import NETWORKS
from ..painting import descent, losses, starts
from ..painting.descent import State
from ..painting.objective import Objective, Weights
from ..painting.optimizers import OPTIMIZERS
from ..pictures import colors, find, images, masks, reading
from ..weights import store as weights


class Run(NamedTuple):
    """A run that is ready to begin."""

    settings: argparse.Namespace  # every option has a value
    content: np.ndarray  # (H, W, 3) in 0..1, at the size of the result
    styles: list  # of pictures (H, W, 3) in 0..1, at their own sizes, colours matched
    regions: list  # of masks (H, W) of the result; [None]: the whole picture
    style_regions: list  # for each painting its masks (H, W), in the same order
    painted: np.ndarray  # (H, W) in 0..1: where the picture may change; None: everywhere
    weights: weights.Weights
    encoder: Encoder
    levels: list  # of descent.Level
    notices: list  # of lines for the user: what was chosen for him
    shared: dict  # what runs have in common that differ only in the photograph

    @property
    def size(self):
        """Height and width of the result."""
        return self.levels[-1].size


def prepare(settings, shared=None):
    """Read the pictures and the weights, choose what was left open.

    Parameters
    ----------
    settings : argparse.Namespace
        As `options.complete` gives it.
    shared : dict, optional
        The same one for runs that differ only in the photograph: the network and the paintings' moments are kept in it.

    Raises
    ------
    InputError
        If a picture, the weights or an option cannot be used.
    """
    it = argparse.Namespace(**vars(settings))
    if not isinstance(it.content_image, (str, os.PathLike)):
        raise InputError("--content-image: a run paints one photograph; call it once for each.")
    shared = {} if shared is None else shared
    context, notice = choose_context(it.gpu)
    notices = [notice] if notice else []
    it.precision = choose_precision(it.precision, context)
    content_path, *style_paths = (_find(path, notices) for path in (it.content_image, *it.style_image))
    it.content_image, it.style_image = str(content_path), [str(path) for path in style_paths]
    content = reading.read(content_path, it.max_pixels)
    styles = [reading.read(path, it.max_pixels) for path in style_paths]
    content = images.resize(content, images.fitted_size(content.shape, it.max_long_edge, it.enlarge))
    styles = [colors.matched_style(style, content, it.preserve_colors) for style in styles]
    regions, style_regions, painted = _read_masks(it, content.shape[:2])
    network = NETWORKS[it.model]
    loaded = _once(shared, "weights", lambda: weights.load(it.model, it.weights))
    defaults = network.defaults_for(loaded.offline)._asdict()
    for option, value in defaults.items():
        if getattr(it, option) is None:
            setattr(it, option, value)
    if not it.content_layers and not it.style_layers:
        raise InputError("--style-layers: with no layer of style and none of content there is nothing to paint by.")
    for option in ("content_layers", "style_layers"):
        _check_layers(option, getattr(it, option), network, loaded.arrays)
    encoder = _once(shared, "encoder", lambda: _encoder(it, network, loaded, context))
    # the encoder has its own copies: of the arrays only the names are still wanted
    shared["weights"] = loaded = loaded._replace(arrays=dict.fromkeys(loaded.arrays))
    it.pyramid_levels = it.pyramid_levels or descent.pyramid_levels(content.shape[:2])
    levels = descent.plan(content.shape[:2], it.max_num_epochs, it.pyramid_levels)
    notices += _network_notices(it, loaded, content.shape[:2])
    _check_size(it, network, levels[0].size)
    return Run(it, content, styles, regions, style_regions, painted, loaded, encoder, levels, notices, shared)


def _network_notices(it, loaded, size):
    yield f"{it.model} from {loaded.path}, convolutions in {it.precision}; {size[1]} x {size[0]} pixels."
    if loaded.offline:
        yield (
            "This is the network learned offline, not the one trained on ImageNet; for that one run 'sh download.sh' "
            "where there is a network, or see the README on mirrors."
        )
        if it.init in ("noise", "pink"):
            yield f"--init {it.init}: with this network the photograph will not come back; see --init content."


def _once(shared, key, make):
    if key not in shared:
        shared[key] = make()
    return shared[key]


def _encoder(it, network, loaded, context):
    arrays = layers.scaled_after_pooling(network, loaded.arrays, it.pooling_scale)
    means = it.style_loss in losses.USING_MEANS
    engine = MXNetEngine(context, it.precision)
    return engine.encoder(network, arrays, pooling=it.pooling, border=it.border, means=means)


def _find(path, notices):
    path, notice = find.find(path)
    if notice:
        notices.append(notice)
    return path


def start(run):
    """The state before the first epoch."""
    it = run.settings
    size = run.levels[0].size
    return State(
        starts.start_picture(
            it.init,
            size,
            run.content,
            run.styles[0],
            seed=it.seed,
            noise=it.init_noise,
            exponent=it.pink_exponent,
            max_pixels=it.max_pixels,
        )
    )


def events(run, state):
    """Paint from a state on: the stream of `descent.Event`."""
    it = run.settings
    optimizer = OPTIMIZERS[it.optimizer](it.lr)

    def rate_at(epoch):
        return it.lr * it.lr_sched_factor ** (math.ceil(epoch / it.lr_sched_delay) - 1)

    return descent.descend(
        run.levels,
        lambda size: objective(run, size),
        optimizer,
        state,
        rate_at=rate_at,
        stop_eps=it.stop_eps,
        clip=not optimizer.classic,
        average_decay=it.average_decay,
        enlarge=lambda image, size: enlarged(run, image, size),
    )


def enlarged(run, image, size):
    """A picture (1, 3, H, W) at another size, with the photograph's detail for what a coarser picture cannot hold.

    Its difference from the photograph is what is enlarged.
    """
    if image.shape[2:] == tuple(size):
        return image
    here, there = (images.to_network(images.resize(run.content, s)) for s in (image.shape[2:], size))
    return there + images.resize_planes(image - here, size)


def objective(run, size):
    """The objective of a run at one size (height, width)."""
    it = run.settings
    content = images.to_network(images.resize(run.content, size))
    targets = run.encoder.extract(content, it.content_layers, ()).content
    # the paintings' colours, and so their moments, may have been matched to this photograph
    key = ("styles", size, None if it.preserve_colors in ("none", "luminance") else it.content_image)
    styles = _once(run.shared, key, lambda: _style_targets(run, size))
    regions = [None if region is None else _resized_mask(region, size) for region in run.regions]
    network = run.encoder.evaluator(size, targets, it.style_layers, regions)
    return Objective(
        network,
        styles,
        _layer_weights(it, content, targets, styles),
        style_loss=losses.STYLE_LOSSES[it.style_loss],
        max_gradient_norm=content.size if OPTIMIZERS[it.optimizer].classic else None,
        painted=None if run.painted is None else _resized_mask(run.painted, size),
        photograph=content,
    )


def _layer_weights(it, photograph, targets, styles):
    """The weights of the losses; with `--normalize-losses` each over the size of its target.

    A content loss is then N sum (F - P)^2 / sum P^2 and a style loss N sum (G - A)^2 / sum A^2: N, the number of
    positions, times the relative distance, whatever the network, the layer and the size. Total variation likewise
    counts relative to the photograph's mean square.
    """
    content, tv = dict(it.content_layers), it.tv_weight
    style = {
        layer: weight * it.style_layer_weight_exp**depth
        for depth, (layer, weight) in enumerate(it.style_layers.items())
    }
    if it.normalize_losses:
        tv *= photograph[0, 0].size / float(np.sum(photograph**2))
        for layer, target in targets.items():
            content[layer] *= target[0, 0].size / float(np.sum(target**2))
        for layer, regions in styles.items():
            nothing = [Moments(0 * target.second, None) for target in regions]
            style[layer] /= sum(losses.gram(zero, target)[0] for zero, target in zip(nothing, regions)) / len(regions)
    return Weights(it.content_weight, it.style_weight, tv, content, style)


def _style_targets(run, size):
    """The paintings' moments at one size of the result: style layer -> list of Moments by region, blended."""
    it = run.settings
    blended = dict.fromkeys(it.style_layers)
    for picture, regions, share, scale in zip(run.styles, run.style_regions, it.style_blend_weights, it.style_scale):
        painting_size = style_size(picture.shape, size, scale, it.style_fit)
        style = images.to_network(images.resize(picture, painting_size))
        masks_ = [None if region is None else _resized_mask(region, painting_size) for region in regions]
        for layer, found in run.encoder.extract(style, (), it.style_layers, masks_).style.items():
            # of Gram matrices: the sum of squared distances to several is the distance to their mean, and a constant
            blended[layer] = [_blend(a, b, share) for a, b in zip(blended[layer] or [None] * len(found), found)]
    return blended


def _blend(total, moments, share):
    second = share * moments.second
    mean = None if moments.mean is None else share * moments.mean
    if total is None:
        return Moments(second, mean)
    return Moments(total.second + second, None if mean is None else total.mean + mean)


def _read_masks(it, size):
    """Regions of the result, of each painting, and where the picture may change."""
    if it.content_mask is None:
        return [None], [[None]] * len(it.style_image), None
    content = _read_mask("--content-mask", it.content_mask, it.max_pixels)
    if it.style_mask is None:
        painted = _resized_mask(content.mean(axis=2), size)
        if painted.max() < 0.5:
            raise InputError(f"--content-mask {it.content_mask}: nothing in it is white, so nothing would be painted.")
        return [painted], [[None]] * len(it.style_image), painted
    regions, style_regions = None, []
    for path in it.style_mask:
        style = _read_mask("--style-mask", path, it.max_pixels)
        regions, ordered = masks.pair(masks.regions(content), masks.regions(style))
        style_regions.append(ordered)
    return [_resized_mask(region, size) for region in regions], style_regions, None


def _read_mask(option, path, max_pixels):
    try:
        return reading.read(path, max_pixels)
    except InputError as error:
        raise InputError(f"{option}: {error}") from None


def _resized_mask(mask, size):
    return images.resize_planes(mask[None, None], size, Image.Resampling.BOX)[0, 0]


def style_size(shape, size, scale, fit):
    if fit == "squeeze":
        return tuple(max(images.SMALLEST_EDGE, round(edge * scale)) for edge in size)
    factor = scale * max(size) / max(shape[:2])
    return tuple(max(images.SMALLEST_EDGE, round(edge * factor)) for edge in shape[:2])


def _check_layers(option, wanted, network, arrays):
    flag = "--" + option.replace("_", "-")
    layers.check_layers(network, wanted, arrays, flag)
    for layer, weight in wanted.items():
        if not (math.isfinite(weight) and weight >= 0):
            raise InputError(f"{flag}: the weight {weight} of {layer} is out of range; give a number from 0.")


def _check_size(it, network, size):
    """InputError if pictures of the coarsest size are too small for the border or for a layer."""
    if it.border >= min(size):
        raise InputError(
            f"--border {it.border}: mirrors more than a picture of {size[1]} x {size[0]}; "
            "ask for less, or for a larger --max-long-edge."
        )
    shapes = layers.shapes(network, [edge + 2 * it.border for edge in size], it.pooling)
    for layer in (*it.content_layers, *it.style_layers):
        if min(shapes[layer]) < 1:
            raise InputError(
                f"--max-long-edge: {size[1]} x {size[0]} pixels are too few for layer {layer}; "
                "ask for more, or for fewer --pyramid-levels."
            )
