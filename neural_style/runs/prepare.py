"""Preparing a run: each step takes settings, returns values, and changes nothing that another sees."""

import argparse
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Optional

import numpy as np

from .. import start
from ..engines import door
from ..engines.choice import Choice
from ..engines.contract import Encoder, Engine
from ..errors import InputError
from ..networks import layers
from ..networks.registry import NETWORKS
from ..painting import levels, losses, targets
from ..painting.optimizers import OPTIMIZERS
from ..painting.pieces import MEMORY, Pieces
from ..pictures import colors, find, images, masks, reading
from ..weights import store
from . import course
from .defaults import with_defaults, with_values

ENLARGED = 1.5  # a painting that is enlarged by more than this is said to be
CLASSIC_RATES = 0.05  # a rate below this is one of NAG's: of the others it would be a hundredth of a grey level or so
LARGEST_RATE = 16.0  # grey levels: the longest step of L-BFGS, and for Adam already coarse


class Shared:
    """What runs that differ only in the photograph share: a network on a device, and the paintings' moments.

    It belongs to whoever starts the runs, and lives as long as their batch. Each part is made when it is first asked
    for.
    """

    def __init__(self):
        self._made = {}

    def _once(self, key, make):
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def machine(self, settings):
        """See `choose_machine`."""
        return self._once("machine", lambda: choose_machine(settings))

    def network(self, settings, engine):
        """See `load_network`."""
        return self._once("network", lambda: load_network(settings, engine))

    def style_targets(self, size, make):
        """The paintings' moments at a size of the result (height, width), made by a function the first time."""
        return self._once(("style", *size), make)


class Machine(NamedTuple):
    """What a run computes on."""

    engine: Engine
    choice: Choice
    notices: tuple  # of lines for the user: what was chosen for him


class Pictures(NamedTuple):
    """The photograph and the paintings of a run, and where they were found."""

    content: np.ndarray  # (H, W, 3) in 0..1, at the size of the result
    styles: tuple  # of pictures (H, W, 3) in 0..1, at their own sizes, colours matched
    content_path: str
    style_paths: tuple
    notices: tuple


class Network(NamedTuple):
    """A network on a device, and what is known of its weights, which are no longer held here."""

    weights: store.Weights
    encoder: Encoder


class Run(NamedTuple):
    """A run that is ready to begin."""

    settings: argparse.Namespace  # every option has a value
    content: np.ndarray  # (H, W, 3) in 0..1, at the size of the result
    styles: tuple  # of pictures (H, W, 3) in 0..1, at their own sizes, colours matched
    regions: list  # of masks (H, W) of the result; [None]: the whole picture
    style_regions: list  # for each painting its masks (H, W), in the same order
    painted: Optional[np.ndarray]  # (H, W) in 0..1: where the picture may change; None: everywhere
    weights: store.Weights
    machine: Machine
    encoder: Encoder
    levels: list  # of painting.levels.Level
    notices: tuple  # of lines for the user: what was chosen for him
    shared: Shared
    make_optimizer: Callable  # rate -> painting.optimizers.Optimizer
    pieces: Pieces = MEMORY  # how it computes with its pictures
    strips: Optional[dict] = None  # as run.json says it, where pictures do not fit into memory whole
    cluster: Optional[dict] = None  # as run.json says it, where workers compute
    kept: bool = False  # whether the networks of all levels stay for the next frame of a film

    @property
    def size(self):
        """Height and width of the result."""
        return self.levels[-1].size

    @property
    def engine(self):
        """What computes the network."""
        return self.machine.engine


def prepare(settings, shared=None, frame=None):
    """All the steps.

    Parameters
    ----------
    settings : argparse.Namespace
        As `options.complete` gives it.
    shared : Shared, optional
        The same one for runs that differ only in the photograph.
    frame : ndarray, (H, W, 3) in 0..1, optional
        Of a film: what is painted in place of `--content-image`, at the size of the result.

    Returns
    -------
    Run

    Raises
    ------
    InputError
        If a picture, the weights or an option cannot be used.
    """
    shared = Shared() if shared is None else shared
    machine = shared.machine(settings)
    pictures = read_pictures(settings, frame)
    size = pictures.content.shape[:2]
    regions = masks.read(
        settings.content_mask, settings.style_mask, len(pictures.styles), size, settings.max_pixels
    )
    network = shared.network(settings, machine.engine)
    asked = settings.lr
    settings = with_values(
        with_defaults(settings, network.weights.offline),
        engine=machine.engine.name,
        precision=machine.engine.precision,
        content_image=pictures.content_path,
        style_image=list(pictures.style_paths),
        pyramid_levels=settings.pyramid_levels or levels.pyramid_levels(size),
        lr=understood_rate(settings.optimizer, settings.lr),
    )
    plan = levels.plan(size, settings.max_num_epochs, settings.pyramid_levels)
    check_size(settings, plan)
    course.layer_weights(settings)  # refuses those beyond all numbers before anything is painted
    notices = (
        *machine.notices,
        *pictures.notices,
        *network_notices(settings, network.weights, size),
        *style_notices(settings, pictures.styles, size),
        *rate_notices(asked, settings.lr),
    )
    return Run(
        settings,
        pictures.content,
        pictures.styles,
        *regions,
        network.weights,
        machine,
        network.encoder,
        plan,
        notices,
        # paintings whose colours were matched to this photograph are this run's alone, and so are their moments
        Shared() if settings.preserve_colors in colors.MATCHING else shared,
        OPTIMIZERS[settings.optimizer],
    )


def choose_machine(settings):
    """The engine on a device, in a precision, for `--engine`, `--device`, `--gpu` and `--precision`."""
    it = settings
    engine, choice, notice = door.opened(
        it.gpu, it.precision, NETWORKS[it.model], engine=it.engine, device=it.device
    )
    return Machine(engine, choice, (f"On {engine.device} with {choice}.", *([notice] if notice else [])))


def read_pictures(settings, frame=None):
    """The photograph, brought to the size of the result, or a frame; and the paintings, their colours matched to it."""
    if not isinstance(settings.content_image, (str, os.PathLike)):
        raise InputError("--content-image: a run paints one photograph; call it once for each.")
    found = [find.find(path) for path in (settings.content_image, *settings.style_image)]
    (content_path, *style_paths), notices = zip(*found)
    content = reading.read(content_path, settings.max_pixels) if frame is None else frame
    styles = [reading.read(path, settings.max_pixels) for path in style_paths]
    if frame is None:
        content = images.resize(content, images.fitted_size(content.shape, settings.max_long_edge, settings.enlarge))
    styles = tuple(colors.matched_style(style, content, settings.preserve_colors) for style in styles)
    paths = tuple(map(str, style_paths))
    return Pictures(content, styles, str(content_path), paths, tuple(notice for notice in notices if notice))


def load_network(settings, engine):
    """The network with its weights on the engine's device; the layers that are asked for are there."""
    network = NETWORKS[settings.model]
    loaded = store.load(settings.model, settings.weights)
    it = with_defaults(settings, loaded.offline)
    if not it.content_layers and not it.style_layers:
        raise InputError("--style-layers: with no layer of style and none of content there is nothing to paint by; "
                         "name one.")  # fmt: skip
    for option in ("content_layers", "style_layers"):
        _check_layers(option, getattr(it, option), network, loaded.arrays)
    # those above the deepest layer are never computed: of a VGG-19 up to half of all weights
    arrays = layers.arrays_of(network, [*it.content_layers, *it.style_layers], loaded.arrays)
    encoder = engine.encoder(
        network,
        layers.scaled_after_pooling(network, arrays, it.pooling_scale),
        pooling=it.pooling,
        border=it.border,
        means=it.style_loss in losses.USING_MEANS,
    )
    # the encoder has its own copies: of the arrays only the names are still wanted
    return Network(loaded._replace(arrays=dict.fromkeys(loaded.arrays)), encoder)


def network_notices(settings, loaded, size):
    """Lines for the user on the network that paints."""
    known = "" if loaded.verified or loaded.offline else " (no published file, but of the right shapes)"
    notices = [
        f"{settings.model} from {loaded.path}{known}, convolutions in {settings.precision}; "
        f"{size[1]} x {size[0]} pixels."
    ]
    if loaded.offline:
        notices.append(
            "This is the network learned offline, not the one trained on ImageNet; for that one run "
            f"'{start.download()}' where there is a network, or see the README on mirrors."
        )
    if loaded.offline and settings.init in ("noise", "pink"):
        notices.append(
            f"--init {settings.init}: with this network the photograph will not come back; see --init content."
        )
    return tuple(notices)


def style_notices(settings, styles, size):
    """A line for the user for each painting that has much fewer pixels than are asked of it."""
    notices = []
    for path, style, scale in zip(settings.style_image, styles, settings.style_scale):
        own, asked = max(style.shape[:2]), max(targets.style_size(style.shape, size, scale, settings.style_fit))
        if asked > ENLARGED * own:
            notices.append(
                f"{Path(path).name} has a long edge of {own} pixels and is enlarged to {asked}: its strokes become as "
                f"large, and what is finer than them smooth; --style-scale {own / max(size):.2g} leaves them at their "
                "own size, and a larger file of the painting would give both."
            )
    return tuple(notices)


def understood_rate(optimizer, rate):
    """The rate in the optimizer's own unit.

    Every command that was written for MXNet's example has NAG's rate in it. Given to another optimizer, a rate of that
    size counts relative to NAG's default, and paints as that optimizer's default does.
    """
    own, classic = OPTIMIZERS[optimizer], OPTIMIZERS["nag"]
    if own is classic or rate >= CLASSIC_RATES:
        return rate
    return min(LARGEST_RATE, rate / classic.default_rate * own.default_rate)


def rate_notices(asked, rate):
    """A line for the user where his rate was translated."""
    if asked == rate:
        return ()
    return (f"--lr {asked:g}: read as a rate of --optimizer nag, whose usual one is 0.001; here that is {rate:g}.",)


def check_size(settings, plan):
    """InputError if pictures of the coarsest size are too small for the border or for a layer."""
    (height, width), reason = plan[0].size, _too_small_for(settings, plan[0].size)
    if reason and not _too_small_for(settings, plan[-1].size):
        raise InputError(
            f"--pyramid-levels {settings.pyramid_levels}: the coarsest picture would have {width} x {height} pixels, "
            f"too few for {reason}; ask for fewer."
        )
    if reason:
        raise InputError(f"--max-long-edge: {width} x {height} pixels are too few for {reason}; ask for more.")


def _too_small_for(settings, size):
    """What a picture of a size (height, width) is too small for, or None."""
    if settings.border >= min(size):
        return f"--border {settings.border}, which must be smaller than the picture"
    padded = [edge + 2 * settings.border for edge in size]
    shapes = layers.shapes(NETWORKS[settings.model], padded, settings.pooling)
    small = [layer for layer in (*settings.content_layers, *settings.style_layers) if min(shapes[layer]) < 1]
    return f"layer {small[0]}" if small else None


def _check_layers(option, wanted, network, arrays):
    flag = "--" + option.replace("_", "-")
    layers.check_layers(network, wanted, arrays, flag)
    for layer, weight in wanted.items():
        if not (math.isfinite(weight) and weight >= 0):
            raise InputError(f"{flag}: the weight {weight} of {layer} is out of range; give a number from 0.")
