"""Seconds and memory per pixel from small to large pictures: `python -m benchmarks.scaling`."""

import statistics
import sys

from benchmarks.epoch import ask, start
from benchmarks.tables import installed, parser, publish

EDGES = (300, 600, 1200, 2400)
ROUNDS = 5
CASES = ("vgg19 bfloat16 mxnet", "squeezenet bfloat16 mxnet")


def main(arglist=None):
    """Measure and publish the table."""
    args = parser(__doc__).parse_args(arglist)
    rows = []
    for case in CASES:
        if not installed(case.split()[0]):
            continue
        workers = {edge: start(case, edge) for edge in EDGES}
        samples = {edge: [] for edge in EDGES}
        for _ in range(ROUNDS + 1):
            for edge, worker in workers.items():
                samples[edge].append(ask(worker, "epoch")[0])
        for edge, worker in workers.items():
            seconds = statistics.median(samples[edge][1:])
            peak, started = ask(worker, "memory")
            worker.communicate("end\n")
            pixels = edge * round(edge * 2 / 3)
            per_pixel = f"{1e6 * seconds / pixels:.2f}", f"{(peak - started) * 2**20 / pixels:.0f}"
            rows.append([case, edge, f"{seconds:.2f}", per_pixel[0], f"{peak:.0f}", per_pixel[1]])
    columns = ["case", "long edge", "s per epoch", "µs per pixel", "peak MB", "bytes per pixel"]
    notes = (
        f"Median of {ROUNDS} epochs each, taken in turns, of a photograph of 3 : 2. Bytes per pixel are those above "
        "what the process holds before its first network."
    )
    publish("scaling", "Cost against size", columns, rows, notes, folder=args.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
