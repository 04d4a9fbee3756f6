"""How a run computes its pictures so that it fits into memory: whole or in strips, and what it remembers of them."""

import functools
import math
import sys
from pathlib import Path
from typing import NamedTuple

from ..engines.contract import Strips
from ..engines.streamed import StreamedEncoder
from ..errors import InputError
from ..files import HELD, Scratch
from ..networks.strips import Division, sees_all
from ..painting import matching
from ..painting.optimizers import LBFGS, OPTIMIZERS
from ..painting.pieces import MEMORY, Pieces
from ..painting.remembered import Half
from . import limits, state

# bytes of a strip for each value of its layers: the maps, their gradients, and what the operators need beside them;
# measured with VGG-19 at 1200 x 800 (bfloat16, 7) and 384 x 256 (float32), rounded up
STRIP_VALUE = {"float32": 14, "bfloat16": 8, "float16": 8}
# values of a strip, at most: so many, or so many times those of the thinnest, which compute their halos over and over;
# larger ones were no faster (VGG-19 at 900 x 600, bfloat16, bits kept: 0.96 times a whole picture's time with 2^24, and
# 0.99 with 2^26; 1.35 with 2^22)
ENOUGH, THICK, LARGEST = 2**24, 8, 2**26
COMFORTABLE = 2**23  # values of a strip
# pictures that a run holds beside those of its optimizer, what is computed of a snapshot included; and of those that
# lie on a disk what is in memory while they are read, resized and encoded
PICTURES, ON_DISK = 12, 2
BESIDE_WORKERS = 5  # more, of the arrays that tiles are cut from and put together in
BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}  # of a value in the precision of the convolutions
LARGE_STATE = 1 << 30  # bytes
FEWER = (6, 3)  # pairs of L-BFGS, where nothing else helps


class Way(NamedTuple):
    """A way to compute a run."""

    pictures: str  # whole, bits (in strips, of which bits are kept), strips (nothing is kept), or tiles (by workers)
    pairs: str  # of L-BFGS: whole, half, or disk, where all pictures lie then, and with strips the feature maps
    history: int = LBFGS.history


def ways(run, folder=None):
    """The ways that a run may take, the fastest first; they need less and less memory.

    The last one uses the disk of a folder, if there is one, where no `--scratch` is named.
    """
    it = run.settings
    kinds = ["whole", "half", *(["disk"] if it.scratch else [])] if it.optimizer == "lbfgs" else ["whole"]
    found = [Way("whole", pairs) for pairs in kinds]
    if can_strips(run):
        found += [Way("bits", pairs) for pairs in kinds]
        found.append(Way("strips", "half" if it.optimizer == "lbfgs" else "whole"))
        if not it.scratch and it.optimizer == "lbfgs":
            found += [Way("strips", "half", fewer) for fewer in FEWER]
        if it.scratch or folder is not None:
            found.append(Way("strips", "disk"))
    return found


def read_into(settings, folder):
    """Where the arrays of a state in a folder go when they are read: those of a large one to the disk."""
    sizes = [(folder / name).stat().st_size for name in (state.NEWEST, state.EARLIER) if (folder / name).is_file()]
    scratch = settings.scratch if settings.scratch and Path(settings.scratch).is_dir() else folder
    return Pieces(Scratch(scratch)) if settings.scratch or max(sizes, default=0) > LARGE_STATE else MEMORY


def fitted(run, folder=None):
    """A run in the first of its ways that fits into memory.

    Parameters
    ----------
    run : prepare.Run
    folder : Path, optional
        Of the run: what fits nowhere else lies on its disk.

    Returns
    -------
    prepare.Run
        As it was where it fits so; else with another encoder or optimizer, what run.json says of them, and a line for
        the user.

    Raises
    ------
    InputError
        If it does not fit in strips either.
    """
    it, room = run.settings, limits.room(run)
    if it.scratch is not None and not Path(it.scratch).is_dir():
        raise InputError(f"--scratch {it.scratch}: no folder; make it, or name another.")
    if run.cluster:
        return _beside_workers(run, room, folder)
    if room is None or needs(run, Way("whole", "whole"), 0) <= room:
        return run
    found = ways(run, folder)
    for comfortable in (COMFORTABLE, 0):
        for way in found:
            if needs(run, way, comfortable) <= room:
                return _by(run, way, room, folder)
    if not can_strips(run):
        return run  # `limits.check` says what would help
    if it.no_memory_check:
        return _by(run, found[-1], room, folder)
    raise InputError(
        f"{_refusal(run, min(needs(run, way, 0) for way in found), room)} (--no-memory-check: try all the same)."
    )


def _beside_workers(run, room, folder):
    """A run that workers compute: what of it stays here, in the first of its ways that fits."""
    found = ways_beside_workers(run, folder)
    way = next((way for way in found if room is None or needs(run, way, 0) <= room), found[-1])
    if way.pairs == "whole":
        return run
    run, scratch = _placed(run, way, folder)
    notice = f"The steps of L-BFGS are remembered {_remembered(scratch)}."
    return run._replace(
        notices=(*run.notices, *([notice] if run.settings.optimizer == "lbfgs" else [])),
        cluster={**run.cluster, "pairs": way.pairs},
        make_optimizer=_optimizer(run, way, scratch),
    )


def ways_beside_workers(run, folder=None):
    """As `ways`, of what stays on this machine where workers compute."""
    kinds = ["whole", "half"] if run.settings.optimizer == "lbfgs" else ["whole"]
    kinds += ["disk"] if run.settings.scratch or folder is not None else []
    return [Way("tiles", pairs) for pairs in kinds]


def can_strips(run):
    """Whether the engine and the network can compute in strips."""
    names = {*run.settings.content_layers, *run.settings.style_layers}
    return isinstance(run.encoder, Strips) and not sees_all(run.encoder.network, names)


def needs(run, way, comfortable):
    """Bytes that a run needs above what it holds before its first epoch, with strips of so many values or more."""
    if way.pictures == "whole":
        return limits.memory(run, run.settings.precision, PAIR[way.pairs] * 2 * way.history)
    if way.pictures == "tiles":
        here = limits.IMAGE * (BESIDE_WORKERS + (ON_DISK if way.pairs == "disk" else PICTURES))
        return limits.FIXED_BYTES + math.prod(run.size) * (here + _of_optimizer(run, way))
    return limits.FIXED_BYTES + _beside(run, way) + max(_least(run), comfortable) * _each(run)


# bytes of one of L-BFGS's arrays, per pixel
PAIR = {"whole": limits.IMAGE, "half": limits.IMAGE // 2, "disk": 0}


def _by(run, way, room, folder):
    it, (run, scratch) = run.settings, _placed(run, way, folder)
    notices, strips = [], {"pairs": way.pairs, "history": way.history}
    if way.pictures == "whole":
        encoder = run.encoder
        notices.append(f"The steps of L-BFGS are remembered {_remembered(scratch)}")
    else:
        left = room - limits.FIXED_BYTES - _beside(run, way)
        # a power of two: what is free is never twice the same, and the same strips give the same bytes
        least = _least(run)
        most = min(LARGEST, max(ENOUGH, THICK * least), left / _each(run))
        values = 2 ** int(math.log2(max(least, most)))
        area, spare = math.prod(run.size), max(0, room - limits.FIXED_BYTES)
        whole = int(area * spare / limits.of_result(run, it.precision, PAIR[way.pairs] * 2 * way.history))
        bits = area * max(0, spare - values * _each(run)) / _beside(run, way._replace(pictures="bits"))
        kept = area if way.pictures == "bits" else int(min(area - 1, bits))
        strips.update(values=values, whole_up_to_pixels=whole, bits_kept_up_to_pixels=kept)
        on_disk = scratch if way.pictures == "strips" else None
        encoder = StreamedEncoder(run.encoder, values, whole, kept, _lean(run, way), on_disk)
        notices.append("Computing in strips" + (" that keep bits" if way.pictures == "bits" else ""))
        if way.pairs != "whole" and it.optimizer == "lbfgs":
            notices.append(f"with the steps of L-BFGS {_remembered(scratch)}")
        elif scratch:
            notices.append(f"with the pictures {_remembered(scratch)}")
    notice = (
        f"{', '.join(notices)}: whole, {_what(run)} about {limits.shown(limits.memory(run, it.precision))} of memory, "
        f"and {limits.shown(room)} are {limits.whence(it)}"
        f"{'; this takes up to twice as long' if way.pictures == 'strips' else ''}."
    )
    return run._replace(
        encoder=encoder, notices=(*run.notices, notice), strips=strips, make_optimizer=_optimizer(run, way, scratch)
    )


def _placed(run, way, folder):
    """A run whose pictures, its photograph among them, lie where its way has them; and the disk, if it uses one."""
    if way.pairs != "disk":
        return run, None
    it, scratch = run.settings, Scratch(run.settings.scratch or folder)
    halves = way.history if it.optimizer == "lbfgs" else 0
    pictures = limits.IMAGE * (halves + PICTURES) * math.prod(run.size)
    limits.check_scratch(scratch.folder, pictures + (2 * _maps(run) if way.pictures == "strips" else 0))
    if run.engine.device != "cpu":
        return run, scratch
    pieces = Pieces(scratch)
    content = pieces.array(run.content.shape)
    pieces.change(content, lambda _, part: part, run.content)
    return run._replace(content=content, pieces=pieces), scratch


def _remembered(scratch):
    return "in half precision" if scratch is None else f"on the disk, in {scratch.folder}"


def _optimizer(run, way, scratch):
    if run.settings.optimizer != "lbfgs" or way.pairs == "whole":
        return functools.partial(run.make_optimizer, pieces=run.pieces)
    remember = functools.partial(Half, scratch=scratch)
    return functools.partial(LBFGS, history=way.history, remember=remember, pieces=run.pieces)


def _each(run):
    return STRIP_VALUE[run.settings.precision]


def _least(run):
    return max(_division(run, size, 0).thinnest for size in (run.size, *limits.painting_sizes(run)))


def _division(run, size, values):
    it, encoder = run.settings, run.encoder
    edges = [edge + 2 * encoder.border for edge in size]
    return Division(encoder.network, edges, encoder.pooling, {*it.content_layers, *it.style_layers}, values)


def _lean(run, way):
    return way.pictures == "strips" and run.settings.style_loss not in matching.MAP_LOSSES


def _maps(run):
    """Bytes of all that the stages hand on of the result, and of the photograph's feature maps."""
    whole = _division(run, run.size, sys.maxsize)
    values = whole.handed_on + sum(math.prod(whole.shapes[layer]) for layer in run.settings.content_layers)
    return BYTES[run.settings.precision] * values


def _beside(run, way):
    """Bytes that are held beside a strip: of the result, or of a painting while its moments are taken."""
    return max(_of_result(run, way), *_of_paintings(run, way))


def _of_result(run, way):
    it, area = run.settings, math.prod(run.size)
    maps = _of_maps(run, run.size, run.regions)
    whole, size = _division(run, run.size, sys.maxsize), BYTES[it.precision]
    if not (way.pictures == "strips" and way.pairs == "disk"):
        maps += size * whole.held(way.pictures == "bits")
        targets = sum(math.prod(whole.shapes[layer]) for layer in it.content_layers)
        maps += targets * (size if _lean(run, way) else 4)
    if way.pictures == "bits":
        maps += whole.kept(run.encoder.pooling, size)
    maps += limits.COPIES_OF_MAPS * limits.of_whole_maps(run, run.size)
    if way.pairs == "disk":
        return area * limits.IMAGE * ON_DISK + min(HELD, area * limits.IMAGE * PICTURES) + maps
    return area * (limits.IMAGE * PICTURES + _of_optimizer(run, way)) + maps


def _of_optimizer(run, way):
    """Bytes that the optimizer remembers in memory, per pixel."""
    if way.pairs == "disk":
        return 0
    remembered = limits.IMAGE * OPTIMIZERS[run.settings.optimizer].pictures
    if run.settings.optimizer == "lbfgs":
        remembered += 2 * (PAIR[way.pairs] * way.history - limits.IMAGE * LBFGS.history)
    return remembered


def _of_paintings(run, way):
    size = 0 if way.pictures == "strips" and way.pairs == "disk" else BYTES[run.settings.precision]
    return [
        math.prod(shape) * limits.IMAGE * (ON_DISK if way.pairs == "disk" else PICTURES)
        + 2 * limits.of_whole_maps(run, shape)
        + size * _division(run, shape, sys.maxsize).held(True)
        + _of_maps(run, shape, regions)
        for shape, regions in zip(limits.painting_sizes(run), run.style_regions)
    ]


def _of_maps(run, size, regions):
    """Bytes of the masks at the positions of the style layers."""
    shapes = _division(run, size, sys.maxsize).shapes
    masks = sum(4 * math.prod(shapes[layer][1:]) for layer in run.settings.style_layers)
    return masks * sum(region is not None for region in regions)


def _what(run):
    """What takes most: its pictures, and the verb."""
    return limits.largest(run).partition(": ")[2]


def _refusal(run, need, room):
    it = run.settings
    scratch = ", or name a folder on a disk (--scratch)" if it.scratch is None else ""
    if it.memory is None:
        return (
            f"{limits.largest(run)} about {limits.shown(need)} of memory even in strips, "
            f"{limits.shown(room)} are free; ask for less, or close other programs{scratch}"
        )
    need += it.memory - room if room else limits.PROCESS_BYTES
    return (
        f"--memory {limits.shown(it.memory)}: {_what(run)} about {limits.shown(need)} even in strips, the program "
        f"itself included; allow more, or ask for less{scratch}"
    )
