"""How low the objective is after how long, by optimizer and schedule: `python -m benchmarks.course`.

All runs are advanced in turns, in one process, each on its own clock. What is compared is the float32 objective at the
size of the result, computed apart from the clocks.
"""

import sys
import time

from benchmarks.tables import installed, parser, publish, settings
from neural_style.pictures import images
from neural_style.runs import course
from neural_style.runs import prepare as transfer

RUNS = {
    "classic": ["--preset", "classic", "--init", "content"],
    "adam, one scale": ["--optimizer", "adam", "--pyramid-levels", "1", "--style-fit", "squeeze"],
    "lbfgs, one scale": ["--optimizer", "lbfgs", "--pyramid-levels", "1", "--style-fit", "squeeze"],
    "default": ["--style-fit", "squeeze"],
    "default, float32": ["--precision", "float32", "--style-fit", "squeeze"],
}
CHECKS = 75  # evaluations in the course of a run


def main(arglist=None):
    """Measure and publish the table for each network that is installed."""
    options = parser(__doc__)
    options.add_argument("--epochs", type=int, default=150)
    options.add_argument("--long-edge", type=int, default=360)
    options.add_argument("--models", nargs="+", default=["squeezenet", "vgg19"])
    args = options.parse_args(arglist)
    for model in args.models:
        if installed(model):
            measure(model, args.epochs, args.long_edge, args.out)
    return 0


def measure(model, epochs, long_edge, folder):
    """Advance all runs of a network in turns and publish what they reach."""
    common = ["--model", model, "--max-num-epochs", str(epochs), "--max-long-edge", str(long_edge)]
    runs = {name: transfer.prepare(settings(*common, *options)) for name, options in RUNS.items()}
    referee = transfer.prepare(settings(*common, "--precision", "float32", "--style-fit", "squeeze"))
    referee = course.objective(referee, referee.size)
    streams = {name: course.events(run, course.start(run)) for name, run in runs.items()}
    clocks, courses = dict.fromkeys(runs, 0.0), {name: [] for name in runs}
    for epoch in range(1, epochs + 1):
        for name, stream in streams.items():
            begun = time.perf_counter()
            event = next(stream)
            clocks[name] += time.perf_counter() - begun
            if epoch % max(1, epochs // CHECKS) == 0 or epoch == epochs:
                image = images.clip(images.resize_planes(event.image, runs[name].size))
                courses[name].append((clocks[name], referee.losses(image)["total"]))
    goal = courses["classic"][-1][1]
    rows = []
    for name, points in courses.items():
        reached = next((seconds for seconds, total in points if total <= goal), None)
        rows.append(
            [
                name,
                f"{clocks[name] / clocks['classic']:.3f}",
                f"{points[-1][1] / goal:.4f}",
                "never" if reached is None else f"{reached / clocks['classic']:.3f}",
            ]
        )
    publish(
        f"course-{model}",
        f"Objective against time, {model}, {long_edge} pixels, {epochs} epochs",
        ["run", "time, of classic's", "objective, of classic's last", "time to classic's last objective, of classic's"],
        rows,
        "All start from the photograph and squeeze the painting; the objective is checked every "
        f"{max(1, epochs // CHECKS)} epochs, in float32 at full size.",
        folder=folder,
    )


if __name__ == "__main__":
    sys.exit(main())
