"""A picture in strips beside the whole one, with PyTorch: time and memory. `python -m benchmarks.strips`.

Each way is a process of its own, for its memory; they are kept waiting and take turns, for the machine's moods.
"""

import argparse
import statistics
import subprocess
import sys
import time

from benchmarks.epoch import LAYERS, ask, peak
from benchmarks.tables import installed, parser, publish, settings
from neural_style.engines.streamed import StreamedEncoder
from neural_style.pictures import images
from neural_style.runs import course, prepare

WAYS = ("whole", "bits kept", "nothing kept")
VALUES = 2**24  # of a strip
EVERYTHING = 10**12  # pixels


def main(arglist=None):
    """Measure and publish the table."""
    options = parser(__doc__)
    options.add_argument("--model", default="vgg19")
    options.add_argument("--precision", default="bfloat16")
    options.add_argument("--long-edge", type=int, default=1600)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS)
    options.add_argument("--values", type=int, default=VALUES)
    options.add_argument("--case", choices=WAYS, help=argparse.SUPPRESS)
    args = options.parse_args(arglist)
    if not installed(args.model):
        return 0
    if args.case:
        return work(args)
    asked = ["--model", args.model, "--precision", args.precision, "--long-edge", args.long_edge]
    asked += ["--values", args.values, "--case"]
    command = [sys.executable, "-m", "benchmarks.strips", *map(str, asked)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    workers = {way: subprocess.Popen([*command, way], **pipes) for way in args.ways}
    samples = {way: [] for way in workers}
    for _ in range(args.rounds + 1):
        for way, worker in workers.items():
            samples[way].append(ask(worker, "evaluate")[0])
    medians = {way: statistics.median(seconds[1:]) for way, seconds in samples.items()}
    rows, base = [], next(iter(medians))
    for way, worker in workers.items():
        most, started, pixels = ask(worker, "memory")
        worker.communicate("end\n")
        each = f"{(most - started) * 2**20 / pixels:.0f}"
        rows.append([way, f"{medians[way]:.2f}", f"{medians[way] / medians[base]:.2f}", f"{most:.0f}", each])
    columns = ["way", "s per evaluation", f"of {base}", "peak MB", "bytes per pixel"]
    notes = (
        f"{args.model} {args.precision}, long edge {args.long_edge}, strips of {args.values} values; median of "
        f"{args.rounds} evaluations each, taken in turns. Bytes per pixel are those above what the process holds "
        "before its first network."
    )
    publish(f"strips-{args.model}-{args.long_edge}", "Strips beside the whole", columns, rows, notes, folder=args.out)
    return 0


def work(args):
    """Answer `evaluate` with seconds, `memory` with MB (the peak, and what it was before) and pixels."""
    asked = ["--engine", "torch", "--model", args.model, "--precision", args.precision, *LAYERS.get(args.model, [])]
    run = prepare.prepare(settings(*asked, "--max-long-edge", str(args.long_edge), "--enlarge"))
    kept = {"bits kept": EVERYTHING, "nothing kept": 0}
    if args.case in kept:
        run = run._replace(encoder=StreamedEncoder(run.encoder, args.values, kept=kept[args.case]))
    started = peak()
    objective = course.objective(run, run.size)
    image = run.engine.array(images.to_network(run.content))
    for line in sys.stdin:
        if line.strip() == "evaluate":
            begun = time.perf_counter()
            objective.losses_and_gradient(image)
            print(time.perf_counter() - begun, flush=True)
        elif line.strip() == "memory":
            print(peak(), started, run.size[0] * run.size[1], flush=True)
        else:
            break
    return 0


if __name__ == "__main__":
    sys.exit(main())
