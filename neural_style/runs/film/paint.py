"""Paint a film: a run over its frames, from settings to the files that it leaves."""

import os

from ...errors import InputError
from ...film import reading
from ...pictures import find
from .. import output, resume, talk
from ..declared import OPTIONS
from ..record import Record
from ..status import Status
from . import flows, scenes, state
from .painter import Optimisation
from .prepared import prepared
from .running import Painting


def is_film(settings):
    """Whether what `--content-image` names is a film."""
    name = settings.content_image
    return isinstance(name, (str, os.PathLike)) and (settings.film or reading.is_film(find.find(name)[0]))


def train(settings, callback=None, shared=None, painter=None):
    """Paint a film.

    Parameters
    ----------
    settings : argparse.Namespace
        As `options.complete` gives it.
    callback : callable, optional
        Called after each epoch with a dict: `frame` (its number in the film), `epoch` and `eps` of the frame; after
        its last one also `img`, as of `paint.train`.
    shared : prepare.Shared, optional
    painter : optional
        What paints a frame; see `painter.py`.

    Returns
    -------
    Status

    Raises
    ------
    InputError, RunError, BaseException
        As of `paint.train`; the frames that were painted are kept.
    """
    film, run = prepared(settings, shared)
    compute = flows.program(run)
    ours = flows.fingerprint(run, compute)
    with output.claimed(run.settings.output_dir) as claim, scenes.workers(settings) as workers:
        saved, notice = _taken_up(run, ours, claim.folder)
        painting = Painting(run, settings, film, claim, saved, callback, painter or Optimisation(), compute)
        files = output.files_of_run(claim.folder)
        output.spare_sources(run.settings, claim.folder, lambda name: name in files or painting.writes(name))
        output.check_free(claim.folder, files, painting.writes)
        notices = [*film.notices, *run.notices, notice]
        if not saved.settings:  # a run that begins
            saved.settings = ours
            notices.append(output.make_room(claim.folder, files, run.settings.overwrite))
        if not run.settings.no_progress:
            for line in filter(None, notices):
                talk.say(line)
        status = painting.run(workers) if saved.status is None else painting.settled()
        if status == Status.DIVERGED:
            talk.say(f"nstyle: the losses became infinite again and again; try less than --lr {run.settings.lr:g}.")
        talk.answer(claim.folder / painting.film_name)
        return status


def _taken_up(run, ours, folder):
    """The state that a run goes on with, of a run that begins an empty one, and a line for the user or None."""
    try:
        saved = state.load(folder)
    except InputError:
        if run.settings.resume:
            raise
        saved = None
    if run.settings.resume:
        if saved is None:
            return state.Saved({}, Record()), f"There is no state in {folder} to go on with: starting anew."
        resume.check_same(folder, ours, saved.settings, lambda name, one, other: one == other or _is_free(name))
        notice = f"Going on after {saved.done} frame{'s' * (saved.done != 1)}."
    elif saved is None or run.settings.overwrite or saved.status is None or not resume.is_equal(ours, saved.settings):
        return state.Saved({}, Record()), None
    if saved.status is not None:
        notice = f"The run in {folder} has {saved.status}. --overwrite paints it again."
    saved.record.files.update(output.files_of_run(folder))
    saved.record.files.pop(output.RECORD, None)
    return saved, notice


def _is_free(name):
    """Whether a run that is taken up may have another value of an option."""
    option = OPTIONS.get(name)
    return option is not None and option.on_resume == "any"
