"""A picture of any size in tiles, which workers compute: an `Encoder` in the place of an engine's.

Each tile is computed from the picture with the whole receptive field as its halo (`networks/tiles.py`). An evaluation
has two points at which all wait for all: the sums of the tiles' moments, from which come the gradients of the losses,
and the gradients of the tiles, which are added where halos overlap. Both are added in the order of the tiles, so that
the bytes do not depend on who computed what, and when.
"""

import itertools
import math

import numpy as np

from ..networks.layers import shapes
from ..networks.tiles import tiles
from . import regions
from . import tiles as tasks
from .contract import NOTHING, Moments, Statistics, Targets
from .mirror import around, folded, mirrored

_numbers = itertools.count()


class ClusterEncoder:
    """As `contract.Encoder`.

    Parameters
    ----------
    engine : contract.Engine
        Of this process: whose arrays come and go.
    workers : workers.Workers
    work : tiles.Work
        What the workers compute.
    border : int
        See `contract.Engine.encoder`.
    edge : int
        Pixels that a tile has at most at each edge.
    weights : callable
        The weights, for workers that have not the file.

    Raises
    ------
    tiles.WorkerError
        If a worker cannot compute what is asked for.
    """

    def __init__(self, engine, workers, work, border, edge, weights):
        self.engine, self.workers, self.work = engine, workers, work
        self.border, self.edge = border, edge
        self.sent = None  # the weights, as a future, where a worker has them not
        self._weights = weights
        if "weights" in workers.everywhere(tasks.ready, work).values():
            self.send_weights()

    def send_weights(self):
        """From now on the weights go with the tiles: once to each worker."""
        self.sent = self.workers.share(self._weights())

    def with_weights(self, compute):
        """What a function computes; once more, with the weights, if a worker that came later has them not."""
        try:
            return compute()
        except tasks.WeightsMissing:
            self.send_weights()
            return compute()

    def divided(self, size, names):
        """Shapes of the layers above a picture of a size, and its tiles."""
        padded, it = [edge + 2 * self.border for edge in size], self.work
        return shapes(it.network, padded, it.pooling), tiles(it.network, padded, it.pooling, names, self.edge)

    def extract(self, image, content_layers, style_layers, masks=(None,), phase=(0, 0)):
        """See `contract.Encoder`."""
        content_layers, style_layers = list(content_layers), list(style_layers)
        if not content_layers and not style_layers:
            return Targets({}, {})
        edges, parts = self.divided(image.shape[2:], {*content_layers, *style_layers})
        guides = _Guides(self, edges, style_layers, masks)
        content = {layer: np.empty((1, *edges[layer]), np.float32) for layer in content_layers}
        picture = mirrored(self.engine.numpy(image), around(self.border, phase))

        def compute():
            guides.clear()
            work, submit = self.work, self.workers.submit
            futures = [
                submit(tasks.extracted, work, self.sent, guides.part(tile), _copy(picture, tile), content_layers)
                for tile in parts
            ]
            for tile, found in zip(parts, self.workers.results(futures)):
                guides.add(found.style)
                for layer in content_layers:
                    _own(content[layer], tile, layer)[:] = found.content[layer]

        self.with_weights(compute)
        return Targets({layer: self.engine.array(array) for layer, array in content.items()}, guides.moments())

    def evaluator(self, size, content, style_layers, masks=(None,), content_mask=None, map_layers=()):
        """See `contract.Encoder`."""
        return ClusterEvaluator(self, size, content, style_layers, masks, content_mask, map_layers)


class ClusterEvaluator:
    """As `contract.Evaluator`."""

    def __init__(self, encoder, size, content, style_layers, masks=(None,), content_mask=None, map_layers=()):
        self.size, self._encoder, self._workers = tuple(size), encoder, encoder.workers
        self._content, style_layers, map_layers = list(content), list(style_layers), list(map_layers)
        edges, self._tiles = encoder.divided(size, {*content, *style_layers, *map_layers})
        self._map_shapes = {layer: edges[layer] for layer in map_layers}
        self._guides = _Guides(encoder, edges, style_layers, masks)
        whole = {layer: [float(math.prod(shape[1:]))] for layer, shape in self._map_shapes.items()}
        self.positions = {**self._guides.positions, **whole}
        self._counted, self._map_layers = content_mask or {}, map_layers
        self._beyond = around(encoder.border)
        self._compare_with(content)

    def _compare_with(self, content):
        content = {layer: self._encoder.engine.numpy(array) for layer, array in content.items()}
        parts = (self._guides.part(tile, content, self._counted, self._map_layers) for tile in self._tiles)
        self._parts = self._workers.spread(parts)
        self._picture, self._seen, self._sent = None, [], None

    def aim(self, image, phase=(0, 0)):
        """See `contract.Evaluator`."""
        self._beyond = around(self._encoder.border, phase)
        content = self._encoder.extract(image, self._content, (), phase=phase).content
        self._compare_with(content)
        return content

    def forward(self, image):
        """See `contract.Evaluator`."""
        self._picture = mirrored(self._encoder.engine.numpy(image), self._beyond)
        return self._encoder.with_weights(self._forward)

    def _forward(self):
        work, submit, self._sent = self._encoder.work, self._workers.submit, self._encoder.sent
        number = next(_numbers)
        self._seen = []  # lets go of the last picture's first
        self._seen = [
            submit(tasks.forward, work, self._sent, part, _copy(self._picture, tile), f"{work.token}-{number}")
            for part, tile in zip(self._parts, self._tiles)
        ]
        distances = dict.fromkeys(self._content, 0.0)
        self._guides.clear()
        maps = {layer: np.empty((1, *shape), np.float32) for layer, shape in self._map_shapes.items()}
        results = self._workers.results([submit(tasks.statistics, seen) for seen in self._seen])
        for tile, found in zip(self._tiles, results):
            self._guides.add(found.style)
            for layer in maps:
                _own(maps[layer], tile, layer)[:] = found.maps[layer]
            for layer in distances:
                distances[layer] += found.content[layer]
        maps = {layer: self._encoder.engine.array(array) for layer, array in maps.items()}
        return Statistics(distances, self._guides.moments(), maps)

    def backward(self, gradients):
        """See `contract.Evaluator`."""
        shared = Statistics(dict(gradients.content), self._guides.of_sums(gradients.style))
        maps = {layer: self._encoder.engine.numpy(array) for layer, array in gradients.maps.items()}
        return self._encoder.with_weights(lambda: self._backward(shared, maps))

    def _backward(self, gradients, maps):
        if self._encoder.sent is not self._sent:  # what is computed again must be sent them, too
            self._forward()
        work, shared = self._encoder.work, self._workers.share(gradients)
        futures = [
            self._workers.submit(tasks.backward, work, self._sent, part, seen, shared, _owned(maps, tile))
            for tile, part, seen in zip(self._tiles, self._parts, self._seen)
        ]
        result = np.zeros_like(self._picture)
        for tile, gradient in zip(self._tiles, self._workers.results(futures)):
            _cut(result, tile)[:] += gradient
        return self._encoder.engine.array(folded(result, self._beyond))


class _Guides:
    """The moments of style layers, summed over tiles in float64, by layer and region."""

    def __init__(self, encoder, edges, layers, masks):
        self._engine, self._means = encoder.engine, encoder.work.means
        self._layers, self._token, self._numbers = layers, encoder.work.token, itertools.count(1)
        self._number = next(_numbers)
        self._masks = [
            None if mask is None else {it: regions.at_layer(mask, it, edges[it][1:], encoder.border) for it in layers}
            for mask in masks
        ]
        self.positions = {
            layer: [regions.positions(mask and mask[layer], edges[layer][1:]) for mask in self._masks]
            for layer in layers
        }
        self.clear()

    def part(self, tile, content=NOTHING, content_mask=NOTHING, map_layers=()):
        """What a tile is compared with, of these feature maps of the whole picture."""
        masks = tuple(mask and _owned(mask, tile) for mask in self._masks)
        token = f"{self._token}-{self._number}-{next(self._numbers)}"
        return tasks.Part(
            token,
            tile.own,
            _owned(content, tile),
            tuple(self._layers),
            masks,
            _owned(content_mask, tile),
            tuple(map_layers),
        )

    def clear(self):
        """Forget what was added."""
        self._sums = {layer: [[0.0, 0.0] for _ in self._masks] for layer in self._layers}

    def add(self, style):
        """Add a tile's sums."""
        for layer, found in style.items():
            for sums, each in zip(self._sums[layer], found):
                sums[0] = sums[0] + np.float64(each.second)
                if self._means:
                    sums[1] = sums[1] + np.float64(each.mean)

    def moments(self):
        """Layer -> list of Moments, the engine's arrays."""

        def array(total, count):
            return self._engine.array(np.float32(total / count))

        return {
            layer: [
                Moments(array(second, count), array(mean, count) if self._means else None)
                for (second, mean), count in zip(self._sums[layer], self.positions[layer])
            ]
            for layer in self._layers
        }

    def of_sums(self, gradients):
        """Gradients of moments as those of the sums: NumPy's arrays."""
        return {
            layer: [
                Moments(*(None if each is None else self._engine.numpy(each) / np.float32(count) for each in moments))
                for moments, count in zip(found, self.positions[layer])
            ]
            for layer, found in gradients.items()
        }


def _cut(picture, tile):
    """A tile of a picture, its halo included: the same memory."""
    (top, bottom), (left, right) = tile.seen
    return picture[..., top:bottom, left:right]


def _copy(picture, tile):
    return np.ascontiguousarray(_cut(picture, tile))


def _owned(arrays, tile):
    """Layer -> a copy of what belongs to a tile."""
    return {layer: np.ascontiguousarray(_own(array, tile, layer)) for layer, array in arrays.items()}


def _own(array, tile, layer):
    """What of a layer belongs to a tile: the same memory."""
    (top, bottom), (left, right) = tile.layers[layer]
    return array[..., top:bottom, left:right]
