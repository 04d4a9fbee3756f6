"""An evaluation over many machines, simulated from what is measured on one: `python -m benchmarks.scale`.

Measured each time anew: a tile's time for each pixel that it sees, in one thread, and what it costs the client and the
scheduler, which share a process here, to pass a byte. Assumed: the speed of the client's link, and how many workers.
docs/scale.md says what the table means.
"""

import heapq
import math

from benchmarks.cluster import processor_seconds, run_of, spread_over, start_of
from benchmarks.tables import installed, parser, publish
from neural_style.networks import layers
from neural_style.networks.registry import NETWORKS
from neural_style.networks.tiles import tiles
from neural_style.runs import course, spread

PIXEL = 12  # bytes of a picture, float32
WORKERS = (1, 10, 100, 400)
TILES = (512, 1024, 2048)


def main(arglist=None):
    """Measure, simulate, publish the table."""
    options = parser(__doc__)
    options.add_argument("--model", default="vgg19")
    options.add_argument("--engine", default="torch")
    options.add_argument("--precision", default="float32")
    options.add_argument("--long-edge", type=int, default=600)
    options.add_argument("--tile", type=int, default=320)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--width", type=int, default=40_000)
    options.add_argument("--height", type=int, default=25_000)
    options.add_argument("--link", type=float, default=1.25e9, help="bytes per second (default: 10 Gbit/s)")
    options.add_argument("--pixel-seconds", type=float, help="of a tile, where it was measured elsewhere")
    args = options.parse_args(arglist)
    if not installed(args.model):
        return 0
    network = NETWORKS[args.model]
    per_pixel, per_byte = measured(args)
    per_pixel = args.pixel_seconds or per_pixel
    names = [*network.defaults.style_layers, *network.defaults.content_layers]
    shapes = layers.shapes(network, (512, 512))
    grams = sum(4 * shapes[name][0] ** 2 for name in network.defaults.style_layers)
    rows = []
    for edge in TILES:
        seen = [math.prod(last - first for first, last in it.seen)
                for it in tiles(network, (args.height, args.width), "avg", names, edge)]  # fmt: skip
        for count in WORKERS:
            seconds, busy = simulated(seen, count, per_pixel, per_byte, grams, args.link)
            hours = f"{30 * seconds * count / 3600:,.0f}"
            rows.append([edge, len(seen), count, f"{seconds:,.0f}", f"{busy:.2f}", hours])
    columns = ["tile", "tiles", "workers", "s per evaluation", "workers busy", "worker-hours, 30 epochs"]
    notes = (
        f"{args.model}, {args.width} x {args.height} pixels, a link of {args.link * 8e-9:.3g} Gbit/s. Fed with "
        f"{1e6 * per_pixel:.2f} us for each pixel that a tile sees (one thread, {args.engine}, {args.precision}) and "
        f"{1e9 * per_byte:.2f} ns for each byte that passes the client."
    )
    publish(f"scale-{args.model}", "A picture over machines, simulated", columns, rows, notes, folder=args.out)
    return 0


def measured(args):
    """Processor's seconds of a worker for each pixel that a tile sees, and of the client for each byte it passes."""
    run, size = run_of(args), 2 * 10**6
    with spread_over(run, 1) as over:
        objective, picture, workers = course.objective(over, run.size), start_of(run), over.encoder.workers
        pixels = sum(math.prod(last - first for first, last in it.seen) for it in spread.tiles_of(run))
        times = []
        for _ in range(args.rounds + 1):
            before = sum(workers.client.run(processor_seconds).values())
            objective.losses_and_gradient(picture)
            times.append(sum(workers.client.run(processor_seconds).values()) - before)
        passed = [passing(workers, count * size) for count in (1, 11)]
    return sorted(times[1:])[len(times) // 2 - 1] / pixels, max(0.0, passed[1] - passed[0]) / (10 * size)


def passing(workers, size):
    """Processor's seconds to send so many bytes to a worker and to have them back, of those which passed twice half."""
    value, started = bytes(size), processor_seconds()
    for _ in range(5):
        list(workers.results([workers.share(value)]))
    return (processor_seconds() - started) / 10


def simulated(seen, count, per_pixel, per_byte, grams, link):
    """An evaluation: seconds, and the share of them in which the workers compute.

    Tiles go out one after another over one link, each to the worker that is free first; what comes back has the other
    direction to itself, and at each end every byte costs the client's processor time. The way up takes a third of
    a tile's time, as a third of its operations, and all wait for all at its end.

    Parameters
    ----------
    seen : sequence of int
        Pixels of each tile, halo included.
    count : int
        Workers.
    per_pixel, per_byte : float
        Seconds.
    grams : int
        Bytes of the moments of a tile.
    link : float
        Bytes per second.
    """
    byte = max(1 / link, per_byte)
    free = [(0.0, worker) for worker in range(count)]
    held, back, sent = [[] for _ in range(count)], 0.0, 0.0
    finished = []
    for pixels in seen:
        sent += PIXEL * pixels * byte
        began, worker = heapq.heappop(free)
        ended = max(began, sent) + pixels * per_pixel / 3
        heapq.heappush(free, (ended, worker))
        held[worker].append(pixels)
        finished.append(ended)
    for ended in sorted(finished):
        back = max(back, ended) + grams * byte
    results = []
    for worker, mine in enumerate(held):
        clock = back + (worker + 1) * grams * byte
        for pixels in mine:
            clock += pixels * per_pixel * 2 / 3
            results.append((clock, pixels))
    for ended, pixels in sorted(results):
        back = max(back, ended) + PIXEL * pixels * byte
    return back, sum(seen) * per_pixel / count / back


if __name__ == "__main__":
    raise SystemExit(main())
