"""What a run will need of memory and disk, and what there is: one that cannot fit is refused before it begins."""
import math
import re
import shutil
from pathlib import Path

from ..errors import InputError
from ..painting.targets import style_size

# Bytes per pixel of the result, of a painting when its statistics are taken, and for each mask: measured as the peak
# resident memory of whole runs above that before the first epoch (L-BFGS, coarse to fine, long edges 300, 600 and 900,
# two threads) and rounded up
BYTES_PER_PIXEL = {
    ("vgg19", "float32"): (3000, 1600, 470),
    ("vgg19", "bfloat16"): (2500, 900, 470),
    ("squeezenet", "float32"): (1900, 650, 220),
    ("squeezenet", "bfloat16"): (2800, 650, 220),
}
# what does not grow with the picture: threads, weights in the layout of the kernels, what coarser levels leave behind
FIXED_BYTES = 120e6
IMAGE = 3 * 4  # bytes of a picture, per pixel
# pictures that an optimizer remembers; L-BFGS twelve pairs, and the last picture and gradient
REMEMBERED = {"nag": 1, "adam": 2, "lbfgs": 26}
# bytes per pixel of a picture file: what a JPEG of quality 95 stays below, and what the others hold
FILE_BYTES = {"jpg": 2, "png": 3, "tiff": 6}
RECORDS = 10e6  # losses.csv, run.json, the page, the contact sheet


def check(run, folder):
    """Compare what a run needs with what there is.

    Raises
    ------
    InputError
        If the memory or the disk will not do; it says what would fit.
    """
    it, free = run.settings, available_memory()
    if free is not None and run.engine.device == "cpu" and not it.no_memory_check:
        need = memory(run, it.precision)
        if need > free:
            raise InputError(
                f"--max-long-edge: {run.size[1]} x {run.size[0]} pixels need about {_gb(need)} of memory, {_gb(free)} "
                f"are free; {_what_fits(run, free)} (--no-memory-check: try all the same)."
            )
    need, free = disk(run), shutil.disk_usage(folder).free
    if need > free:
        raise InputError(
            f"--output-dir {folder}: the run may write up to {_gb(need)}, {_gb(free)} are free; make room, "
            "choose another folder, or save less often (--save-epochs)."
        )


def memory(run, precision):
    """Bytes that a run will need at most above what it holds before its first epoch."""
    it, area = run.settings, math.prod(run.size)
    result, painting, mask = BYTES_PER_PIXEL[it.model, precision]
    result += mask * sum(region is not None for region in run.regions)
    paintings = [
        math.prod(style_size(style.shape, run.size, scale, it.style_fit))
        for style, scale in zip(run.styles, it.style_scale)
    ]
    remembered = IMAGE * max(0, REMEMBERED[it.optimizer] - REMEMBERED["adam"]) * area
    return FIXED_BYTES + max(result * area + remembered, painting * max(paintings))


def _what_fits(run, free):
    flexible = memory(run, run.settings.precision) - FIXED_BYTES
    edge = int(max(run.size) * math.sqrt(max(0, free - FIXED_BYTES) / flexible)) // 10 * 10
    others = {precision for model, precision in BYTES_PER_PIXEL if model == run.settings.model}
    hints = [f"--max-long-edge {edge}"] if edge >= 100 else []
    hints += [f"--precision {precision}" for precision in sorted(others) if memory(run, precision) <= free]
    return f"{' or '.join(hints)} would fit" if hints else "close other programs"


def disk(run):
    """Bytes that a run will have written at most at any moment."""
    it, area = run.settings, math.prod(run.size)
    snapshots = len(it.snapshot_at) if it.snapshot_at else it.max_num_epochs // it.save_epochs
    # two generations of the state and the next one; of pictures also the best one or the running mean
    states = 3 * IMAGE * (2 + REMEMBERED[it.optimizer])
    return RECORDS + area * (states + FILE_BYTES[it.image_format] * (snapshots + 2 + len(run.styles)))


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


def _gb(number):
    return f"{math.ceil(number / 1e7) / 100:.2f} GB"
