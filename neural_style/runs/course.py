"""The course of a run that is prepared: its start, its objective at each size, and on to the stream of events."""

import functools
import math

import numpy as np

from ..errors import InputError
from ..networks.registry import NETWORKS
from ..painting import balance, descent, losses, matching, phases, starts, targets
from ..painting.arrays import to_numpy
from ..painting.descent import State
from ..painting.objective import Objective, Weights
from ..painting.optimizers import OPTIMIZERS
from ..pictures import find, images, large, masks, reading
from ..pictures.memory import InMemory
from .declared import OPTIONS
from .repainter import Repainter


def start(run):
    """The state before the first epoch.

    Raises
    ------
    InputError
        If `--init` is a file that cannot be read as a picture.
    """
    it = run.settings
    picture = starts.start_picture(
        it.init if it.init in starts.NAMED else _made_start(run),
        run.levels[0].size,
        run.content,
        run.styles[0],
        seed=it.seed,
        noise=it.init_noise,
        exponent=it.pink_exponent,
        pieces=run.pieces,
    )
    return State(picture)


def _made_start(run):
    """The picture, (H, W, 3), that `--init` names or a painter makes."""
    it = run.settings
    if it.init == "painter":
        return Repainter(it, run.engine).picture(run.content)
    path, _ = find.find(it.init)
    if not isinstance(path, InMemory) and not path.is_file():
        names = ", ".join(starts.NAMED)
        raise InputError(f"--init {it.init}: there is no such picture; give its file, or one of {names}.")
    return reading.read(path, it.max_pixels)


def events(run, state, earlier=(), detail=None, kept=None):
    """Paint from a state on: the stream of `descent.Event`, whose arrays are the engine's.

    `descent.Event.mapped` and `enlarged` lead from there to NumPy's.

    Parameters
    ----------
    run : prepare.Run
    state : State
    earlier : sequence of (ndarray, ndarray)
        As of `objective.Objective`, at the size of the result, NumPy's.
    detail : ndarray, (H, W, 3) in 0..1, optional
        The picture of `enlarged`, where it is not the photograph.
    kept : dict, optional
        As of `objective`.
    """
    it = run.settings
    optimizer = run.make_optimizer(it.lr)

    def rate_at(epoch):
        return it.lr * it.lr_sched_factor ** (math.ceil(epoch / it.lr_sched_delay) - 1)

    return descent.descend(
        run.levels,
        lambda size: objective(run, size, earlier, kept),
        optimizer,
        # what is in half precision stays so, and off the device, until the optimizer remembers it again
        state.mapped(lambda array: array if array.dtype == np.float16 else run.engine.array(array)),
        rate_at=rate_at,
        stop_eps=it.stop_eps,
        clip=not optimizer.classic,
        average_decay=it.average_decay,
        enlarge=lambda image, size: run.engine.array(enlarged(run, image, size, detail)),
        noise_of=(lambda image: noise_of(run, image)) if aims_at_what_is_written(run) else None,
        moving=moves(run),
        pieces=run.pieces,
    )


def moves(run):
    """Whether the phase in which the network samples the picture changes on the way.

    Within a border wide enough, at every size; not where regions lie at the network's positions, nor in films, whose
    frames are to be like the one before.
    """
    it, furthest = run.settings, phases.PERIOD // 2
    if it.border < furthest or min(min(level.size) for level in run.levels) <= it.border + furthest:
        return False
    return not (OPTIMIZERS[it.optimizer].classic or run.kept or any(region is not None for region in run.regions))


def aims_at_what_is_written(run):
    """Whether the losses become those of the picture without what `--remove-noise` takes.

    Those of a film's frames do not: the next one begins where the picture itself has come to.
    """
    it = run.settings
    return it.remove_noise > 0 and not run.kept and not OPTIMIZERS[it.optimizer].classic


def noise_of(run, image):
    """What `--remove-noise` takes out of a picture (1, 3, H, W) when it is written: an array of the engine."""
    image, result = to_numpy(image), run.pieces.array(tuple(image.shape))
    strips = large.denoised(
        lambda first, last: images.from_network(image[:, :, first:last]), image.shape[2:], run.settings.remove_noise
    )
    for first, last, strip in strips:
        part = result[:, :, first:last]
        np.subtract(image[:, :, first:last], images.to_network(strip, part), out=part)
        run.pieces.passed(3 * part.nbytes)
    return run.engine.array(result)


def enlarged(run, image, size, detail=None):
    """A picture (1, 3, H, W) at another size, with the photograph's detail for what a coarser picture cannot hold.

    Its difference from the photograph, or from another picture that has the detail, is what is enlarged. The result is
    NumPy's, whatever the picture's library.
    """
    detail = run.content if detail is None else detail
    image = to_numpy(image)
    if image.shape[2:] == tuple(size):
        return image
    difference, result = (run.pieces.in_network_range(detail, s) for s in (image.shape[2:], size))
    run.pieces.change(difference, lambda here, image: image - here, image)
    for channel in range(result.shape[1]):
        for columns, part in images.resampled(difference[0, channel], size, images.BICUBIC):
            result[0, channel, :, columns] += part
        run.pieces.passed(result.nbytes)
    return result


def objective(run, size, earlier=(), kept=None):
    """The objective of a run at one size (height, width).

    Parameters
    ----------
    run : prepare.Run
    size : (int, int)
    earlier : sequence
        Of a frame, as of `events`.
    kept : dict, optional
        Of a film: what frames before this one were evaluated with, and, when this returns, what this one is.
    """
    it, array = run.settings, run.engine.array
    photograph = array(run.pieces.in_network_range(run.content, size))
    kept = {} if kept is None else kept
    regions, evaluator = kept.get(size, (None, None))
    if regions is run.regions:
        content = evaluator.aim(photograph)
    else:
        content = run.encoder.extract(photograph, it.content_layers, ()).content if it.content_layers else {}
    styles = run.shared.style_targets(size, lambda: style_targets(run, size))
    of_maps = it.style_loss in matching.MAP_LOSSES
    if of_maps:
        features, styles = styles, {layer: [losses.moments(found)] for layer, found in styles.items()}
    weights = layer_weights(it)
    if it.normalize_losses:
        weights = targets.normalized(weights, photograph, content, styles, run.pieces)
    if regions is not run.regions:
        by_moments, by_maps = ((), it.style_layers) if of_maps else (it.style_layers, ())
        regions = [None if region is None else masks.resized(region, size) for region in run.regions]
        evaluator = run.encoder.evaluator(size, content, by_moments, regions, map_layers=by_maps)
        kept[size] = run.regions, evaluator
    map_losses = matching.made(it.style_loss, features, evaluator.positions, (it.seed, *size)) if of_maps else {}
    weighted = functools.partial(
        Objective,
        evaluator,
        styles,
        style_loss=losses.STYLE_LOSSES.get(it.style_loss),
        map_losses=map_losses,
        max_gradient_norm=math.prod(photograph.shape) if OPTIMIZERS[it.optimizer].classic else None,
        painted=None if run.painted is None else array(masks.resized(run.painted, size)),
        pieces=run.pieces,
        photograph=photograph if run.painted is not None or it.laplacian_weight or moves(run) else None,
        earlier=[
            (array(images.resize_planes(moved, size)), array(masks.resized(trust, size))) for moved, trust in earlier
        ],
    )
    if it.strength is not None:
        weights = layer_weights(it)._replace(style=1.0)
        nothing = balance.of_nothing(weights, styles, evaluator.positions)
        found = weighted(weights).losses(photograph)
        lost = NETWORKS[it.model].defaults_for(run.weights.offline).lost
        weights = balance.balanced(it.strength, weights, found, nothing, content, lost, run.pieces)
        weights = weights._replace(content=_of_usual(it, "content_weight"), style=_of_usual(it, "style_weight"))
    if earlier:
        weights = balance.steadied(it.temporal_weight, weights, styles, evaluator.positions, content, size)
    return weighted(weights)


def _of_usual(settings, name):
    """A weight as a multiple of its default."""
    return getattr(settings, name) / OPTIONS[name].default


def style_targets(run, size):
    """What the paintings are compared by at one size of the result.

    Style layer -> list of Moments by region, blended; or, for losses of feature maps, a sample of features (C, M).
    """
    it, found = run.settings, []
    of_maps = it.style_loss in matching.MAP_LOSSES
    for picture, regions, scale in zip(run.styles, run.style_regions, it.style_scale):
        painting_size = targets.style_size(picture.shape, size, scale, it.style_fit)
        painting = run.pieces.in_network_range(picture, painting_size)
        resized = [None if region is None else masks.resized(region, painting_size) for region in regions]
        layers = (it.style_layers, ()) if of_maps else ((), it.style_layers)
        extracted = run.encoder.extract(run.engine.array(painting), *layers, resized)
        found.append(extracted.content if of_maps else extracted.style)
    if not of_maps:
        return targets.blended(found, it.style_blend_weights)
    generator = np.random.default_rng((it.seed, *size))
    return {
        layer: matching.mixed([maps[layer] for maps in found], it.style_blend_weights, generator)
        for layer in it.style_layers
    }


def layer_weights(it):
    """The weights of the losses as the options give them; InputError where one is beyond all numbers."""
    depths = enumerate(it.style_layers.items())
    try:
        style = {layer: weight * it.style_layer_weight_exp**depth for depth, (layer, weight) in depths}
    except OverflowError:
        raise InputError(
            f"--style-layer-weight-exp {it.style_layer_weight_exp:g}: the weight of the deepest layer would be beyond "
            "all numbers; give a smaller one."
        ) from None
    content = dict(it.content_layers)
    return Weights(it.content_weight, it.style_weight, it.tv_weight, content, style, it.laplacian_weight)
