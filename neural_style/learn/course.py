"""A lesson from settings to the painter: what it needs, its loop, and what is kept of it on the way."""

import contextlib
import datetime
import math
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from ..engines import door
from ..engines.torch.library import DTYPES, torch
from ..errors import InputError, RunError
from ..files import checksum
from ..networks import layers
from ..networks.registry import NETWORKS
from ..painters import painter
from ..painters.generators import OWN
from ..painting import losses
from ..painting.objective import Weights
from ..pictures import find, images, reading
from ..runs import output, talk
from ..weights import store
from . import folder as files
from . import lesson, pictures
from .declared import OPTIONS
from .generator import Learned, numpy

CELL = (288, 384)  # height and width of each of the four pictures of a sheet
LARGEST = 1024  # pixels of the long edge of a photograph that crops are taken from
ROW = 10  # steps whose mean losses are one row of losses.csv
LINE = 30  # seconds between two lines, where there is no terminal
# How the judge looks, by turns: near and from farther away, at all that is there and at what stands out
VIEWS = ((1.0, "avg"), (0.7, "max"), (0.7, "avg"), (1.0, "max"))
BETAS = (0.9, 0.99)


class Lesson(NamedTuple):
    """All that a lesson needs, found and read."""

    judge: lesson.Judge
    crops: pictures.Crops
    shown: list  # four photographs
    painting: np.ndarray  # (H, W, 3) in 0..1, at the size that is learned
    facts: dict  # of the painter's file
    judge_facts: dict  # of run.json
    fingerprint: dict  # what must be the same when it is taken up


def learn(settings):
    """Learn a painter.

    Parameters
    ----------
    settings : argparse.Namespace
        As `command.parse` gives it.

    Returns
    -------
    Path
        The painter's file.

    Raises
    ------
    InputError
        If an option or a file cannot be used, or a file is in the way.
    RunError
        If the folder cannot be written any more.
    KeyboardInterrupt
        If it was interrupted; the state has been saved.
    """
    out = Path(settings.out)
    folder = files.beside(out)
    if out.exists() and not (settings.overwrite or settings.resume):
        raise InputError(f"--out {out}: is there already; --overwrite replaces it, --resume goes on with its lesson.")
    it = prepared(settings)
    with _named(out), output.claimed(folder):
        state = files.load(folder, OWN) if settings.resume else None
        if state is None and (folder / files.STATE).exists() and not settings.overwrite:
            cure = "--resume goes on with it, --overwrite begins anew"
            raise InputError(f"--out {out}: a lesson was begun in {folder}; {cure}.")
        _check_same(it, state)
        with _writing(folder):
            images.save(files.sheet(it.shown, CELL), folder / "content.jpg")
            images.save(it.painting, folder / "style.jpg")
        _Course(settings, it, folder, state).run(out)
    return out


def prepared(settings):
    """Everything that `settings` name."""
    network = NETWORKS[settings.model]
    opened = door.opened(settings.gpu, settings.precision, network, engine="torch", device=settings.device)
    if not settings.no_progress:
        talk.say(f"On {opened.engine.device} with {opened.choice}.")
    loaded = store.load(settings.model, settings.weights)
    defaults = network.defaults_for(loaded.offline)
    content = settings.content_layers or defaults.content_layers
    style = settings.style_layers or dict.fromkeys(defaults.style_layers, 1.0)
    layers.check_layers(network, content, loaded.arrays, "--content-layers")
    layers.check_layers(network, style, loaded.arrays, "--style-layers")
    path, _ = find.find(settings.style_image)
    painting = reading.read(path, settings.max_pixels)
    painting = images.resize(painting, images.fitted_size(painting.shape, settings.style_size, enlarge=True))
    how = {"border": defaults.border, "means": settings.style_loss in losses.USING_MEANS}
    encoders = {pooling: opened.engine.encoder(network, loaded.arrays, pooling=pooling, **how) for _, pooling in VIEWS}
    views = []
    for scale, pooling in VIEWS:
        seen = images.to_network(images.resize(painting, [round(scale * edge) for edge in painting.shape[:2]]))
        targets = encoders[pooling].extract(opened.engine.array(seen), (), style)
        views.append(lesson.View(scale, encoders[pooling], targets.style))
    photographs, shares = pictures.gathered(settings.pictures, max(LARGEST, settings.crop), settings.max_pixels)
    shown = [photographs[at] for at in np.linspace(0, len(photographs) - 1, min(4, len(photographs))).astype(int)]
    crops = pictures.Crops(photographs, settings.crop, OWN.multiple, settings.seed, shares)
    weights = Weights(1.0, 1.0, settings.tv_weight, content, style, settings.laplacian_weight)
    judge = lesson.Judge(opened.engine, views, settings.strength, weights,
                         losses.STYLE_LOSSES[settings.style_loss], settings.steady)  # fmt: skip
    digest = checksum(path)
    facts = {
        "painting": path.name, "painting_sha256": digest, "judge": network.name, "judge_sha256": loaded.sha256,
        "licence": settings.licence or painter.UNKNOWN,
    }  # fmt: skip
    kept = [name for name, option in OPTIONS.items() if option.changes_result and option.on_resume == "same"]
    same = {name: getattr(settings, name) for name in kept if name != "style_image"}
    return Lesson(
        judge, crops, shown, painting, facts,
        {"network": {"model": network.name, "weights": loaded.path.name, "sha256": loaded.sha256},
         "engine": {"name": "torch", "device": opened.engine.device, "precision": opened.engine.precision},
         "torch": str(torch.__version__)},
        {**same, "precision": opened.engine.precision, "painting": digest, "judge": loaded.sha256},
    )  # fmt: skip


def _check_same(it, state):
    for name, value in it.fingerprint.items() if state else ():
        if state.settings.get(name) != value:
            option = OPTIONS[name].flag if name in OPTIONS else {"painting": "--style-image"}.get(name, "--weights")
            raise InputError(f"--resume: {option} was {state.settings.get(name)} and is {value} now; give what it was.")


class _Course:
    """A lesson under way."""

    def __init__(self, settings, it, folder, state):
        self.settings, self.it, self.folder = settings, it, folder
        device = it.judge.engine.array(np.zeros(1)).device
        self.learned = Learned(OWN, device, DTYPES[it.judge.engine.precision], settings.seed)
        fused = device.type in ("cpu", "cuda")
        self.optimizer = torch.optim.Adam(self.learned.arrays.values(), lr=lesson.RATE, betas=BETAS, fused=fused)
        self.state, self.step, self.before = state, 0, 0.0
        self.rows, self.sheets, self.recent = [], [], []
        if state is not None:
            self._take_up(state)
        self.began = time.monotonic()
        self.started = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")

    def _take_up(self, state):
        self.step, self.before, self.rows, self.sheets = state.step, state.seconds, state.rows, state.sheets
        with torch.no_grad():
            for name, tensor in self.learned.arrays.items():
                tensor.copy_(torch.as_tensor(state.parts["array"][name]))
                self.learned.average[name].copy_(torch.as_tensor(state.parts["average"][name]))
                mean, square = (torch.as_tensor(state.parts[part][name]).to(tensor) for part in files.MOMENTS)
                like = {"memory_format": torch.channels_last} if tensor.ndim == 4 else {}
                self.optimizer.state[tensor] = {
                    "step": torch.tensor(float(state.step)), "exp_avg": mean.contiguous(**like),
                    "exp_avg_sq": square.contiguous(**like),
                }  # fmt: skip

    def seconds(self):
        """Of learning, without the time between an interruption and when it was taken up."""
        return self.before + time.monotonic() - self.began

    def part_done(self, steps):
        """How much of the lesson is done after so many steps, 0..1."""
        it = self.settings
        by_steps = steps / it.steps if it.steps else 0.0
        return max(by_steps, self.seconds() / 60 / it.minutes if it.minutes else 0.0)

    def run(self, out):
        """Learn to the end, and write the painter."""
        if self.step and not self.settings.no_progress:
            talk.say(f"Going on from step {self.step}.")
        next_sheet, failures = self.seconds() + 60 * self.settings.sheet_minutes, 0
        try:
            with self._bar() as bar:
                for step in lesson.steps(self.learned, self.optimizer, self.it.judge, self.it.crops, self.step + 1,
                                         self.part_done):  # fmt: skip
                    self.step = step.number
                    failures = failures + 1 if step.failed else 0
                    if failures == 20:
                        raise RunError("the losses became infinite again and again; try another --strength or --seed.")
                    self._note(step)
                    self._progress(bar, step)
                    if self.seconds() >= next_sheet:
                        self.show("running")
                        next_sheet = self.seconds() + 60 * self.settings.sheet_minutes
        except KeyboardInterrupt as interruption:
            if self.step:
                self.show("interrupted")
                talk.say(f"Interrupted at step {self.step}; --resume goes on.")
                interruption.said = True
            raise
        facts = {**self.it.facts, "recipe": self._recipe()}
        with _writing(out.parent):
            painter.write(out, [painter.Part(OWN, self.learned.numpy())], facts)
        self.show("finished")

    def _recipe(self):
        """How it was learned, as the painter's file says it: nothing that changes from one run to the next."""
        of = {name: value for name, value in self.it.fingerprint.items() if name not in ("painting", "judge")}
        return {**of, "steps": self.step, "generator": OWN.name}

    def _note(self, step):
        self.recent.append([step.losses[name] for name in files.COLUMNS[3:]])
        if step.number % ROW == 0:
            means = np.mean(self.recent, axis=0)
            seconds = f"{self.seconds():.1f}"
            self.rows.append([step.number, seconds, step.edge, *(f"{mean:.6g}" for mean in means)])
            self.recent = []

    def _bar(self):
        terminal = talk.err.isatty()
        quiet = self.settings.no_progress
        self.lines, self.last_line = not (terminal or quiet), time.monotonic()
        return tqdm(total=100, unit="%", disable=quiet or not terminal, dynamic_ncols=True, file=talk.err,
                    bar_format="{percentage:3.0f}%|{bar}| {elapsed} {postfix}")  # fmt: skip

    def _progress(self, bar, step):
        loss = {name: step.losses[name] for name in ("style", "content")}
        text = f"step {step.number}, style {loss['style']:.3f}, content {loss['content']:.3f} of the photograph's"
        bar.set_postfix_str(text, refresh=False)
        bar.update(max(0.0, min(100.0, 100 * self.part_done(step.number)) - bar.n))
        if self.lines and time.monotonic() - self.last_line > LINE:
            self.last_line = time.monotonic()
            talk.say(f"{100 * min(1.0, self.part_done(step.number)):.0f} %: {text}")

    def show(self, status):
        """Keep the state, a sheet of four pictures, and the page."""
        engine = door.opened(self.settings.gpu, "float32", engine="torch", device=self.settings.device).engine
        parts = (painter.Part(OWN, self.learned.numpy()),)
        own = painter.Painter(parts, {}, self.folder).on(engine)
        sheet = files.sheet([own.paint(engine, _for_sheet(picture)) for picture in self.it.shown], CELL)
        name = f"e_{self.step}.jpg"
        total = float(self.rows[-1][3]) if self.rows else math.nan
        entry = {"epoch": self.step, "file": name, "seconds": round(self.seconds(), 1),
                 "total": total if math.isfinite(total) else None}  # fmt: skip
        self.sheets = [it for it in self.sheets if it["epoch"] != self.step] + [entry]
        known = self.rows, self.sheets, self.it.fingerprint
        state = files.State(self.step, self.seconds(), self._parts(), *known)
        with _writing(self.folder):
            images.save(sheet, self.folder / name)
            files.save(self.folder, state)
            files.show(self.folder, self.settings, self.it.judge_facts, status, state, self.started, sheet.shape[:2])

    def _parts(self):
        """What the next step depends on, by the names of `files.PARTS`."""
        found = {"array": self.learned.arrays, "average": self.learned.average}
        for part, key in zip(files.MOMENTS, ("exp_avg", "exp_avg_sq")):
            found[part] = {name: self.optimizer.state[it][key] for name, it in self.learned.arrays.items()}
        return {part: numpy(tensors) for part, tensors in found.items()}


def _for_sheet(picture):
    """A photograph at the size of a sheet's cell, that it will be cut from."""
    scale = max(there / here for there, here in zip(CELL, picture.shape))
    return images.resize(picture, [max(there, round(here * scale)) for there, here in zip(CELL, picture.shape)])


@contextlib.contextmanager
def _named(out):
    """Messages on the folder name the option that it follows from."""
    try:
        yield
    except InputError as error:
        raise InputError(str(error).replace("--output-dir", "--out", 1)) from None


@contextlib.contextmanager
def _writing(folder):
    try:
        yield
    except OSError as error:
        reason = output.reason(error)
        raise RunError(f"{folder} cannot be written any more ({reason}); see to it, then --resume.") from None
