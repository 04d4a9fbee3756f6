"""A picture of any size in strips: an `Encoder` around any engine's that has `contract.Strips`.

Between two poolings the network is computed strip by strip, each with the thin halo that its rows ask for
(`networks/strips.py`); of the whole picture only what the stages hand on is kept. Moments and distances are summed over
strips; on the way back gradients are added where strips overlap. The result is that of the whole picture.

What the way back asks for is either computed again, strip by strip (*nothing kept*: least memory), or held since the
way up in as few bits as it takes: of a ReLU the sign, of a pooling its choice, and the maps that are looked at (*bits
kept*: faster).
"""

import functools
import math

from ..networks.layers import DATA
from ..networks.strips import Division
from .contract import Statistics, Targets
from .mirror import around, fold_into, mirrored
from .sums import RegionSums


def _guarded(method):
    """A method within the guard of its engine."""

    @functools.wraps(method)
    def within(self, *arguments, **named):
        with self.encoder.guard():
            return method(self, *arguments, **named)

    return within


class StreamedEncoder:
    """As `contract.Encoder`.

    Parameters
    ----------
    encoder : contract.Strips
        An engine's.
    values : int
        How many values of all its layers together a strip may hold.
    whole : int
        Pictures of up to so many pixels are computed whole.
    kept : int
        Of pictures of up to so many pixels the bits that the way back asks for are kept.
    lean : bool
        Feature maps of the photograph stay in the precision of the convolutions, in which they were computed.
    scratch : files.Scratch, optional
        Where whole feature maps lie; by default in memory.
    """

    def __init__(self, encoder, values, whole=0, kept=0, lean=False, scratch=None):
        self.encoder, self.values, self.whole, self.kept = encoder, values, whole, kept
        self._lean, self._scratch = lean, scratch

    def empty(self, shape, exact=False):
        """As `contract.Strips`, where this encoder keeps its arrays."""
        return self.encoder.empty(shape, exact, self._scratch)

    def zeros(self, shape, exact=False):
        """As `empty`, and all zero."""
        array = self.empty(shape, exact)
        if self._scratch is None:  # what is new on a disk is zero
            array[:] = 0
        return array

    def let_go(self):
        """What lies on a disk takes no memory until it is read again."""
        if self._scratch is not None:
            self._scratch.let_go()

    @_guarded
    def extract(self, image, content_layers, style_layers, masks=(None,), phase=(0, 0)):
        """See `contract.Encoder`."""
        size = tuple(image.shape[2:])
        if math.prod(size) <= self.whole:
            return self.encoder.extract(image, content_layers, style_layers, masks, phase)
        content_layers, style_layers = list(content_layers), list(style_layers)
        course = _Course(self, size, {*content_layers, *style_layers}, returns=False)
        guided = RegionSums(self.encoder, course.shapes, style_layers, masks)
        content = {layer: self.empty((1, *course.shapes[layer]), not self._lean) for layer in content_layers}

        def look(strip, maps):
            guided.add(strip, maps)
            _gather(content, strip, maps)

        course.look_from(phase)
        course.forward(image, look)
        return Targets(content, guided.moments())

    def evaluator(self, size, content, style_layers, masks=(None,), content_mask=None, map_layers=()):
        """See `contract.Encoder`."""
        if math.prod(size) <= self.whole:
            return self.encoder.evaluator(size, content, style_layers, masks, content_mask, map_layers)
        return StreamedEvaluator(self, size, content, style_layers, masks, content_mask, map_layers)


class StreamedEvaluator:
    """As `contract.Evaluator`."""

    def __init__(self, streamed, size, content, style_layers, masks=(None,), content_mask=None, map_layers=()):
        self._streamed, self.encoder, self.size = streamed, streamed.encoder, tuple(size)
        self._content, style_layers, map_layers = dict(content), list(style_layers), list(map_layers)
        self._course = _Course(streamed, self.size, {*content, *style_layers, *map_layers})
        self._regions = RegionSums(self.encoder, self._course.shapes, style_layers, masks)
        self._counted = {layer: self.encoder.array(mask) for layer, mask in (content_mask or {}).items()}
        self._map_shapes = {layer: self._course.shapes[layer] for layer in map_layers}
        whole = {layer: [float(math.prod(shape[1:]))] for layer, shape in self._map_shapes.items()}
        self.positions = {**self._regions.positions, **whole}

    @_guarded
    def forward(self, image):
        """See `contract.Evaluator`."""
        self._regions.clear()
        distances = dict.fromkeys(self._content, 0.0)
        whole = {layer: self.encoder.empty((1, *shape), exact=True) for layer, shape in self._map_shapes.items()}

        def look(strip, maps):
            self._regions.add(strip, maps)
            _gather(whole, strip, maps)
            for layer in distances.keys() & maps.keys():
                difference = self._difference(strip, layer, maps[layer])
                difference *= difference
                distances[layer] += float(difference.sum())

        self._course.forward(image, look)
        return Statistics(distances, self._regions.moments(), whole)

    def _difference(self, strip, layer, features, power=1):
        """Of a strip's feature map from its target, as often by its mask, if it has one, as `power` says."""
        (first, last), counted = strip.wanted[layer], self._counted.get(layer)
        difference = self.encoder.difference(features, _rows(self._content[layer], (first, last)))
        if counted is not None:
            difference *= counted[first:last] ** power
        return difference

    @_guarded
    def backward(self, gradients):
        """See `contract.Evaluator`."""

        def heads(strip, layer, features, total):
            if layer in gradients.style:
                total = self._regions.gradient(strip, layer, features, gradients.style[layer], total)
            if layer in self._content:
                difference = self._difference(strip, layer, features, power=2)
                difference *= 2 * gradients.content[layer]
                total = _added(total, difference)
            if layer in gradients.maps:
                total = _added(total, 1 * _rows(gradients.maps[layer], strip.wanted[layer]))
            return total

        return self._course.backward(heads)

    def aim(self, image, phase=(0, 0)):
        """See `contract.Evaluator`."""
        self._course.look_from(phase)
        self._content = self._streamed.extract(image, self._content, (), phase=phase).content
        return dict(self._content)


class _Course:
    """The way of a picture up through the stages, strip by strip, and of its gradient down again."""

    def __init__(self, streamed, size, names, returns=True):
        self._encoder, self._arrays = streamed.encoder, streamed
        it = streamed.encoder
        padded = [edge + 2 * it.border for edge in size]
        division = Division(it.network, padded, it.pooling, names, streamed.values)
        self._stages, self.shapes, self._names = division.stages, division.shapes, names
        self._returns, self._keeps = returns, returns and math.prod(size) <= streamed.kept
        self._image, self._inputs, self._kept, self._ready = None, {}, {}, False
        self.look_from((0, 0))

    def look_from(self, phase):
        """Continue the picture beyond its edges so that the network samples it in a phase."""
        self._beyond = around(self._encoder.border, phase)

    def forward(self, image, look):
        """Compute strip after strip; keep what the stages hand on.

        Parameters
        ----------
        image : Array, shape (1, 3, H, W)
        look : callable
            Is given each strip and the feature maps that belong to it.
        """
        self._kept = {}
        self._image, self._inputs = image, {}
        for stage, strips in self._stages:
            target = self._arrays.empty((1, *self.shapes[stage.output])) if stage.output else None
            for number, strip in enumerate(strips):
                self._strip_forward(stage, number, strip, target, look)
                self._arrays.let_go()
            self._inputs[stage.output] = target
            if self._keeps or not self._returns:
                self._inputs.pop(stage.input, None)
        self._ready = True

    # a function of its own, as is that of the way back: its strip is let go of before the next one begins
    def _strip_forward(self, stage, number, strip, target, look):
        source, output = self._source(stage, strip), stage.output
        if self._keeps:
            kept = self._kept[stage.input, number] = self._encoder.kept(strip, source)
            maps = kept.wanted()
            if output and output not in self._names:
                kept.forget(output)
        else:
            maps, _ = self._encoder.strip(strip, source)
        if output:
            first, last = strip.wanted[output]
            target[:, :, first:last] = maps[output]
        look(strip, maps)

    def backward(self, heads):
        """The gradient of the picture that `forward` was last given.

        Parameters
        ----------
        heads : callable
            Strip, and what `contract.Heads` takes: adds the gradients of its own losses.
        """
        if not self._ready:  # the way back lets go of what it needs no more
            self.forward(self._image, lambda strip, maps: None)
        above = None
        for stage, strips in reversed(self._stages):
            below = self._zeros(stage.input)
            for number, strip in enumerate(strips):
                gradient = self._strip_back(stage, number, strip, above, heads)
                if stage.input == DATA:
                    fold_into(below, gradient, strip.source, self._beyond)
                else:
                    _rows(below, strip.source)[:] += gradient
                del gradient
                self._arrays.let_go()
            above = below
            self._inputs.pop(stage.input, None)
        self._ready = False
        return above

    def _source(self, stage, strip):
        """What a strip is computed from."""
        if stage.input == DATA:
            return mirrored(self._image, self._beyond, strip.source)
        return _rows(self._inputs[stage.input], strip.source)

    def _zeros(self, name):
        # a picture's planes lie one behind the other, feature maps channels last: for one channel that is the same
        shape = (3, 1, *self._image.shape[2:]) if name == DATA else (1, *self.shapes[name])
        zeros = self._arrays.zeros(shape, exact=name == DATA)
        return zeros.swapaxes(0, 1) if name == DATA else zeros

    def _strip_back(self, stage, number, strip, above, heads):
        if self._keeps:
            pull = self._kept.pop((stage.input, number)).backward
        else:
            _, pull = self._encoder.strip(strip, self._source(stage, strip), backward=True)

        def with_above(layer, features, total):
            if layer == stage.output:
                total = _rows(above, strip.wanted[layer])
            return heads(strip, layer, features, total) if layer in self._names else total

        return pull(with_above)


def _gather(whole, strip, maps):
    """Put a strip's part of whole feature maps, layer -> (1, C, H, W), in its place."""
    for layer in whole.keys() & maps.keys():
        first, last = strip.wanted[layer]
        whole[layer][:, :, first:last] = maps[layer]


def _added(total, part):
    """A sum, in the place of the first if there is one."""
    if total is None:
        return part
    total += part
    return total


def _rows(array, rows):
    return array[:, :, rows[0] : rows[1]]
