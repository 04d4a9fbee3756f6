"""Two runs on the same cores beside one alone, by how OpenMP's threads wait: `python -m benchmarks.together`.

Every way of waiting has two workers of its own; ways, and one and two at once, take turns.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time

import numpy as np

from benchmarks.tables import parser, publish
from neural_style.engines import choice, door
from neural_style.networks import layers
from neural_style.networks.squeezenet import SQUEEZENET

ROUNDS, EVALUATIONS, SIZE = 5, 4, (200, 300)
# libgomp's own way is to spin so often before a thread sleeps
WAYS = {"spinning (the system's way)": {"GOMP_SPINCOUNT": "300000"}, "passive": {"OMP_WAIT_POLICY": "passive"}}
OPENMP = ("OMP_NUM_THREADS", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT")


def main(arglist=None):
    """Measure both ways and publish the table."""
    options = parser(__doc__)
    options.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options.add_argument("--rounds", type=int, default=ROUNDS, help="default: %(default)s")
    args = options.parse_args(arglist)
    if args.worker:
        return work()
    workers = {way: [start(variables) for _ in range(2)] for way, variables in WAYS.items()}
    samples = {(way, count): [] for way in WAYS for count in (1, 2)}
    for _ in range(args.rounds + 1):
        for (way, count), seconds in samples.items():
            seconds.append(evaluate(workers[way][:count]))
    alone = {way: statistics.median(samples[way, 1][1:]) for way in WAYS}
    first = next(iter(alone.values()))
    rows = []
    for way in WAYS:
        together = statistics.median(samples[way, 2][1:])
        rows.append([way, f"{alone[way]:.2f}", f"{alone[way] / first:.2f}", f"{together / alone[way]:.2f}"])
    for worker in (worker for pair in workers.values() for worker in pair):
        worker.communicate("end\n")
    publish(
        "together",
        "Two runs on the same cores",
        ["OpenMP's threads wait", "alone, s", "of the first", "two at once, of one alone"],
        rows,
        f"Medians of {args.rounds} rounds of {EVALUATIONS} evaluations of SqueezeNet at 300 pixels with all cores; "
        "2 would be fair.",
        folder=args.out,
    )
    return None


def start(variables):
    """A worker that is ready."""
    environment = {name: value for name, value in os.environ.items() if name not in OPENMP}
    worker = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "benchmarks.together", "--worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**environment, **variables},
        text=True,
    )
    worker.stdout.readline()
    return worker


def evaluate(workers):
    """Seconds until all of some workers have done their evaluations, begun at once."""
    started = time.perf_counter()
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    for worker in workers:
        worker.stdout.readline()
    return time.perf_counter() - started


def work():
    """Evaluate the network whenever a line says so."""
    engine = door.opened(-1, "auto", SQUEEZENET, engine="mxnet").engine
    style = list(SQUEEZENET.defaults.style_layers)
    rows = SQUEEZENET._replace(layers=tuple(layers.needed(SQUEEZENET, style)))
    evaluator = engine.encoder(rows, choice.constant_arrays(rows)).evaluator(SIZE, {}, style)
    image = engine.array(np.ones((1, 3, *SIZE), np.float32))
    print("ready", flush=True)
    while sys.stdin.readline() == "go\n":
        for _ in range(EVALUATIONS):
            evaluator.backward(evaluator.forward(image))
        print("done", flush=True)


if __name__ == "__main__":
    main()
