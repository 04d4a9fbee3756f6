"""What this machine has, how fast it is and what to do about it: the lines of `--doctor`, for a report of a fault."""

import importlib.metadata
import math
import os
import platform
import shutil
import sys
from pathlib import Path

from .. import __version__, start
from ..engines import choice, door, processor
from ..errors import InputError, one_line
from ..networks.registry import NETWORKS
from ..pictures import find
from ..weights import store
from . import limits
from .declared import OPTIONS

PACKAGES = ("numpy", "scikit-image", "pillow", "scipy", "tifffile", "imageio", "array-api-compat", "safetensors")
EXTRAS = {"film": "imageio-ffmpeg", "cluster": "distributed", "onnx": "onnx"}
SIZE = 400, 600  # of the result whose epoch is estimated, pixels
SLOW = 3.0  # seconds for an epoch, from which a smaller network is advised
LITTLE_DISK = 1e9


def report(settings):
    """Lines: what there is, and then what to do.

    Parameters
    ----------
    settings : argparse.Namespace
        Its engine, device, precision and network are tried.

    Returns
    -------
    list of str
    """
    network, advice = NETWORKS[settings.model], []
    pairs = [
        ("nstyle", f"{__version__}, {'scripts in' if start.is_checkout() else 'installed in'} {start.BESIDE}"),
        ("python", f"{platform.python_version()}, {sys.executable}"),
        ("system", platform.platform()),
        ("processor", _processor()),
        ("memory", _memory(settings, advice)),
        ("disk", _disk(Path(settings.output_dir), advice)),
        *(("engine", line) for line in _engines()),
        *(("GPU", line) for line in _gpus()),
        ("packages", ", ".join(f"{name} {_version(name)}" for name in PACKAGES)),
        *(("extra", f"[{name}] {package} {_version(package)}") for name, package in EXTRAS.items()),
        *(("weights", line) for line in _weights(network, advice)),
        *(("speed", line) for line in _speed(settings, network, advice)),
        *(("advice", line) for line in advice or ["none: it is all there"]),
    ]
    return [f"{name:<10} {text}" for name, text in pairs]


def _processor():
    here = processor.at_hand()
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    threads = os.environ.get("OMP_NUM_THREADS")
    told = f", OMP_NUM_THREADS={threads}" if threads else ""
    return f"{here.title} ({here.name}), {usable} of {os.cpu_count()} cores usable{told}"


def _memory(settings, advice):
    free = limits.available_memory()
    if free is None:
        return "the system does not tell"
    room = max(0.0, free - limits.PROCESS_BYTES - limits.FIXED_BYTES)
    engine = settings.engine if settings.engine in limits.MEASURED else next(iter(door.installed()), "torch")
    edge = int(math.sqrt(1.5 * room / limits.measured(engine, settings.model)["float32"].result)) // 10 * 10
    if edge < OPTIONS["max_long_edge"].default:
        advice.append(f"memory is short: close other programs, or paint with --max-long-edge {max(edge, 100)}")
    return f"{limits.shown(free)} free: whole pictures of {settings.model} up to a long edge of about {edge} pixels"


def _disk(folder, advice):
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.is_dir())
    free = shutil.disk_usage(there).free
    if free < LITTLE_DISK:
        advice.append(f"disk: {limits.shown(free)} are free in {there}; --output-dir names another place")
    return f"{limits.shown(free)} free in {there}"


def _engines():
    found = door.installed()
    return [f"{name} {_version(name)}" if name in found else f"{name} is not installed: {door.INSTALL[name]}"
            for name in door.INSTALL]  # fmt: skip


def _gpus():
    """One line for each engine: the GPU that it can use, or why none."""
    if not processor.may_have_gpu():
        return ["no driver of a GPU is there"]
    lines = []
    for name in door.installed():
        try:
            devices = door.devices_of(name)
            context, reason = devices.find_gpu("auto", None)
            told = f"none: {reason}" if context is None else f"{context}, {getattr(devices, 'describe', str)(context)}"
        except Exception as error:  # an engine that cannot be loaded, a driver that fails: that is what is asked
            told = one_line(error)
        lines.append(f"with {name}: {told}")
    return lines


def _weights(network, advice):
    lines, found = [], store.installed()
    for it in found:
        known = f"verified, {it.origin}" if it.verified else f"not verified, {it.origin}"
        lines.append(f"{it.network}: {it.path}, {it.size} bytes, SHA-256 {it.sha256}, {known}")
    mine = [it for it in found if it.network == network.name]
    if not mine:
        advice.append(f"no weights of {network.name}: {start.download(f'--model {network.name}')}")
    elif mine[0].path.name == store.OFFLINE:
        advice.append(f"{network.name} is the network learned offline; {start.download()} tries for the trained one, "
                      "which paints longer strokes")  # fmt: skip
    if not all(find.find(OPTIONS[name].default)[0].is_file() for name in ("content_image", "style_image")):
        advice.append(f"no sample pictures to try with: {start.download()}")
    return lines or ["none"]


def _speed(settings, network, advice):
    """The engine that a run would take, tried for about a second."""
    try:
        opened = door.opened(settings.gpu, settings.precision, network, engine=settings.engine, device=settings.device)
    except InputError as error:
        advice.append(str(error))
        return ["no engine can be used"]
    on_gpu = opened.engine.device != "cpu"
    took = choice.seconds(opened.engine, network, on_gpu)
    edge = choice.EDGE_ON_GPU if on_gpu else choice.EDGE
    epoch = took * math.prod(SIZE) / edge**2
    rule = choice.rule_for(processor.at_hand())
    if not on_gpu and rule is not None and rule.twofold not in ("", *door.installed()):
        advice.append(f"{rule.twofold} halves the time of VGG-19 here: {door.INSTALL[rule.twofold]}")
    if epoch > SLOW and network.name != "squeezenet":
        advice.append("an epoch takes long here: --preset fast, --max-long-edge 300")
    return [
        f"a run takes {opened.choice}, on {opened.engine.device}",
        f"{network.name}: {took:.3g} s for {edge} x {edge} pixels both ways, about {epoch:.2g} s for an epoch of "
        f"{SIZE[1]} x {SIZE[0]}",
    ]


def _version(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "is not installed"
