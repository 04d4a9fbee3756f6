"""Which engine and which precision are fast on the processor at hand: by a rule where it is known, else by a trial."""

import math
import time
from typing import NamedTuple

import numpy as np

from ..errors import EngineError
from ..networks import layers
from . import processor
from .kept import kept

GAIN = 0.95  # of the time of the candidate before it: what a later one must not exceed in a trial to be chosen
EDGE, EDGE_ON_GPU, REPEATS = 192, 512, 4  # of the picture of a trial, pixels; of its evaluations


class Candidate(NamedTuple):
    """An engine in a precision."""

    engine: str
    precision: str

    def __str__(self):
        return f"{self.engine}, {self.precision}"


class Choice(NamedTuple):
    """What a run computes with, and why."""

    engine: str
    precision: str
    reason: str  # "AMD Zen 5", "asked for", "measured 1.4 times as fast as mxnet, float32"

    def __str__(self):
        return f"{self.engine}, {self.precision}: {self.reason}"


class Rule(NamedTuple):
    """What is fast on one kind of processor, measured (README, "How long it takes")."""

    vendor: str  # or empty: any
    has: str  # an instruction set
    lacks: str  # another, or empty
    families: tuple  # or empty: any
    order: tuple  # of tuples of Candidate, the fastest first; those in one tuple are near each other, and are tried
    twofold: str = ""  # the engine that halves the time of the other with VGG-19, if one does

    def fits(self, processor):
        """Whether a processor is of this kind."""
        return (
            self.vendor in ("", processor.vendor)
            and self.has in processor.features
            and self.lacks not in processor.features
            and (not self.families or processor.family in self.families)
        )


MXNET_FLOAT32, MXNET_BFLOAT16 = Candidate("mxnet", "float32"), Candidate("mxnet", "bfloat16")
TORCH_FLOAT32, TORCH_BFLOAT16 = Candidate("torch", "float32"), Candidate("torch", "bfloat16")

RULES = (
    # the oneDNN of MXNet 1.9.1 writes beyond its memory with AMX, and without AMX bfloat16 is the slower one
    Rule("Intel", "amx_bf16", "", (), ((TORCH_BFLOAT16,), (MXNET_FLOAT32,), (MXNET_BFLOAT16,)), twofold="torch"),
    Rule("AMD", "avx512_bf16", "", (25, 26), ((MXNET_BFLOAT16, TORCH_BFLOAT16), (MXNET_FLOAT32, TORCH_FLOAT32))),
    Rule("Intel", "avx512f", "amx_bf16", (), ((MXNET_FLOAT32, TORCH_FLOAT32),)),
    Rule("", "avx2", "avx512_bf16", (), ((MXNET_FLOAT32,), (TORCH_FLOAT32,))),
)


def rule_for(processor):
    """The rule that knows a processor, or None."""
    return next((rule for rule in RULES if rule.fits(processor)), None)


def known(candidates, processor):
    """As `choose`, without a trial: where no rule tells candidates apart, the first of them."""
    rule = rule_for(processor)
    order = [candidate for group in (rule.order if rule else ()) for candidate in group if candidate in candidates]
    return Choice(*(order or candidates)[0], processor.title)


def choose(candidates, processor, seconds, key=""):
    """The fastest of some candidates.

    Parameters
    ----------
    candidates : sequence of Candidate
        In the order in which they are preferred where they are about equally fast.
    processor : processor.Processor
    seconds : callable
        How long a candidate takes for one and the same work, infinite where it cannot: asked where no rule knows which
        is the fastest.
    key : str
        What else `seconds` depends on: the network and the versions of the engines. The answer is kept, so that the
        same machine chooses the same again.

    Returns
    -------
    Choice
    """
    rule = rule_for(processor)
    for group in rule.order if rule else ():
        near = [candidate for candidate in candidates if candidate in group]
        if len(near) == 1:
            return Choice(*near[0], processor.title)
        if near:
            return _on_processor(near, processor, seconds, key)
    if len(candidates) == 1:
        return Choice(*candidates[0], "nothing else works on this processor")
    return _on_processor(candidates, processor, seconds, key)


def _on_processor(candidates, processor, seconds, key):
    machine = "; ".join([processor.title, processor.name, *sorted(processor.features), key])
    return measured(candidates, seconds, machine, "processor")


def measured(candidates, seconds, key, device):
    """As `choose`, by a trial; `key` names all that the answer depends on, `device` what it was measured on."""
    names = [str(candidate) for candidate in candidates]

    def fits(times):
        return isinstance(times, dict) and set(names) <= times.keys() and all(map(_is_time, times.values()))

    calm = not processor.is_busy()  # what else the machine has to do slows one engine more than another
    key = "; ".join([key, *names])
    times = kept(key, lambda: {name: seconds(it) for name, it in zip(names, candidates)}, fits, calm)
    best = names[0]
    for name in names[1:]:
        if times[name] < GAIN * times[best]:
            best = name
    other = min((name for name in names if name != best), key=times.get)
    chosen = candidates[names.index(best)]
    if times[other] == math.inf:
        return Choice(*chosen, f"{other} does not work on this {device}")
    ratio = times[other] / times[best]
    how = f"{ratio:.2g} times as fast as" if ratio * GAIN > 1 else "about as fast as"
    return Choice(*chosen, f"measured {how} {other} on this {device}")


def hint(processor, names, install):
    """A line for the user whose processor would halve the time with an engine that he lacks; None the second time."""
    rule, told = rule_for(processor), []
    if rule is None or rule.twofold in ("", *names):
        return None
    kept(f"told of {rule.twofold}; {processor.name}", lambda: not told.append(True), lambda value: value is True)
    line = f"With {rule.twofold} this processor paints in half the time or less with VGG-19: {install[rule.twofold]}."
    return line if told else None


def _is_time(value):
    return type(value) in (int, float) and value > 0


def seconds(engine, network, on_gpu=False):
    """How long an engine takes for one evaluation of a network, both ways, on a small picture.

    Infinite where it cannot.
    """
    style = list(network.defaults.style_layers)
    rows = network._replace(layers=tuple(layers.needed(network, style)))
    edge = EDGE_ON_GPU if on_gpu else EDGE
    try:
        image = engine.array(np.zeros((1, layers.CHANNELS, edge, edge), np.float32))
        encoder = engine.encoder(rows, constant_arrays(rows))
        evaluator = encoder.evaluator((edge, edge), {}, style)
        return min(_timed(engine, evaluator, image) for _ in range(REPEATS))
    except EngineError:
        return math.inf


def _timed(engine, evaluator, image):
    started = time.perf_counter()
    engine.numpy(evaluator.backward(evaluator.forward(image)))  # waits for a GPU
    return time.perf_counter() - started


def constant_arrays(network):
    """Weights of the right shapes: what time does not depend on is their values."""
    arrays = {}
    for name, shape in layers.convolutions(network).items():
        arrays[f"{name}_weight"] = np.full(shape, 1 / math.prod(shape[1:]), np.float32)
        arrays[f"{name}_bias"] = np.ones(shape[0], np.float32)
    return arrays


TINY = layers.Network(
    "tiny",
    "a convolution, to be tried",
    (layers.Layer("conv", "convolution", (layers.DATA,), channels=16, kernel=3, pad=1),),
    layers.Defaults({}, {"conv": 1.0}),
)


def works(engine):
    """Whether an engine computes at all: a tiny convolution, both ways, tried."""
    image = engine.array(np.ones((1, layers.CHANNELS, 16, 16), np.float32))
    try:
        evaluator = engine.encoder(TINY, constant_arrays(TINY)).evaluator((16, 16), {}, ["conv"])
        gradient = engine.numpy(evaluator.backward(evaluator.forward(image)))
    except EngineError:
        return False
    return bool(np.isfinite(gradient).all())
