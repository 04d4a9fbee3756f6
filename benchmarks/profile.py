"""Where the time of an evaluation goes, by MXNet's operators: `python -m benchmarks.profile`, or `make profile`."""

import json
import os
import tempfile
from collections import Counter

import numpy as np

from benchmarks.tables import parser, publish
from neural_style.engines import choice, door
from neural_style.networks import layers
from neural_style.networks.registry import NETWORKS

EVALUATIONS, LEAST = 3, 0.005  # operators that take a smaller share are added up
ONE_BY_ONE = {"MXNET_EXEC_BULK_EXEC_TRAIN": "0", "MXNET_EXEC_BULK_EXEC_INFERENCE": "0"}


def main(arglist=None):
    """Measure and publish the table."""
    options = parser(__doc__)
    options.add_argument("--model", choices=NETWORKS, default="vgg19", help="default: %(default)s")
    options.add_argument("--precision", default="auto", help="default: %(default)s")
    options.add_argument("--size", type=int, nargs=2, default=(400, 600), metavar=("H", "W"), help="default: 400 600")
    args = options.parse_args(arglist)
    os.environ.update(ONE_BY_ONE)  # read when a network is bound; else many operators are one entry
    network = NETWORKS[args.model]
    opened = door.opened(-1, args.precision, network, engine="mxnet")
    total, counts = profiled(opened.engine, network, tuple(args.size))
    whole = sum(total.values())
    rows = [
        [name, counts[name], f"{ms:.1f}", f"{ms / whole:.1%}"] for name, ms in total.most_common() if ms > LEAST * whole
    ]
    rest = whole - sum(ms for ms in total.values() if ms > LEAST * whole)
    rows.append(["others", "", f"{rest:.1f}", f"{rest / whole:.1%}"])
    publish(
        f"profile-{args.model}",
        f"One evaluation of {args.model} by operator, {args.size[1]} x {args.size[0]}",
        ["operator", "calls", "ms", "share"],
        rows,
        f"Forward and backward with {opened.choice}; the mean of {EVALUATIONS}.",
        folder=args.out,
    )


def profiled(engine, network, size):
    """Milliseconds, and calls, by operator in one evaluation of a network's default layers."""
    from neural_style.engines.mxnet.library import mx

    style, content = list(network.defaults.style_layers), list(network.defaults.content_layers)
    rows = network._replace(layers=tuple(layers.needed(network, style + content)))
    encoder = engine.encoder(rows, choice.constant_arrays(rows))
    image = np.ones((1, layers.CHANNELS, *size), np.float32)
    evaluator = encoder.evaluator(size, encoder.extract(image, content, ()).content, style)
    evaluator.backward(evaluator.forward(image))
    with tempfile.TemporaryDirectory() as folder:
        # the profiler deletes what stands at this name: never one that is anybody's
        trace = os.path.join(folder, "trace.json")
        mx.profiler.set_config(profile_symbolic=True, profile_imperative=False, aggregate_stats=True, filename=trace)
        mx.profiler.set_state("run")
        for _ in range(EVALUATIONS):
            evaluator.backward(evaluator.forward(image))
        mx.profiler.set_state("stop")
        found = json.loads(mx.profiler.dumps(format="json"))["Time"]["operator"]
    total = Counter({name: values["Total"] / EVALUATIONS for name, values in found.items()})
    return total, {name: round(values["Count"] / EVALUATIONS) for name, values in found.items()}


if __name__ == "__main__":
    main()
