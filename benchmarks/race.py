"""Our course of a run against that of neural-style-pt: `python -m benchmarks.race`.

The peer is its algorithm in plain PyTorch: its objective (mean squares of feature maps, and of Gram matrices over the
number of values), `torch.optim.LBFGS` with 100 pairs and steps of 1, float32, no clipping of pixels. Ours paints by the
same network, layers and weights from the same start, with the defaults of the program and any further options. Both
clocks count processor time, targets included, which other programs on the machine disturb least. Apart from the clocks
every picture is judged as it would be saved: by the peer's objective, and by its style distance (`neural_style.judge`).
"""

import json
import math
import os
import sys
import time
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.tables import installed, page, parser, publish, settings
from neural_style.engines import door
from neural_style.judge.verdict import Judge
from neural_style.networks.layers import needed
from neural_style.painting import starts, targets
from neural_style.pictures import images
from neural_style.runs import course, prepare
from neural_style.weights import store

# neural-style-pt's: weights of content and style, and how much L-BFGS remembers
CONTENT, STYLE, PAIRS = 5.0, 100.0, 100
LOOKS = 20  # in the course of a run
COLOURS = {"peer": "#c2500f", "ours": "#1f6fb2"}


class Point(NamedTuple):
    """What a run has reached after some iterations."""

    iteration: int
    seconds: float  # of the processor
    own: float  # the peer's objective of the picture as it is
    saved: float  # and as it would be saved
    style: float  # its style distance


class Peer:
    """The peer's objective at one size.

    Parameters
    ----------
    run : prepare.Run
        Its settings name network, layers and pooling; its pictures are those to paint from.
    """

    def __init__(self, run):
        import torch

        self.torch, it = torch, run.settings
        self.content_layers, self.style_layers, self._pooling = [*it.content_layers], [*it.style_layers], it.pooling
        self._network = prepare.NETWORKS[it.model]
        arrays = store.load(it.model, it.weights).arrays
        self._arrays = {name: torch.tensor(array) for name, array in arrays.items()}
        size = run.size
        painting = images.resize(run.styles[0], targets.style_size(run.styles[0].shape, size, 1.0, it.style_fit))
        with torch.no_grad():
            photograph, painting = (torch.tensor(images.to_network(x)) for x in (run.content, painting))
            self._content = {k: v for k, v in self._maps(photograph).items() if k in self.content_layers}
            self._grams = {k: self._gram(v) for k, v in self._maps(painting).items() if k in self.style_layers}

    def _maps(self, image):
        F, found = self.torch.nn.functional, {"data": image}
        for row in needed(self._network, [*self.content_layers, *self.style_layers]):
            below = [found[name] for name in row.inputs]
            if row.kind == "convolution":
                weight, bias = (self._arrays[f"{row.name}_{part}"] for part in ("weight", "bias"))
                found[row.name] = F.conv2d(below[0], weight, bias, row.stride, row.pad, 1, row.groups)
                if row.relu:
                    found[row.name] = F.relu(found[row.name])
            elif row.kind == "relu":
                found[row.name] = F.relu(below[0])
            elif row.kind == "pool":
                pool = F.max_pool2d if self._pooling == "max" else F.avg_pool2d
                found[row.name] = pool(below[0], row.kernel, row.stride, row.pad)
            else:
                found[row.name] = self.torch.cat(below, 1)
        return found

    @staticmethod
    def _gram(features):
        flat = features.reshape(features.shape[1], -1)
        return flat @ flat.T / flat.numel()

    def loss(self, image):
        """Its objective of a picture, a tensor (1, 3, H, W)."""
        mse, maps = self.torch.nn.functional.mse_loss, self._maps(image)
        content = sum(mse(maps[layer], target) for layer, target in self._content.items())
        style = sum(mse(self._gram(maps[layer]), target) for layer, target in self._grams.items())
        return CONTENT * content + STYLE * style

    def value(self, image):
        """Its objective of a NumPy array, as a number."""
        with self.torch.no_grad():
            return float(self.loss(self.torch.tensor(image)))

    def iterations(self, start, count):
        """Paint from a picture (1, 3, H, W): picture after picture, and the objective of each."""
        image = self.torch.tensor(start).requires_grad_()
        # one iteration, and so one evaluation, a call; its history stays
        optimizer = self.torch.optim.LBFGS(
            [image], lr=1.0, max_iter=1, history_size=PAIRS, tolerance_grad=-1, tolerance_change=-1
        )

        def closure():
            optimizer.zero_grad()
            loss = self.loss(image)
            loss.backward()
            return loss

        for _ in range(count):
            optimizer.step(closure)
            yield image.detach().numpy().copy()


def weights_of(run):
    """Options with which our objective at the size of the result is the peer's."""
    it = run.settings
    shapes = prepare.layers.shapes(prepare.NETWORKS[it.model], run.size, it.pooling)

    def weighted(layers, weight_of):
        return ",".join(f"{layer}:{weight_of(*shapes[layer]):.9g}" for layer in layers)

    content = weighted(it.content_layers, lambda c, h, w: CONTENT / (c * h * w))
    style = weighted(it.style_layers, lambda c, h, w: STYLE / (c * c * h * w))
    return ["--content-weight", "1", "--style-weight", "1", "--content-layers", content, "--style-layers", style]


class Clock:
    """Processor time of what is done between `begin` and `stop`."""

    seconds = 0.0

    def begin(self):
        """Go on."""
        self._begun = time.process_time()

    def stop(self):
        """Stand still."""
        self.seconds += time.process_time() - self._begun


def timed(make):
    """What an iterator gives, each with the seconds that it has taken; making it counts."""
    clock = Clock()
    clock.begin()
    iterator = make()
    clock.stop()
    while True:
        clock.begin()
        found = next(iterator, None)
        clock.stop()
        if found is None:
            return
        yield clock.seconds, found


def watched(timed_pictures, referee, judge, count):
    """The points of a run, from pictures with their seconds."""
    every, points = max(1, count // LOOKS), []
    for iteration, (seconds, image) in enumerate(timed_pictures, 1):
        if iteration in (1, count) or iteration % every == 0:
            saved = np.round(255 * np.clip(images.from_network(image), 0, 1)).astype(np.float32) / 255
            style = judge.verdict(saved).style
            points.append(
                Point(iteration, seconds, referee.value(image), referee.value(images.to_network(saved)), style)
            )
    return points


def ours(run):
    """Our pictures at the size of the result."""
    for event in course.events(run, course.start(run)):
        yield course.enlarged(run, event.image, run.size)


def raced(common, more, iterations):
    """The points of the peer and of ours."""
    # the peer writes its pictures as they are
    limits = ["--max-num-epochs", str(iterations), "--border", "0", "--tv-weight", "0", "--remove-noise", "0"]
    plain = prepare.prepare(settings(*common, *limits, "--precision", "float32"))
    referee, judge = Peer(plain), Judge(plain.content, plain.styles[0])
    start = starts.start_picture("content", plain.size, plain.content, plain.styles[0], seed=0)
    run = prepare.prepare(settings(*common, *limits, "--init", "content", *weights_of(plain), *more))
    return {
        "peer": watched(timed(lambda: Peer(plain).iterations(start, iterations)), referee, judge, iterations),
        "ours": watched(timed(lambda: ours(run)), referee, judge, iterations),
    }


def first(points, reached):
    """Seconds until a point for which something holds."""
    return next((point.seconds for point in points if reached(point)), None)


def told(points):
    """The figures of a race: its goals, each as a row."""
    peer, own = points["peer"], points["ours"]
    whole = peer[-1].seconds
    best, last = min(point.saved for point in peer), peer[-1].own

    def share(seconds):
        return "never" if seconds is None else f"{seconds / whole:.2f}"

    def least_style(found, seconds):
        return min((point.style for point in found if point.seconds <= seconds), default=math.inf)

    reached = [(first(own, lambda p, it=it: p.style <= it.style), it.seconds) for it in peer[1:]]
    later = [math.inf if ours is None else ours / theirs for ours, theirs in reached]
    third = whole / 3
    return [
        ["an iteration", share(own[-1].seconds / own[-1].iteration * peer[-1].iteration)],
        ["until the peer's best objective, as saved", share(first(own, lambda p: p.saved <= best))],
        ["until its last objective, not clipped", share(first(own, lambda p: p.own <= last))],
        ["last objective, not clipped", f"{own[-1].own / last:.4f} of the peer's"],
        ["until the peer's style distances, at most", f"{max(later):.2f} of its time to each"],
        ["style distance after a third", f"{least_style(own, third):.3f}, the peer's {least_style(peer, third):.3f}"],
        ["style distance at the end", f"{own[-1].style:.3f}, the peer's {peer[-1].style:.3f}"],
    ]  # fmt: skip


def drawn(points, size=(900, 380)):
    """The curves: the objective and the style distance of the pictures as saved, over time."""
    picture = Image.new("RGB", size, "white")
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(13)
    last = max(point.seconds for found in points.values() for point in found)
    width = size[0] // 2
    for number, (title, value) in enumerate(
        (("objective, as saved (log)", lambda p: math.log10(p.saved)), ("style distance", lambda p: p.style))
    ):
        curves = {name: [(p.seconds, value(p)) for p in found] for name, found in points.items()}
        heights = [y for curve in curves.values() for _, y in curve]
        low, high = min(heights), max(heights)
        left, top, right, bottom = number * width + 50, 40, (number + 1) * width - 20, size[1] - 40
        draw.rectangle((left, top, right, bottom), outline="#dedad2")
        draw.text((left, 12), title, "#201e1b", font)
        draw.text((right - 60, bottom + 8), f"{last:.0f} s", "#68625a", font)
        for y, height in ((top, high), (bottom - 14, low)):
            draw.text((left - 46, y), f"{10**height if number == 0 else height:.3g}", "#68625a", font)
        for name, curve in curves.items():
            line = [
                (left + x / last * (right - left), bottom - (y - low) / ((high - low) or 1) * (bottom - top))
                for x, y in curve
            ]
            draw.line(line, COLOURS[name], 2, "curve")
    for number, (name, colour) in enumerate(COLOURS.items()):
        draw.text((size[0] - 120 + 50 * number, 12), name, colour, font)
    return picture


def main(arglist=None):
    """Race, and publish figures, points and curves for each network that is installed."""
    options = parser(__doc__)
    options.add_argument("--iterations", type=int, default=150, help="of each (%(default)s)")
    options.add_argument("--long-edge", type=int, default=360, help="pixels (%(default)s)")
    options.add_argument("--models", nargs="+", default=["vgg19"], help="networks (%(default)s)")
    args, more = options.parse_known_args(arglist)
    if "torch" not in door.installed():
        print("benchmarks.race: PyTorch, in which the peer computes, is not installed.", file=sys.stderr)
        return 0
    for model in filter(installed, args.models):
        points = raced(["--model", model, "--max-long-edge", str(args.long_edge)], more, args.iterations)
        name = f"race-{model}-{args.long_edge}"
        publish(
            name,
            f"A race against neural-style-pt, {model}, {args.long_edge} pixels, {args.iterations} iterations",
            ["what", "ours, of the peer's processor time where it is a number alone"],
            told(points),
            "The peer's objective, start and network; pictures as they would be saved.\n\n"
            f"![Curves]({os.path.relpath(args.out / name, page(args.out).parent)}.png)",
            folder=args.out,
        )
        drawn(points).save(args.out / f"{name}.png")
        (args.out / f"{name}-points.json").write_text(json.dumps({k: [list(p) for p in v] for k, v in points.items()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
