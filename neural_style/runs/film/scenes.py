"""Scenes of a film over workers: `--cluster`. Between two cuts nothing depends on what lies beyond them.

A worker reads the film's frames from the folder of the run, which every machine must see, and puts there what it
paints. What it has painted of a scene is noted in a file of the scene's own after each frame: whoever takes the scene
up, another worker or a run that is resumed, goes on from there.
"""

import argparse
import contextlib
import functools
import io
import itertools
import json
import os
import re
import threading
import time
from pathlib import Path
from typing import NamedTuple

from ...engines import schedulers, tiles
from ...errors import EngineError, InputError, RunError, one_line
from ...files import write_text
from .. import errands, prepare, talk
from ..status import Status
from . import course, flows, prepared, stack
from .painter import Optimisation

PARTS = 4  # of the film for each worker, while cuts are looked for
_alone = threading.Lock()
_ready: dict = {}  # token of a run -> its run and painter, in a worker


class Job(NamedTuple):
    """What every worker must know of a run."""

    token: str
    here: str  # the current folder, from which names count
    settings: argparse.Namespace  # as they were asked for, the engine and the precision chosen
    folder: Path  # of the run
    size: tuple  # height and width of the result
    numbers: list  # of each frame in the film
    versions: dict  # of nstyle and of the engine's library


class Scene(NamedTuple):
    """The frames between two cuts."""

    number: int  # from 1
    first: int  # its frames, from 0
    last: int  # one behind the last


def name(first):
    """The name of the file of the scene that begins with a frame."""
    return f"scene_{first:06d}.json"


def is_name(text):
    """Whether a file may be that of a scene."""
    return re.fullmatch(r"scene_\d{6,}\.json", text) is not None


def load(folder, first):
    """What is painted of a scene: a list of `course.Row`, one for each step; empty where nobody has begun it."""
    try:
        return [course.Row(*row) for row in json.loads((folder / name(first)).read_bytes())]
    except (OSError, ValueError, TypeError):
        return []


def save(folder, first, rows):
    """Note what is painted of a scene; OSError where that cannot be."""
    write_text(folder / name(first), json.dumps(rows, default=float))


def divided(cuts, count):
    """The scenes of a film of so many frames, of which these begin one."""
    return [Scene(number, *edges) for number, edges in enumerate(zip(cuts, [*cuts[1:], count]), 1)]


@contextlib.contextmanager
def workers(settings):
    """The workers that `--cluster` names, until the end of the block; None where it names none."""
    if settings.cluster is None:
        yield None
        return
    with schedulers.opened(settings.cluster) as found:
        yield found


class Crew:
    """The workers of a run.

    Parameters
    ----------
    found : engines.workers.Workers
    run : prepare.Run
    settings : argparse.Namespace
        From which the run was prepared.
    folder : Path
    stacks : stack.Stacks

    Raises
    ------
    InputError
        If a worker does not see the run's folder or what it paints from.
    """

    def __init__(self, found, run, settings, folder, stacks):
        self._found, it = found, run.settings
        chosen = {"engine": run.engine.name, "precision": run.engine.precision, "no_progress": True}
        self._job = Job(
            f"nstyle-{found.client.id}",
            os.getcwd(),
            prepare.with_values(settings, content_image=it.content_image, output_dir=str(folder), **chosen),
            folder,
            run.size,
            stacks.numbers,
            tiles.versions(run.engine),
        )
        needed = [str(path) for path in (stacks.source.path, *it.style_image, it.content_mask) if path is not None]
        for address, missing in found.everywhere(errands.unseen, self._job.here, needed).items():
            if missing:
                raise InputError(
                    f"--cluster {found.name}: worker {address} does not see {missing}; the scenes of a film need a "
                    "folder that all machines share."
                )
        if not it.no_progress:
            found.listen(self._job.token, talk.say)

    @property
    def size(self):
        """How many they are."""
        return len(self._found.found())

    def cuts(self):
        """The frames that begin a scene, from 0. What flows that takes is kept."""
        count, parts = len(self._job.numbers), PARTS * max(1, self.size)
        edges = sorted({count * part // parts for part in range(parts + 1)})
        futures = [self._found.submit(_cuts, self._job, *pair) for pair in zip(edges, edges[1:])]
        try:
            return list(itertools.chain.from_iterable(self._found.results(futures)))
        finally:
            self._found.cancel(futures)

    def paint(self, scenes, of):
        """Paint scenes.

        Parameters
        ----------
        scenes : list of Scene
            Those that are to be painted.
        of : list of Scene
            All.

        Yields
        ------
        Scene
            Each one when it is done.
        Status
            How.

        Raises
        ------
        RunError
            If one cannot be painted, or the workers are gone.
        """
        cuts = [scene.first for scene in of]
        futures = [self._found.submit(_paint, self._job, scene, cuts) for scene in scenes]
        try:
            for index in self._found.done(futures):
                (status,) = self._found.results([futures[index]])
                yield scenes[index], status
        finally:
            self._found.cancel(futures)


def _in_worker(function):
    """One at a time in a process, silently; what goes wrong becomes an `EngineError` that names the worker."""

    @functools.wraps(function)
    def within(job, *arguments):
        from distributed import get_worker

        with _alone, contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            os.chdir(job.here)
            try:
                return function(job, *arguments)
            except Exception as error:
                raise EngineError(f"worker {get_worker().address}: {one_line(error)}") from None

    return within


@_in_worker
def _cuts(job, first, last):
    """Which of some frames begin a scene."""
    run, _, stacks, compute = _prepared(job)
    moving = flows.opened(run, stacks, job.folder, True, compute)
    try:
        found = []
        for frame in range(first, last):
            moving.want([(each, each - 1) for each in (frame, frame + 1) if 0 < each < last])
            found += [frame] if course.is_cut(moving, frame) else []
        return found
    finally:
        moving.close()


@_in_worker
def _paint(job, scene, cuts):
    """Paint a scene from where it is."""
    run, painter, stacks, compute = _prepared(job)
    words = f"Scene {scene.number} of {len(cuts)}"
    frames = f"{job.numbers[scene.first]} to {job.numbers[scene.last - 1]}"
    heard, rows, began = errands.Heard(job.token, words), load(job.folder, scene.first), time.monotonic()
    heard.begin(f"frames {frames}" + (f", going on after {len(rows)}," if rows else ""))
    moving = flows.opened(run, stacks, job.folder, True, compute)
    try:
        way = course.Course(run, painter, stacks, moving, cuts, len(job.numbers))
        for step in itertools.islice(way.steps(scene.first, scene.last), len(rows), None):
            moving.want(way.wanted(step))
            row, painted = way.paint(step, lambda event, frame=job.numbers[step.frame]: heard.tell(f"frame {frame}"))
            rows.append(row)
            save(job.folder, scene.first, rows)
            if painted.status == Status.DIVERGED:
                return Status.DIVERGED
    except KeyboardInterrupt:  # nobody waits for it any more
        return Status.INTERRUPTED
    finally:
        moving.close()
    heard.say(f"done after {time.monotonic() - began:.0f} s")
    return Status.FINISHED


def _prepared(job):
    """The run as the client has it, a painter, the stacks, and what computes flows."""
    if job.token not in _ready:
        _ready.clear()
        _ready[job.token] = _made(job)
    return _ready[job.token]


def _made(job):
    stacks = stack.opened(job.folder, job.size, job.numbers)
    run = prepared.of_frame(job.settings, stacks.source.picture(0))
    found = tiles.versions(run.engine)
    if found != job.versions:
        raise RunError(f"it has {_shown(found)}, the run {_shown(job.versions)}; install the same.")
    return run, Optimisation(), stacks, flows.program(run)


def _shown(versions):
    return " and ".join(f"{name} {version}" for name, version in versions.items())
