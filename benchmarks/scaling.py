"""Seconds and memory per pixel from small to large pictures: `python -m benchmarks.scaling`."""

import statistics
import sys

from benchmarks.epoch import ask, installed, start
from benchmarks.tables import publish

EDGES = (300, 600, 1200, 2400)
CASES = ("vgg19 bfloat16", "squeezenet bfloat16")


def main():
    """Measure and publish the table."""
    rows = []
    for case in CASES:
        if not installed(case.split()[0]):
            continue
        for edge in EDGES:
            worker = start(case, edge)
            ask(worker, "epoch")
            seconds = statistics.median(ask(worker, "epoch")[0] for _ in range(5 if edge < 1200 else 2))
            (memory,) = ask(worker, "memory")
            worker.communicate("end\n")
            pixels = edge * round(edge * 2 / 3)
            rows.append(
                [
                    case,
                    edge,
                    f"{seconds:.2f}",
                    f"{1e6 * seconds / pixels:.2f}",
                    f"{memory:.0f}",
                    f"{memory * 1e6 / pixels:.0f}",
                ]
            )
    columns = ["case", "long edge", "s per epoch", "µs per pixel", "peak MB", "bytes per pixel"]
    publish(
        "scaling",
        "Cost against size",
        columns,
        rows,
        "Photograph of 3 : 2; memory includes the 190 MB of an empty process.",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
