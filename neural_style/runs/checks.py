"""What must be true of a state that is read back, so that a run can go on from it; ValueError says what is not."""

import math

import numpy as np

from ..painting.descent import LOOK_BACK, MOST_FAILURES
from ..painting.optimizers import OPTIMIZERS
from .status import ENDED


def check_levels(levels):
    """Sizes and epochs are whole numbers from 1."""
    _demand(levels, "it has no levels")
    for level in levels:
        _demand(len(level.size) == 2 and all(_whole(n, 1) for n in (*level.size, level.epochs)), f"its level {level}")


def check_state(state, levels, finite):
    """Counters lie within the levels; pictures are finite, as a function says, and have the size of theirs."""
    epochs = [level.epochs for level in levels]
    _demand(_whole(state.level, 0, len(levels) - 1), f"its level {state.level}")
    _demand(_whole(state.level_epoch, 0, epochs[state.level]), f"its epoch {state.level_epoch} of level {state.level}")
    most = sum(epochs[: state.level]) + state.level_epoch
    _demand(_whole(state.epoch, max(1, state.level_epoch), most), f"its epoch {state.epoch}")
    _demand(_number(state.step_scale) and 0 < state.step_scale <= 1, f"its step scale {state.step_scale}")
    _demand(_whole(state.failures, 0, MOST_FAILURES), f"its failures {state.failures}")
    latest = state.latest
    known = isinstance(latest, list) and all(map(_is_epoch, latest))
    _demand(known and len(latest) <= LOOK_BACK + 1, "its latest epochs")
    # at the beginning of a level the picture is still of the one before
    size = levels[state.level if state.level_epoch or not state.level else state.level - 1].size
    _check_picture("its picture", state.image, size, finite)
    if state.average is not None:
        _check_picture("its mean picture", state.average, size, finite)
    if state.noise is not None:
        _check_picture("its noise", state.noise, size, finite)
    if state.best is not None:
        _demand(_whole(state.best.epoch, 0, state.epoch) and _number(state.best.total), "its best picture")
        _check_picture("its best picture", state.best.image, levels[-1].size, finite)


def check_optimizer(arrays, name, shape, finite):
    """The arrays are those that the optimizer keeps, or none; finite, and of the picture's shape."""
    _demand(name in OPTIMIZERS, f"its optimizer {name}")
    keeps = OPTIMIZERS[name]
    history = {f"{kind}_{number}" for kind in keeps.pairs for number in range(len(arrays))} & arrays.keys()
    count = len(history) // max(1, len(keeps.pairs))
    whole = history == {f"{kind}_{number}" for kind in keeps.pairs for number in range(count)}
    scales = {f"{name}_scale" for name in history} & arrays.keys()  # of arrays in half precision
    expected = {*keeps.numbers, *keeps.arrays, *history, *scales}
    _demand(not arrays or (arrays.keys() == expected and whole), "what its optimizer remembers")
    for key, array in arrays.items():
        shape_and_kinds = ((), "iuf") if key in keeps.numbers or key in scales else (shape, "f")
        _demand(array.shape == shape_and_kinds[0] and array.dtype.kind in shape_and_kinds[1], f"its {key}")
        _demand(finite(array) or key == "loss", f"its {key}")


def check_event(event, levels):
    """Losses are numbers; a run that has finished has spent its epochs."""
    losses = event.losses
    _demand(isinstance(losses, dict) and "total" in losses and all(map(_float, losses.values())), "its losses")
    _demand(_float(event.relative_change) and isinstance(event.failed, bool), "its last epoch")
    _demand(event.status is None or event.status in ENDED, f"its status {event.status}")
    if event.status is not None and event.status != "diverged":
        _demand(event.state.level == len(levels) - 1, f"its status {event.status}")


def check_settings(settings):
    """Those that decide whether the run goes on are numbers."""
    _demand(_whole(settings.get("max_num_epochs"), 1) and _number(settings.get("stop_eps")), "its settings")


def _check_picture(what, image, size, finite):
    _demand(isinstance(image, np.ndarray) and image.dtype == np.float32 and image.shape == (1, 3, *size), what)
    _demand(finite(image), f"{what} is not finite")


def _whole(value, least, most=math.inf):
    return type(value) is int and least <= value <= most


def _float(value):
    return type(value) in (int, float)


def _is_epoch(told):
    return isinstance(told, dict) and told.keys() == {"total", "style", "change"} and all(map(_float, told.values()))


def _number(value):
    return _float(value) and math.isfinite(value)


def _demand(condition, what):
    if not condition:
        raise ValueError(f"{what} cannot be right" if not what.endswith(("finite", "levels")) else what)
