"""Which engine and which precision are fast on the processor at hand: by a rule where it is known, else by a trial."""

import math
import time
from typing import NamedTuple

import numpy as np

from ..errors import EngineError
from ..networks import layers
from .kept import kept

GAIN = 0.9  # of the time of the candidate before it: what a later one must not exceed in a trial to be chosen
EDGE, REPEATS = 96, 3  # of the picture of a trial, pixels; of its evaluations


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
    """What is fast on one kind of processor, measured (README, "How fast")."""

    vendor: str  # or empty: any
    has: str  # an instruction set
    lacks: str  # another, or empty
    families: tuple  # or empty: any
    order: tuple  # of Candidate, the fastest first

    def fits(self, processor):
        """Whether a processor is of this kind."""
        return (
            self.vendor in ("", processor.vendor)
            and self.has in processor.features
            and self.lacks not in processor.features
            and (not self.families or processor.family in self.families)
        )


FLOAT32, BFLOAT16 = Candidate("mxnet", "float32"), Candidate("mxnet", "bfloat16")

RULES = (
    Rule("Intel", "amx_bf16", "", (), (BFLOAT16, FLOAT32)),
    Rule("AMD", "avx512_bf16", "", (25, 26), (BFLOAT16, FLOAT32)),
    Rule("Intel", "avx512f", "amx_bf16", (), (FLOAT32,)),
    Rule("", "avx2", "avx512_bf16", (), (FLOAT32,)),
)


def choose(candidates, processor, seconds, key=""):
    """The fastest of some candidates.

    Parameters
    ----------
    candidates : sequence of Candidate
        Those that work here, in the order in which they are preferred where they are about equally fast.
    processor : processor.Processor
    seconds : callable
        How long a candidate takes for one and the same work: asked where no rule knows the processor.
    key : str
        What else `seconds` depends on: the network and the versions of the engines. The answer is kept, so that the
        same machine chooses the same again.

    Returns
    -------
    Choice
    """
    for rule in RULES:
        if rule.fits(processor):
            for candidate in rule.order:
                if candidate in candidates:
                    return Choice(*candidate, processor.title)
    if len(candidates) == 1:
        return Choice(*candidates[0], "nothing else works on this processor")
    return _measured(candidates, processor, seconds, key)


def _measured(candidates, processor, seconds, key):
    names = [str(candidate) for candidate in candidates]
    everything = "; ".join([processor.title, processor.name, *sorted(processor.features), key, *names])

    def fits(times):
        return isinstance(times, dict) and set(names) <= times.keys() and all(map(_is_time, times.values()))

    times = kept(everything, lambda: {name: seconds(it) for name, it in zip(names, candidates)}, fits)
    best = names[0]
    for name in names[1:]:
        if times[name] < GAIN * times[best]:
            best = name
    other = min((name for name in names if name != best), key=times.get)
    ratio = times[other] / times[best]
    return Choice(*candidates[names.index(best)], f"measured {ratio:.2g} times as fast as {other} on this processor")


def _is_time(value):
    return type(value) in (int, float) and value > 0


def seconds(engine, network):
    """How long an engine takes for one evaluation of a network, both ways, on a small picture.

    Infinite where it cannot.
    """
    style = list(network.defaults.style_layers)
    rows = network._replace(layers=tuple(layers.needed(network, style)))
    image = engine.array(np.zeros((1, layers.CHANNELS, EDGE, EDGE), np.float32))
    try:
        encoder = engine.encoder(rows, constant_arrays(rows))
        evaluator = encoder.evaluator((EDGE, EDGE), {}, style)
        return min(_timed(evaluator, image) for _ in range(REPEATS))
    except EngineError:
        return math.inf


def _timed(evaluator, image):
    started = time.perf_counter()
    evaluator.backward(evaluator.forward(image))
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
