"""The feature maps of a strip of a picture, and the way back through them.

Rows beyond the picture's edges are added here, by the strip's own account; columns are padded by the operators, as in
whole pictures.
"""

from .library import computing, torch
from .operators import CHANNELS_LAST


class StripMaps:
    """A strip, computed.

    Parameters
    ----------
    operators : Operators
    strip : networks.strips.Strip
    source : Tensor, shape (1, C, H, W)
    kept : {"", "maps", "bits"}
        What is kept for the way back: nothing, the feature maps that it asks for, or bits that say as much.
    """

    @computing()
    def __init__(self, operators, strip, source, kept=""):
        self._operators, self._strip, self._shapes, self._bits = operators, strip, {}, {}
        rows = [step.layer for step in strip.steps]
        self._keep = {*strip.wanted, *(operators.needed_back(rows) if kept == "maps" else ())}
        self._maps = {strip.input: source.to(operators.dtype).contiguous(memory_format=CHANNELS_LAST)}
        self._shapes[strip.input] = source.shape
        uses = {}
        for step in strip.steps:
            for feed in step.feeds:
                uses[feed.name] = uses.get(feed.name, 0) + 1
        for step in strip.steps:
            first = step.feeds[0].name
            own = uses[first] == 1 and first not in self._keep and first != strip.input
            inputs = self._inputs(step)
            result = operators.operator(_inner(step.layer), inputs, own)
            self._maps[step.layer.name], self._shapes[step.layer.name] = result, result.shape
            if kept == "bits":
                self._bits[step.layer.name] = operators.bits_back(_inner(step.layer), inputs, result)
            del inputs
            for feed in step.feeds:
                uses[feed.name] -= 1
                if not uses[feed.name] and feed.name not in self._keep:
                    del self._maps[feed.name]
        if kept == "bits":  # of a map that is looked at the halo is not
            self._maps = {name: _without_more(self._own_rows(name)) for name in strip.wanted}

    def _inputs(self, step):
        return [self._fed(step.layer, feed) for feed in step.feeds]

    def _fed(self, layer, feed):
        """The rows of an input that a layer sees, those beyond the picture's edges among them."""
        features = self._maps[feed.name][:, :, feed.start : feed.stop]
        if not (feed.above or feed.below):
            return features
        value = float("-inf") if layer.kind == "pool" and self._operators.pooling == "max" else 0.0
        _, channels, height, width = features.shape
        shape = 1, channels, feed.above + height + feed.below, width
        padded = torch.empty(shape, dtype=features.dtype, device=features.device, memory_format=CHANNELS_LAST)
        padded[:, :, : feed.above] = value
        padded[:, :, feed.above : feed.above + height] = features
        padded[:, :, feed.above + height :] = value
        return padded

    def _own(self, name):
        """Where the rows that belong to this strip alone stand among those that it holds."""
        (first, last), start = self._strip.wanted[name], self._strip.held[name][0]
        return slice(first - start, last - start)

    def forget(self, name):
        """See `contract.Kept`."""
        del self._maps[name]

    @computing()
    def wanted(self):
        """See `contract.Kept`."""
        return {name: self._own_rows(name) for name in self._strip.wanted if name in self._maps}

    def _own_rows(self, name):
        rows = self._maps[name]
        first, last = self._strip.wanted[name]
        return rows if rows.shape[2] == last - first else rows[:, :, self._own(name)]

    @computing()
    def backward(self, heads):
        """The gradient of the source; the maps are let go of on the way. See `contract.Heads`."""
        found = {}
        for step in reversed(self._strip.steps):
            total = found.pop(step.layer.name, None)
            if step.layer.name in self._strip.wanted:
                total = self._with_heads(step.layer.name, total, heads)
            if total is not None:
                self._layer_back(step, total, found)
            self._maps.pop(step.layer.name, None)
            self._bits.pop(step.layer.name, None)
        return found.pop(self._strip.input) if found else self._zeros(self._strip.input)

    def _with_heads(self, name, total, heads):
        """The gradient of a layer that is looked at: `total`, which comes from above, and that of its own losses."""
        features = self._own_rows(name) if name in self._maps else None
        if total is not None:
            total = total.contiguous(memory_format=CHANNELS_LAST)
            heads(name, features, total[:, :, self._own(name)])
            return total
        ours = heads(name, features, None)
        if ours is None:
            return None
        if ours.shape == self._shapes[name]:
            return ours.to(self._operators.dtype, memory_format=CHANNELS_LAST)
        total = self._zeros(name)
        total[:, :, self._own(name)] = ours
        return total

    def _layer_back(self, step, total, found):
        kept = self._bits.get(step.layer.name)
        maps = {step.layer.name: self._maps.get(step.layer.name) if kept is None else kept}
        shapes = {}
        for feed in step.feeds:
            _, channels, _, width = self._shapes[feed.name]
            shapes[feed.name] = channels, feed.stop - feed.start + feed.above + feed.below, width
            if step.layer.kind in ("pool", "lrn"):
                if kept is not None:
                    maps[feed.name] = kept
                elif feed.name in self._maps:
                    maps[feed.name] = self._fed(step.layer, feed)
        for feed, part in zip(step.feeds, self._operators.backward(_inner(step.layer), total, maps, shapes)):
            part = part[:, :, feed.above : part.shape[2] - feed.below]
            if feed.name not in found and part.shape == self._shapes[feed.name]:
                found[feed.name] = part
                continue
            if feed.name not in found:
                found[feed.name] = self._zeros(feed.name)
            found[feed.name][:, :, feed.start : feed.stop] += part

    def _zeros(self, name):
        dtype, device = self._operators.dtype, self._operators.device
        return torch.zeros(self._shapes[name], dtype=dtype, device=device).contiguous(memory_format=CHANNELS_LAST)


def _without_more(rows):
    """Rows of an array without the memory of the others."""
    return rows.clone(memory_format=CHANNELS_LAST) if rows._is_view() else rows


def _inner(layer):
    """A layer with the padding of its columns alone."""
    return layer._replace(pad=(0, layer.pad))
