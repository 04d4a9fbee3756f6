"""How a run computes its pictures so that it fits into memory: whole, or in strips."""

import math
import sys

from ..engines.contract import Strips
from ..engines.streamed import StreamedEncoder
from ..errors import InputError
from ..networks.strips import Division, sees_all
from ..painting.optimizers import OPTIMIZERS
from . import limits

# bytes of a strip for each value of its layers: the maps, their gradients, and what the operators need beside them;
# measured with VGG-19 at 1200 x 800 (bfloat16, 7) and 384 x 256 (float32), rounded up
STRIP_VALUE = {"float32": 14, "bfloat16": 8, "float16": 8}
LARGEST = 2**26  # values of a strip: larger ones are not faster
# pictures that a run holds beside those of its optimizer, denoising of a snapshot included
PICTURES = 20
BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}  # of a value in the precision of the convolutions


def fitted(run):
    """A run, computing in strips if its pictures do not fit into memory whole and its engine can.

    Parameters
    ----------
    run : prepare.Run

    Returns
    -------
    prepare.Run
        With an encoder in strips, what run.json says of them, and a line for the user; else as it was.

    Raises
    ------
    InputError
        If it does not fit in strips either.
    """
    it, room = run.settings, limits.room(run)
    if room is None or limits.memory(run, it.precision) <= room or not _can(run):
        return run
    pictures = [_bytes_of_result(run), *_bytes_of_paintings(run)]
    left = room - limits.FIXED_BYTES - max(pictures)
    each = STRIP_VALUE[it.precision]
    least = max(_division(run, size, 0).values for size in (run.size, *limits.painting_sizes(run)))
    if left < least * each and not it.no_memory_check:
        need = limits.FIXED_BYTES + max(pictures) + least * each
        raise InputError(f"{_refusal(run, need, room)} (--no-memory-check: try all the same).")
    # a power of two: what is free is never twice the same, and the same strips give the same bytes
    values = min(LARGEST, 2 ** int(math.log2(max(least, left / each))))
    whole = int(math.prod(run.size) * max(0, room - limits.FIXED_BYTES) / limits.of_result(run, it.precision))
    notice = (
        f"Computing in strips: whole, {_what(run)} about {limits.shown(limits.memory(run, it.precision))} of memory, "
        f"and {limits.shown(room)} are {limits.whence(it)}; this takes up to twice as long."
    )
    return run._replace(
        encoder=StreamedEncoder(run.encoder, values, whole),
        notices=(*run.notices, notice),
        strips={"values": values, "whole_up_to_pixels": whole},
    )


def _can(run):
    names = {*run.settings.content_layers, *run.settings.style_layers}
    return isinstance(run.encoder, Strips) and not sees_all(run.encoder.network, names)


def _division(run, size, values):
    it, encoder = run.settings, run.encoder
    edges = [edge + 2 * encoder.border for edge in size]
    return Division(encoder.network, edges, encoder.pooling, {*it.content_layers, *it.style_layers}, values)


def _bytes_of_result(run):
    """Of all that is held of the result beside a strip: pictures, what the stages hand on and its gradient, targets."""
    it = run.settings
    pictures = math.prod(run.size) * limits.IMAGE * (PICTURES + OPTIMIZERS[it.optimizer].pictures)
    whole = limits.COPIES_OF_MAPS * limits.of_whole_maps(run, run.size)
    return pictures + whole + _bytes_of_maps(run, run.size, run.regions, 2, it.content_layers)


def _bytes_of_paintings(run):
    return [
        math.prod(size) * limits.IMAGE * PICTURES
        + 2 * limits.of_whole_maps(run, size)
        + _bytes_of_maps(run, size, regions, 1, ())
        for size, regions in zip(limits.painting_sizes(run), run.style_regions)
    ]


def _bytes_of_maps(run, size, regions, copies, content_layers):
    whole = _division(run, size, sys.maxsize)
    handed_on = copies * whole.handed_on * BYTES[run.settings.precision]
    targets = sum(4 * math.prod(whole.shapes[layer]) for layer in content_layers)
    masks = sum(4 * math.prod(whole.shapes[layer][1:]) for layer in run.settings.style_layers)
    return handed_on + targets + masks * sum(region is not None for region in regions)


def _what(run):
    """What takes most: its pictures, and the verb."""
    return limits.largest(run).partition(": ")[2]


def _refusal(run, need, room):
    it = run.settings
    if it.memory is None:
        return (
            f"{limits.largest(run)} about {limits.shown(need)} of memory even in strips, "
            f"{limits.shown(room)} are free; ask for less, or close other programs"
        )
    need += it.memory - room if room else limits.PROCESS_BYTES
    return (
        f"--memory {limits.shown(it.memory)}: {_what(run)} about {limits.shown(need)} even in strips, the program "
        "itself included; allow more, or ask for less"
    )
