"""From the command to the first epoch, in a process of its own: `python -m benchmarks.startup`."""

import statistics
import subprocess
import sys

from benchmarks.tables import installed, parser, publish

ROUNDS = 3
PROGRAM = """
import time
begun = time.time()
from benchmarks.tables import settings
from neural_style.runs import course
from neural_style.runs import prepare as transfer
imported = time.time()
run = transfer.prepare(settings("--model", "{model}", "--max-num-epochs", "150"))
prepared = time.time()
next(course.events(run, course.start(run)))
print(imported - begun, prepared - imported, time.time() - prepared)
"""


def main(arglist=None):
    """Measure and publish the table."""
    args = parser(__doc__).parse_args(arglist)
    rows = []
    for model in ("vgg19", "squeezenet"):
        if installed(model):
            command = [sys.executable, "-c", PROGRAM.format(model=model)]
            runs = [subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(ROUNDS)]
            samples = [[float(number) for number in run.stdout.split()] for run in runs]
            parts = [statistics.median(values) for values in zip(*samples)]
            rows.append([model, *(f"{part:.2f}" for part in (*parts, sum(parts)))])
    columns = ["network", "import s", "pictures and weights s", "targets and first epoch s", "sum s"]
    publish("startup", "Start, 600 pixels", columns, rows, f"Median of {ROUNDS} processes.", folder=args.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
