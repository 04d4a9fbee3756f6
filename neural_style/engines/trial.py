"""How long an engine takes, found out by another process: `python -m neural_style.engines.trial ENGINE PRECISION ...`.

So the library of an engine that is not chosen, and its memory, never come into the run's own process.
"""

import contextlib
import importlib
import math
import os
import subprocess
import sys
from pathlib import Path

from ..networks.registry import NETWORKS
from . import choice

LONGEST = 120  # seconds


def seconds(candidate, network=None, device="cpu"):
    """How long a candidate takes for one evaluation of a network, both ways; infinite where it cannot.

    Parameters
    ----------
    candidate : choice.Candidate
    network : networks.layers.Network, optional
        One of the registry's; VGG-19 by default.
    device : str
        As the engine calls it.
    """
    name = network.name if network else "vgg19"
    command = [sys.executable, "-W", "ignore", "-m", __name__, *candidate, name, device]
    package = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join([package, *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path}
    with contextlib.suppress(OSError, subprocess.TimeoutExpired, ValueError):
        run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LONGEST)
        return float(run.stdout)
    return math.inf


def main(engine, precision, network, device):
    """Print the seconds that an engine takes."""
    devices = importlib.import_module(f".{engine}.devices", __package__)
    context = devices.CPU if device == "cpu" else devices.named(device)
    if devices.refusal(context, precision) is None:
        print(choice.seconds(devices.engine(context, precision), NETWORKS[network], device != "cpu"))


if __name__ == "__main__":
    main(*sys.argv[1:])
