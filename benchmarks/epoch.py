"""What an epoch costs at 600 pixels, by network and precision, beside the old example: `python -m benchmarks.epoch`.

Each case is a process of its own, for its memory; they are kept waiting and take turns, for the machine's moods.
"""

import argparse
import re
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.tables import parser, publish, settings
from neural_style.engines import door
from neural_style.errors import InputError
from neural_style.painting.arrays import clipped, finite
from neural_style.painting.optimizers import OPTIMIZERS
from neural_style.pictures import images
from neural_style.runs import course
from neural_style.runs import prepare as transfer
from neural_style.weights import store

ROUNDS = 8
# those of the paper: the network learned offline has fewer by default
LAYERS = {
    "vgg19": ["--style-layers", "relu1_1,relu2_1,relu3_1,relu4_1,relu5_1", "--content-layers", "relu4_2"],
    "squeezenet": [],
}
OLD = "old example"  # computed by MXNet
CASES = (OLD, *(f"{model} {precision} {engine}" for model in LAYERS for precision in ("float32", "bfloat16")
                for engine in ("mxnet", "torch")))  # fmt: skip


def main(arglist=None):
    """Measure all cases and publish the table."""
    options = parser(__doc__)
    options.add_argument("--long-edge", type=int, default=600)
    options.add_argument("--case", choices=CASES, help=argparse.SUPPRESS)
    args = options.parse_args(arglist)
    if args.case:
        return work(args.case, args.long_edge)
    cases = [case for case in CASES if can_run(case)]
    workers = {case: start(case, args.long_edge) for case in cases}
    samples = {case: [] for case in cases}
    for _ in range(ROUNDS + 1):
        for case, worker in workers.items():
            samples[case].append(ask(worker, "epoch"))
    base = statistics.median(sample[0] for sample in samples[OLD][1:])
    rows = []
    for case, worker in workers.items():
        total, forward, losses, backward, step = (statistics.median(values) for values in zip(*samples[case][1:]))
        parts = [f"{1000 * part:.0f}" if forward else "" for part in (forward, losses, backward, step)]
        memory, _ = ask(worker, "memory")
        rows.append([case, f"{total:.2f}", f"{total / base:.2f}", *parts, f"{memory:.0f}"])
        worker.communicate("end\n")
    publish(
        f"epoch-{args.long_edge}",
        f"Cost of an epoch, long edge {args.long_edge} pixels",
        ["case", "s per epoch", "of the old example", "forward ms", "losses ms", "backward ms", "step ms", "peak MB"],
        rows,
        f"Median of {ROUNDS} epochs each, taken in turns.",
        folder=args.out,
    )
    return 0


def can_run(case):
    """Whether a case's weights and its engine are there."""
    model, _, engine = ("vgg19 float32 mxnet" if case == OLD else case).split()
    try:
        return engine in door.installed() and bool(store.find(model))
    except InputError:
        return False


def start(case, long_edge):
    """A worker process for one case."""
    command = [sys.executable, "-m", "benchmarks.epoch", "--case", case, "--long-edge", str(long_edge)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ask(worker, word):
    """The numbers with which a worker answers a word."""
    worker.stdin.write(word + "\n")
    worker.stdin.flush()
    return [float(number) for number in worker.stdout.readline().split()]


def work(case, long_edge):
    """Answer `epoch` with seconds (total, forward, losses, backward, step), `memory` with MB.

    These are the peak, and what it was before the first network was bound.
    """
    epoch, started = prepare(case, long_edge)
    for line in sys.stdin:
        if line.strip() == "epoch":
            print(*epoch(), flush=True)
        elif line.strip() == "memory":
            print(peak(), started, flush=True)
        else:
            break
    return 0


def peak():
    """The most memory that this program has held, MB."""
    status = Path("/proc/self/status")
    if status.exists():  # what getrusage tells on Linux begins with the memory of the process that started this one
        return int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def prepare(case, long_edge):
    """A function that does one epoch of a case and returns its seconds; and the memory before, MB."""
    model, precision, engine = ("vgg19 float32 mxnet" if case == OLD else case).split()
    options = ["--model", model, "--precision", precision, "--engine", engine, *LAYERS[model]]
    run = transfer.prepare(settings(*options, "--max-long-edge", str(long_edge), "--enlarge"))
    started = peak()
    if case == OLD:
        from benchmarks.old_example import OldExample

        style = images.to_network(images.resize(run.styles[0], run.size))
        old = OldExample(run.size, images.to_network(run.content), style)

        def epoch():
            begun = time.perf_counter()
            old.epoch()
            return time.perf_counter() - begun, 0, 0, 0, 0

        return epoch, started
    objective = course.objective(run, run.size)
    optimizer = OPTIMIZERS[run.settings.optimizer](run.settings.lr)
    network, clock = objective._evaluator, {}
    _timed(network, "forward", clock)
    _timed(network, "backward", clock)
    image = run.engine.array(images.resize_planes(course.start(run).image, run.size))

    def epoch():
        nonlocal image
        clock.clear()
        begun = time.perf_counter()
        losses, gradient = objective.losses_and_gradient(image)
        evaluated = time.perf_counter()
        image = clipped(optimizer.step(image, losses["total"], gradient))
        end = time.perf_counter()
        assert finite(image)
        inside = clock["forward"] + clock["backward"]
        return end - begun, clock["forward"], evaluated - begun - inside, clock["backward"], end - evaluated

    return epoch, started


def _timed(network, name, clock):
    method = getattr(network, name)

    def timed(*args):
        begun = time.perf_counter()
        result = method(*args)
        clock[name] = time.perf_counter() - begun
        return result

    setattr(network, name, timed)


if __name__ == "__main__":
    sys.exit(main())
