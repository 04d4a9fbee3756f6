"""A tile of a picture, computed in a worker: pure functions of what they are given.

A worker keeps the network and the latest evaluators, so as not to make them again, and nothing that another cannot
make: the same call gives the same bytes anywhere. One tile at a time is computed in a process.
"""

import collections
import dataclasses
import functools
import signal
import threading
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Optional

import numpy as np

from .. import __version__
from ..errors import EngineError, one_line
from ..networks import layers
from ..networks.strips import Rows
from . import door
from .contract import Moments, Numpy, Statistics, Targets
from .streamed import StreamedEncoder

ENCODERS = 2  # that a process keeps


class WorkerError(EngineError):
    """A worker could not compute. The message is one line that names it."""


class WeightsMissing(Exception):
    """A worker has not the weights, and was not sent them."""


@dataclasses.dataclass(frozen=True)  # and no tuple: in those Dask looks for futures, each time
class Work:
    """What all tiles of a run have in common."""

    token: str  # another for each run
    network: layers.Network
    load: Callable[[layers.Network], Optional[dict]]  # the weights, or None where this machine has them not
    pooling: str
    pooling_scale: float
    means: bool
    engine: str
    precision: str
    gpu: Optional[int]  # -1: the CPU; None: the first GPU that works, else the CPU
    versions: Mapping[str, str]  # of nstyle and of the engine's library
    values: int  # of a strip inside of a tile; 0: tiles are computed whole
    kept: int  # evaluators that a process keeps


class Part(NamedTuple):
    """What a tile is compared with, of what belongs to it alone."""

    token: str  # another for each tile of each evaluator
    own: Mapping[str, tuple[Rows, Rows]]  # see `networks.tiles.Tile`
    content: Mapping[str, Numpy]  # content layer -> the photograph's feature map (1, C, h, w)
    style_layers: tuple[str, ...]
    masks: tuple[Optional[Mapping[str, Numpy]], ...]  # of each region: style layer -> (h, w); None: everywhere
    content_mask: Mapping[str, Numpy]  # content layer -> (h, w), where it does not count fully
    map_layers: tuple[str, ...]


class Seen(NamedTuple):
    """A tile's picture, and what the network made of it."""

    token: str  # another for each picture
    picture: Numpy  # (1, 3, H, W), its halo included
    statistics: Statistics  # with sums in the place of moments


_alone = threading.Lock()
_encoders: dict[str, Any] = {}
_evaluators: Any = collections.OrderedDict()  # token of a part -> (evaluator, token of the picture it was given)


def _computing(function):
    """One at a time in a process; what goes wrong becomes a `WorkerError` that names the worker."""

    @functools.wraps(function)
    def within(*arguments):
        with _alone:
            try:
                return function(*arguments)
            except WeightsMissing:
                raise
            except Exception as error:  # also what a library raises that is not there in the client's process
                raise WorkerError(f"{_here()}: {one_line(error)}") from None

    return within


def _here():
    try:
        from distributed import get_worker

        return f"worker {get_worker().address}"
    except (ImportError, ValueError):
        return "worker"


def dask_setup(worker):
    """Called by Dask in a worker that was started here: Ctrl-C is the client's, which then ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@_computing
def ready(work):
    """Whether this process can compute, and has the weights.

    Returns
    -------
    str
        "ready", or "weights" where they are to be sent.

    Raises
    ------
    WorkerError
        If its versions are others, or it has not the engine.
    """
    _engine(work)
    return "weights" if work.token not in _encoders and work.load(work.network) is None else "ready"


@_computing
def extracted(work, weights, part, picture, content_layers):
    """As `contract.Encoder.extract`, of what belongs to a tile: NumPy's arrays, and sums in the place of moments."""
    engine, encoder = _encoder(work, weights)
    edges = _edges(work, picture)
    masks = [_masks(part, region, edges) for region in range(len(part.masks))]
    found = encoder.extract(engine.array(picture), content_layers, part.style_layers, masks)
    content = {layer: _window(engine.numpy(found.content[layer]), part.own[layer]) for layer in content_layers}
    counts = {layer: [np.sum(mask[layer] ** 2, dtype=np.float64) for mask in masks] for layer in part.style_layers}
    return Targets(content, _sums(engine, found.style, counts))


@_computing
def forward(work, weights, part, picture, token):
    """As `contract.Evaluator.forward`, of what belongs to a tile."""
    engine, evaluator = _evaluator(work, weights, part, picture)
    found = evaluator.forward(engine.array(picture))
    _evaluators[part.token] = evaluator, token
    maps = {layer: _window(engine.numpy(found.maps[layer]), part.own[layer]) for layer in part.map_layers}
    return Seen(token, picture, Statistics(found.content, _sums(engine, found.style, evaluator.positions), maps))


def statistics(seen):
    """What a tile adds to the statistics."""
    return seen.statistics


@_computing
def backward(work, weights, part, seen, gradients, maps):
    """As `contract.Evaluator.backward`, of a tile and its halo, from the gradients of the sums, and of its own maps."""
    engine, evaluator = _evaluator(work, weights, part, seen.picture)
    if _evaluators[part.token][1] != seen.token:
        evaluator.forward(engine.array(seen.picture))
        _evaluators[part.token] = evaluator, seen.token
    style = {
        layer: [
            Moments(*(None if each is None else engine.array(np.float32(each * count)) for each in moments))
            for moments, count in zip(regions, evaluator.positions[layer])
        ]
        for layer, regions in gradients.style.items()
    }
    edges = _edges(work, seen.picture)
    maps = {layer: engine.array(_placed(part, layer, edges, gradient)) for layer, gradient in maps.items()}
    return engine.numpy(evaluator.backward(Statistics(gradients.content, style, maps)))


def versions(engine):
    """What must be the same wherever a run is computed."""
    return {"nstyle": __version__, engine.name: engine.version}


def _engine(work):
    if work.versions["nstyle"] != __version__:
        raise EngineError(f"it has nstyle {__version__}, the run {work.versions['nstyle']}; install the same.")
    engine = door.opened(work.gpu, work.precision, work.network, engine=work.engine).engine
    if versions(engine) != work.versions:
        name = engine.name
        raise EngineError(f"it has {name} {engine.version}, the run {work.versions.get(name)}; install the same.")
    return engine


def _encoder(work, weights):
    if work.token not in _encoders:
        engine = _engine(work)
        arrays = weights or work.load(work.network)
        if arrays is None:
            raise WeightsMissing
        arrays = layers.scaled_after_pooling(work.network, arrays, work.pooling_scale)
        encoder = engine.encoder(work.network, arrays, pooling=work.pooling, means=work.means)
        while len(_encoders) >= ENCODERS:
            _encoders.pop(next(iter(_encoders)))
        _encoders[work.token] = engine, StreamedEncoder(encoder, work.values) if work.values else encoder
    return _encoders[work.token]


def _evaluator(work, weights, part, picture):
    engine, encoder = _encoder(work, weights)
    if part.token not in _evaluators:
        while len(_evaluators) >= max(1, work.kept):
            _evaluators.popitem(last=False)
        edges = _edges(work, picture)
        evaluator = encoder.evaluator(
            picture.shape[2:],
            {layer: engine.array(_placed(part, layer, edges, target)) for layer, target in part.content.items()},
            part.style_layers,
            [_masks(part, region, edges) for region in range(len(part.masks))],
            {layer: _placed(part, layer, edges, part.content_mask.get(layer, 1)) for layer in part.content},
            part.map_layers,
        )
        _evaluators[part.token] = evaluator, None
    _evaluators.move_to_end(part.token)
    return engine, _evaluators[part.token][0]


def _edges(work, picture):
    """Height and width of each layer of a tile with its halo."""
    return {name: shape[1:] for name, shape in layers.shapes(work.network, picture.shape[2:], work.pooling).items()}


def _masks(part, region, edges):
    """Style layer -> the mask of a region, nothing outside of what belongs to the tile."""
    masks = part.masks[region]
    return {
        layer: _placed(part, layer, edges, 1 if masks is None else masks[layer]) for layer in part.style_layers
    }


def _placed(part, layer, edges, values):
    """What belongs to a tile among zeros: (h, w), or (1, C, h, w)."""
    result = np.zeros((*np.shape(values)[:-2], *edges[layer]), np.float32)
    (top, bottom), (left, right) = part.own[layer]
    result[..., top:bottom, left:right] = values
    return result


def _window(array, own):
    (top, bottom), (left, right) = own
    return np.ascontiguousarray(array[..., top:bottom, left:right])


def _sums(engine, style, counts):
    return {
        layer: [
            Moments(*(None if each is None else engine.numpy(each) * np.float32(count) for each in moments))
            for moments, count in zip(regions, counts[layer])
        ]
        for layer, regions in style.items()
    }
