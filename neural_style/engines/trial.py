"""How long an engine takes, found out by another process: `python -m neural_style.engines.trial ENGINE PRECISION ...`.

So the library of an engine that is not chosen, and its memory, never come into the run's own process.
"""

import argparse
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


def main(arglist=None):
    """Print the seconds that an engine takes, nothing where it cannot."""
    parser = argparse.ArgumentParser(prog=f"python -m {__package__}.trial", description=__doc__.splitlines()[0])
    parser.add_argument("engine", help="mxnet or torch")
    parser.add_argument("precision", help="float32, bfloat16 or float16")
    parser.add_argument("network", choices=NETWORKS)
    parser.add_argument("device", help="cpu, or as the engine calls it")
    args = parser.parse_args(arglist)
    devices = importlib.import_module(f".{args.engine}.devices", __package__)
    context = devices.CPU if args.device == "cpu" else devices.named(args.device)
    if devices.refusal(context, args.precision) is None:
        print(choice.seconds(devices.engine(context, args.precision), NETWORKS[args.network], args.device != "cpu"))


if __name__ == "__main__":
    main()
