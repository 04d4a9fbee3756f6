"""The loop: a crop is repainted, the judge says how far it is from the painting and the photograph, weights follow.

The judge is the objective of the suite over encoders of the contract, as in a run that optimises a picture; only the
gradient that it gives goes on through the generator. An optimizer may look in one way alone, for it stops soon; over
thousands of crops a generator learns whatever this one way does not see, a fine weave under pooling by means above all.
So the judge looks in several ways (`course.VIEWS`), by turns.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ..engines.torch.library import torch
from ..painters.rows import NOISE, sizes
from ..painting import balance, losses
from ..painting.objective import Objective, Weights
from ..pictures import images

RATE = 1.5e-3
STEADY = 0.5  # of a lesson, after which the rate falls to nothing
SHIFTS = 4  # pixels: the judge looks through a window that moves by so much, or a grid of its strides is learned
LONGEST_GRADIENT = 1.0
GRAIN = 6.0  # grey levels, standard deviation: about that of a film's grain


class View(NamedTuple):
    """One way to look at the painting and at crops."""

    scale: float  # of the edges: from how far away
    encoder: object
    styles: dict  # style layer -> the painting's moments as they are seen so


class Judge(NamedTuple):
    """What says how good a crop is."""

    engine: object  # PyTorch's
    views: list  # of View: each step takes the next one
    strength: float  # of the style
    weights: Weights  # the layers' proportions, and those of tv and laplacian, relative
    style_loss: losses.StyleLoss
    steady: float = 0.0  # weight of repainting a noisy picture as the one without noise


class Step(NamedTuple):
    """What a step brought."""

    number: int
    losses: dict  # relative: style 1 and content 1 are the photograph's distance, and its loss
    failed: bool
    edge: int  # of its crop


def steps(learned, optimizer, judge, crops, first, part_done) -> Iterator[Step]:
    """Learn, from step number `first` on, until `part_done` says that all is done.

    Parameters
    ----------
    learned : generator.Learned
    optimizer : torch.optim.Adam
        Over its arrays.
    judge : Judge
    crops : pictures.Crops
    first : int
        From 1.
    part_done : callable
        Number of steps done -> how much of the lesson is done, 0..1.
    """
    number = first
    while (done := part_done(number - 1)) < 1:
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, (1 - done) / (1 - STEADY), number / 50)
        photograph = judge.engine.array(images.to_network(crops.crop(number, done)))
        shift = np.random.default_rng((number, 1)).integers(-SHIFTS, SHIFTS, 2)
        noise = _noise(learned, photograph, number)
        painted = learned(photograph, noise)
        view = judge.views[number % len(judge.views)]
        seen = _from_afar(_moved(painted, shift), view.scale)
        values, gradient = judged(judge, view, seen.detach(), _from_afar(_moved(photograph, shift), view.scale))
        optimizer.zero_grad(set_to_none=True)
        parts, gradients = [seen], [gradient]
        if judge.steady:
            parts.append(judge.steady * unsteadiness(learned, photograph, noise, painted, number))
            gradients.append(None)
        torch.autograd.backward(parts, gradients)
        length = torch.nn.utils.clip_grad_norm_(learned.arrays.values(), LONGEST_GRADIENT)
        failed = not bool(torch.isfinite(length))
        if not failed:
            optimizer.step()
            learned.follow(number)
        yield Step(number, values, failed, photograph.shape[2])
        number += 1


def _moved(image, shift):
    """A picture (1, 3, H, W) through a window of its size moved by some pixels, mirrored beyond its edges.

    A window inside would let the judge see the outermost pixels more seldom than others, and they become a frame.
    """
    (top, left), (height, width) = (int(it) for it in shift), image.shape[2:]
    around = (max(-left, 0), max(left, 0), max(-top, 0), max(top, 0))
    image = torch.nn.functional.pad(image, around, mode="reflect")
    return image[..., max(top, 0) : max(top, 0) + height, max(left, 0) : max(left, 0) + width]


def _from_afar(image, scale):
    """A picture (1, 3, H, W) made smaller, without aliasing."""
    if scale == 1:
        return image
    size = [round(scale * edge) for edge in image.shape[2:]]
    return torch.nn.functional.interpolate(image, size, mode="bilinear", antialias=True)


def _noise(learned, photograph, number):
    """The generator's own noise, another one for each step."""
    size = sizes(learned.generator, photograph.shape[2:])[NOISE]
    values = np.random.default_rng((number, 3)).standard_normal((1, 1, *size), np.float32)
    return torch.as_tensor(values, device=photograph.device)


def unsteadiness(learned, photograph, noise, painted, number):
    """Mean squared difference, over a contrast of 64 levels, that a little noise in the photograph makes."""
    grain = np.random.default_rng((number, 2)).normal(0, GRAIN, photograph.shape).astype(np.float32)
    other = learned(photograph + torch.as_tensor(grain, device=photograph.device), noise)
    return ((other - painted) ** 2).mean() / 64**2


def judged(judge, view, painted, photograph):
    """Relative losses of a repainted crop, and the gradient of their weighted sum with respect to it.

    Parameters
    ----------
    judge : Judge
    view : View
    painted, photograph : Tensor, shape (1, 3, H, W), network range
    """
    it, size = judge.weights, tuple(painted.shape[2:])
    seen = view.encoder.extract(photograph, it.content_layers, it.style_layers)
    evaluator = view.encoder.evaluator(size, seen.content, it.style_layers)
    nothing = balance.of_nothing(it, view.styles, evaluator.positions)
    found = {
        f"style:{layer}": it.style_layers[layer] * sum(
            count * judge.style_loss(moments, target)[0]
            for moments, target, count in zip(seen.style[layer], view.styles[layer], evaluator.positions[layer])
        )
        for layer in it.style_layers
    }  # fmt: skip
    whole = sum(max(found[f"style:{layer}"], balance.LEAST * loss) for layer, loss in nothing.items())
    weights = balance.balanced(judge.strength, it, found, nothing, seen.content)
    relative = whole / photograph.numel() / 64**2  # of what counts in squared levels per value
    objective = Objective(
        evaluator, view.styles, weights._replace(tv=8 * it.tv * relative, laplacian=it.laplacian * relative),
        style_loss=judge.style_loss, photograph=photograph,
    )  # fmt: skip
    values, gradient = objective.losses_and_gradient(painted)
    lost = 10 ** (1 - 4 * judge.strength)
    shown = {"total": values["total"] / whole, "style": values["style"] / whole,
             "content": values["content"] / whole / lost, "tv": values["tv"] / whole}  # fmt: skip
    return shown, gradient / whole
