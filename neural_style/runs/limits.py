"""What a run will need of memory and disk, and what there is: one that cannot fit is refused before it begins."""

import math
import re
import shutil
from pathlib import Path
from typing import NamedTuple

from ..engines import door
from ..errors import InputError
from ..networks import layers
from ..networks.registry import NETWORKS
from ..painting.matching import MAP_LOSSES
from ..painting.optimizers import OPTIMIZERS
from ..painting.targets import style_size
from ..pictures.images import fitted_size
from ..pictures.large import LONGEST_JPEG
from .course import aims_at_what_is_written


class PerPixel(NamedTuple):
    """Bytes of memory."""

    result: int  # per pixel of the result
    painting: int  # per pixel of a painting, while its moments are taken
    mask: int  # per pixel of either, for each mask


# peak resident memory of whole runs above that before the first epoch, rounded up: with MXNet of L-BFGS, coarse to
# fine, long edges 300, 600 and 900, two threads; with PyTorch of Adam, long edges 400 and 900
MEASURED = {
    "mxnet": {
        "vgg19": {"float32": PerPixel(3000, 1600, 470), "bfloat16": PerPixel(2500, 900, 470)},
        "squeezenet": {"float32": PerPixel(1900, 650, 220), "bfloat16": PerPixel(2800, 650, 220)},
    },
    "torch": {
        "vgg19": {"float32": PerPixel(1900, 1200, 470), "bfloat16": PerPixel(1000, 700, 470)},
        "squeezenet": {"float32": PerPixel(1150, 650, 220), "bfloat16": PerPixel(950, 500, 220)},
    },
}
LARGEST_MEASURED = "vgg19"  # no network here has larger feature maps
# what PyTorch, or MXNet, and the weights take before a run begins: of `--memory` it is left to them
PROCESS_BYTES = 500e6
# what does not grow with the picture: threads, weights in the layout of the kernels, what coarser levels leave behind
FIXED_BYTES = 120e6
IMAGE = 3 * 4  # bytes of a picture, per pixel
# of the whole feature maps that some style losses ask for: themselves, their gradients, and what the losses hold
COPIES_OF_MAPS = 6
# bytes per pixel of a picture file: what a JPEG of quality 95 stays below, and what the others hold
FILE_BYTES = {"jpg": 2, "png": 3, "tiff": 6}
RECORDS = 10e6  # losses.csv, run.json, the page, the contact sheet
MXNET_VALUES = 2**31  # no array of MXNet 1.9.1 can have as many


def check(run, folder):
    """Compare what a run needs with what there is; without a folder it needs no disk.

    Raises
    ------
    InputError
        If the memory or the disk will not do; it names the option that asks for most, and says what would fit.
    """
    it, free = run.settings, room(run)
    if free is not None and not run.strips and not run.cluster and not it.no_memory_check:
        need = memory(run, it.precision)
        if need > free:
            raise InputError(
                f"{largest(run)} about {shown(need)} of memory, {shown(free)} are {whence(it)}; "
                f"{_what_fits(run, free)} (--no-memory-check: try all the same)."
            )
    if run.engine.name == "mxnet" and not run.cluster:
        _check_values(run)
    if it.image_format == "jpg" and max(run.size) > LONGEST_JPEG:
        raise InputError(
            f"--image-format jpg: {run.size[1]} x {run.size[0]} pixels are more than JPEG can hold; choose png or tiff."
        )
    need, free = (0, 0) if folder is None else (disk(run), free_disk(folder))
    if need > free:
        raise InputError(
            f"--output-dir {folder}: the run may write up to {shown(need)}, {shown(free)} are free; make room, "
            "choose another folder, or save less often (--save-epochs)."
        )


def room(run):
    """Bytes that a run may take above what it holds before its first epoch; None where nobody knows, or asks."""
    it, on_cpu = run.settings, run.engine.device == "cpu"
    if it.memory is not None:
        return max(0, it.memory - (PROCESS_BYTES if on_cpu else 0))
    return available_memory() if on_cpu and not it.no_memory_check else None


def whence(settings):
    """What stands behind the amount that `room` gives, for the user."""
    return f"left of --memory {shown(settings.memory)}" if settings.memory is not None else "free"


def memory(run, precision, pairs=None):
    """Bytes that a run will need at most above what it holds before its first epoch; see `of_result`."""
    return FIXED_BYTES + max(of_result(run, precision, pairs), *_of_paintings(run, precision))


def measured(engine, model):
    """What was measured of a network on an engine, by precision; of one that was not, what the largest one takes."""
    networks = MEASURED.get(engine, MEASURED["mxnet"])
    return networks.get(model, networks[LARGEST_MEASURED])


def _per_pixel(run, precision):
    found = measured(run.engine.name, run.settings.model)
    return found.get(precision, found["float32"])


def of_result(run, precision, pairs=None):
    """Bytes that the result takes where it is computed whole, with so many per pixel for the pairs of L-BFGS."""
    each = _per_pixel(run, precision)
    remembered = IMAGE * max(0, OPTIMIZERS[run.settings.optimizer].pictures - OPTIMIZERS["adam"].pictures)
    if pairs is not None and remembered:
        remembered = pairs
    area = sum(math.prod(level.size) for level in run.levels) if run.kept else math.prod(run.size)
    pictures = area * (each.result + each.mask * _masks(run.regions) + remembered)
    return pictures + COPIES_OF_MAPS * of_whole_maps(run, run.size)


def _of_paintings(run, precision):
    each = _per_pixel(run, precision)
    return [
        math.prod(size) * (each.painting + each.mask * _masks(regions)) + 2 * of_whole_maps(run, size)
        for size, regions in zip(painting_sizes(run), run.style_regions)
    ]


def of_whole_maps(run, size):
    """Bytes of the style layers' feature maps of a picture of a size, where the style loss is one of those."""
    it = run.settings
    if it.style_loss not in MAP_LOSSES:
        return 0
    shapes = layers.shapes(NETWORKS[it.model], [edge + 2 * it.border for edge in size], it.pooling)
    return sum(4 * math.prod(shapes[layer]) for layer in it.style_layers)


def painting_sizes(run):
    """Height and width of each painting when its moments are taken."""
    it = run.settings
    return [style_size(style.shape, run.size, scale, it.style_fit) for style, scale in zip(run.styles, it.style_scale)]


def _masks(regions):
    return sum(region is not None for region in regions)


def largest(run):
    """What takes most, for the user: an option, its pictures, and the verb."""
    paintings = _of_paintings(run, run.settings.precision)
    if max(paintings) <= of_result(run, run.settings.precision):
        return f"--max-long-edge: {run.size[1]} x {run.size[0]} pixels need"
    number = paintings.index(max(paintings))
    height, width = painting_sizes(run)[number]
    return f"--style-scale {run.settings.style_scale[number]:g}: a painting of {width} x {height} pixels needs"


def _what_fits(run, free):
    it, room = run.settings, max(0, free - FIXED_BYTES)
    edge = math.sqrt(room / max(of_result(run, it.precision), *_of_paintings(run, it.precision))) * max(run.size)
    scale = math.sqrt(room / max(_of_paintings(run, it.precision))) * max(it.style_scale)
    hints = [f"--max-long-edge {int(edge) // 10 * 10}"] if edge >= 100 else []
    if scale < max(it.style_scale) and scale >= 0.1 and of_result(run, it.precision) <= room:
        hints.append(f"--style-scale {math.floor(10 * scale) / 10:g}")
    others = sorted(measured(run.engine.name, it.model))
    hints += [f"--precision {precision}" for precision in others if memory(run, precision) <= free]
    advice = "close other programs" if it.memory is None else "allow more"
    advice = f"{' or '.join(hints)} would fit" if hints else advice
    strips = run.engine.name != "torch" and "torch" in door.installed()
    return advice + (", or --engine torch, which computes in strips" if strips else "")


def check_scratch(folder, need):
    """InputError if the disk of `--scratch`, or of what is taken for it, has no room for so many bytes."""
    free = free_disk(folder)
    if need > free:
        raise InputError(
            f"--scratch {folder}: the run may take {shown(need)} there, {shown(free)} are free; make room, or name "
            "another folder."
        )


def _check_values(run):
    """InputError if an array of a layer would have more values than MXNet can count."""
    it = run.settings
    for option, (height, width) in (
        ("--max-long-edge", run.size),
        *((f"--style-scale {scale:g}", size) for scale, size in zip(it.style_scale, painting_sizes(run))),
    ):
        shapes = layers.shapes(NETWORKS[it.model], (height + 2 * it.border, width + 2 * it.border), it.pooling)
        if max(map(math.prod, shapes.values())) >= MXNET_VALUES:
            raise InputError(f"{option}: {width} x {height} pixels are more than MXNet can compute; ask for less.")


def free_disk(folder):
    """Bytes that are free where a folder is."""
    return shutil.disk_usage(folder).free


def disk(run):
    """Bytes that a run will have written at most at any moment."""
    it, area = run.settings, math.prod(run.size)
    snapshots = len(it.snapshot_at) if it.snapshot_at else it.max_num_epochs // it.save_epochs
    on_the_way = math.prod(fitted_size(run.size, it.snapshot_size)) * (snapshots + 1 + len(run.styles))
    # two generations of the state and the next one; of pictures also the best one or the running mean, and the noise
    state = IMAGE * (2 + OPTIMIZERS[it.optimizer].pictures)
    if run.strips and run.strips["pairs"] != "whole":
        state = IMAGE * 4 + IMAGE // 2 * 2 * run.strips["history"]
    state += IMAGE * aims_at_what_is_written(run)
    return RECORDS + area * 3 * state + FILE_BYTES[it.image_format] * (area + on_the_way)


def available_memory(root=Path("/")):
    """Bytes that this process can still take: what the machine has free, or less by the limit of a control group.

    Parameters
    ----------
    root : Path
        Where /proc and /sys are.

    Returns
    -------
    int
        None where the system does not tell.
    """
    found = re.search(r"^MemAvailable:\s+(\d+) kB", _text(root / "proc/meminfo"), re.MULTILINE)
    machine = [int(found[1]) * 1024] if found else []
    return min(machine + list(_group_limits(root)), default=None)


def _group_limits(root):
    """What each control group (version 1 or 2) that this process is in leaves it; files in the cache do not count."""
    for line in _text(root / "proc/self/cgroup").splitlines():
        number, controllers, path = line.split(":", 2)
        if number == "0" and not controllers:
            top, names = root / "sys/fs/cgroup", ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            top = root / "sys/fs/cgroup/memory"
            names = "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
        else:
            continue
        # inside a container the path is often that outside of it, and only the top is to be seen
        group = Path(path.lstrip("/"))
        for folder in {top, *(top / parent for parent in (group, *group.parents))}:
            limit, used = _text(folder / names[0]).strip(), _text(folder / names[1]).strip()
            cached = re.search(rf"^{names[2]} (\d+)$", _text(folder / "memory.stat"), re.MULTILINE)
            if limit.isdigit() and used.isdigit():
                yield max(0, int(limit) - int(used) + (int(cached[1]) if cached else 0))


def _text(path):
    try:
        return path.read_text()
    except OSError:
        return ""


def shown(number):
    """A number of bytes for the user: in MB below a gigabyte."""
    return f"{math.ceil(number / 1e6)} MB" if number <= 999e6 else f"{math.ceil(number / 1e7) / 100:.2f} GB"
