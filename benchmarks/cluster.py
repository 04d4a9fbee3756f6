"""Two local workers of one thread beside one, and the whole picture in this process: `python -m benchmarks.cluster`.

All are started first and take turns. `--kills 20` kills a worker in each of twenty evaluations and compares the bytes.
"""

import contextlib
import os
import random
import resource
import signal
import statistics
import threading
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # before NumPy is loaded
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402

from benchmarks.tables import installed, parser, publish, settings  # noqa: E402
from neural_style.painting.arrays import to_numpy  # noqa: E402
from neural_style.pictures import images  # noqa: E402
from neural_style.runs import course, prepare, spread  # noqa: E402


def main(arglist=None):
    """Measure and publish the table."""
    options = parser(__doc__)
    options.add_argument("--model", default="vgg19")
    options.add_argument("--engine", default="torch")
    options.add_argument("--precision", default="float32")
    options.add_argument("--long-edge", type=int, default=600)
    options.add_argument("--tile", type=int, default=320)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--kills", type=int, default=0)
    args = options.parse_args(arglist)
    if not installed(args.model):
        return 0
    return with_kills(args) if args.kills else measure(args)


def run_of(args):
    """A run that is prepared, with no cluster yet."""
    asked = {"model": args.model, "engine": args.engine, "precision": args.precision, "max-long-edge": args.long_edge}
    words = [word for name, value in asked.items() for word in (f"--{name}", str(value))]
    return prepare.prepare(settings(*words, "--enlarge", "--tile", str(args.tile), "--pyramid-levels", "1"))


def spread_over(run, count):
    """A run over so many local workers."""
    return spread.over(run._replace(settings=prepare.with_values(run.settings, cluster=f"local:{count}")))


def start_of(run):
    """The picture to be evaluated: the photograph."""
    return run.engine.array(images.to_network(images.resize(run.content, run.size)))


def processor_seconds():
    """Of the process that it is called in."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measure(args):
    """Time of an evaluation, and the processors' time that it takes, here and in the workers."""
    run = run_of(args)
    picture = start_of(run)
    with contextlib.ExitStack() as stack:
        runs = {"whole, in one process": run}
        for count in (1, 2):
            name = f"{count} {'workers' if count > 1 else 'worker'}"
            runs[name] = stack.enter_context(spread_over(run, count))
        objectives = {name: course.objective(each, run.size) for name, each in runs.items()}
        seconds, here, there = ({name: [] for name in runs} for _ in range(3))
        for _ in range(args.rounds + 1):
            for name, objective in objectives.items():
                own, others, started = processor_seconds(), of_workers(runs[name]), time.perf_counter()
                to_numpy(objective.losses_and_gradient(picture)[1])
                seconds[name].append(time.perf_counter() - started)
                here[name].append(processor_seconds() - own)
                there[name].append(of_workers(runs[name]) - others)
        tiles = runs["2 workers"].cluster["tiles"]
    medians = {name: statistics.median(values[1:]) for name, values in seconds.items()}
    rows = [
        [
            name,
            f"{medians[name]:.2f}",
            f"{medians['1 worker'] / medians[name]:.2f}",
            f"{statistics.median(there[name][1:]):.2f}",
            f"{statistics.median(here[name][1:]):.2f}",
        ]
        for name in runs
    ]
    columns = ["way", "s per evaluation", "times as fast as 1 worker", "processor s, workers", "processor s, here"]
    load = ", ".join(f"{each:.0f}" for each in os.getloadavg())
    notes = (
        f"{args.model} with {args.engine} in {args.precision}, {run.size[1]} x {run.size[0]} pixels in {tiles} tiles; "
        f"one thread each; medians of {args.rounds} evaluations each, taken in turns. The machine's load was {load}."
    )
    publish(f"cluster-{args.model}", "Tiles over local workers", columns, rows, notes, folder=args.out)
    return 0


def of_workers(run):
    """Processors' time of a run's workers so far."""
    return sum(run.encoder.workers.client.run(processor_seconds).values()) if run.cluster else 0.0


def with_kills(args):
    """Kill a worker in the middle of each evaluation; 1 if a byte differs."""
    run, generator, different = run_of(args), random.Random(0), 0
    with spread_over(run, 2) as over:
        objective, picture = course.objective(over, run.size), start_of(run)
        values, right = objective.losses_and_gradient(picture)
        started = time.perf_counter()
        objective.losses_and_gradient(picture)
        usual = time.perf_counter() - started
        for number in range(1, args.kills + 1):
            client = over.encoder.workers.client
            client.wait_for_workers(2, timeout=240)
            pids = sorted(client.run(os.getpid, on_error="ignore").values())
            moment = generator.uniform(0, usual)
            killer = threading.Timer(moment, os.kill, (generator.choice(pids), signal.SIGKILL))
            killer.start()
            started = time.perf_counter()
            again, gradient = objective.losses_and_gradient(picture)
            killer.join()
            same = again == values and np.array_equal(to_numpy(gradient), to_numpy(right))
            different += not same
            took = time.perf_counter() - started
            line = f"kill {number} after {moment:.2f} s of about {usual:.2f}: {took:.2f} s, same bytes: {same}"
            print(line, flush=True)
    print(f"{args.kills - different} of {args.kills} evaluations with a killed worker gave the same bytes")
    return 1 if different else 0


if __name__ == "__main__":
    raise SystemExit(main())
