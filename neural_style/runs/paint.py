"""Paint one picture: a run with its listeners, from settings to the files that it leaves."""

import collections
import traceback

from ..errors import EngineError, InputError, one_line
from ..report import animation
from . import (
    course,
    fitting,
    limits,
    options,
    output,
    prepare,
    publish,
    recorder,
    repaint,
    resume,
    spread,
    state,
    talk,
    viewing,
)
from .film import paint as film
from .listeners import Context, Listener, Listeners
from .notebook import Live
from .progress import Progress
from .record import Record
from .snapshots import Snapshots, is_due
from .status import ENDED, Status

# in the order in which they are told; each writes only what the ones before it have made possible
LISTENERS = (
    recorder.Opening,
    recorder.Losses,
    Snapshots,
    recorder.States,
    recorder.Records,
    Progress,
    Live,
    publish.Sheet,
    publish.Animation,
    publish.Page,
    viewing.Opening,
    recorder.Seal,
    recorder.Replaced,
)


def train(args, callback=None, shared=None):
    """Paint.

    Parameters
    ----------
    args : argparse.Namespace
        From `options.parse`, or made by hand; options that are missing take their defaults.
    callback : callable, optional
        Called after each epoch with a dict: `epoch` (from 1), `eps` (relative change of the picture), and on epochs
        that save also `filename` and `img` (network range, shape (1, 3, H, W); a copy).
    shared : prepare.Shared, optional
        The same one for several photographs: the network and the paintings' statistics are kept in it.

    Returns
    -------
    Status
        How the run ended: converged, finished or diverged. A string.

    Raises
    ------
    InputError
        If an option or a file cannot be used, or a file in the folder is in the way.
    RunError
        If the output directory cannot be written any more.
    BaseException
        Whatever interrupted the run, such as KeyboardInterrupt, or SystemExit out of the callback; the picture reached
        so far and the state have been saved.
    """
    settings = options.complete(args)
    if settings.painter and settings.init != "painter":
        return repaint.train(settings)
    if film.is_film(settings):
        return film.train(settings, callback, shared)
    steps = painting(settings, lambda context: Callback(context, callback), shared=shared)
    ((context, event),) = collections.deque(steps, maxlen=1)  # runs without a moment between two steps
    if event.status == Status.DIVERGED:
        talk.say(
            "nstyle: the losses became infinite again and again; "
            f"try a smaller --lr than {context.run.settings.lr:g}, or smaller --content-weight and --style-weight."
        )
    talk.answer(context.folder / context.record.final["file"])
    return Status(event.status)


def painting(settings, *more, shared=None):
    """Paint epoch by epoch, into the folder of the run.

    Parameters
    ----------
    settings : argparse.Namespace
        As `options.complete` gives it.
    *more : callable
        Context -> a further listener.
    shared : prepare.Shared, optional

    Yields
    ------
    Context, descent.Event
        After each epoch, when every listener has been told of it. With the last event, which has a status, all that
        the run leaves is there; of a run that had ended before it is the only one. Whoever closes the generator
        earlier interrupts the run, which saves what was reached.
    """
    if settings.animate:
        animation.check(settings.animate)
    run = prepare.prepare(resume.with_its_machine(settings), shared)
    with output.claimed(run.settings.output_dir) as claim, spread.over(run, claim.folder) as run:
        run, saved, notices = _taken_up(run, claim.folder)
        run = fitting.fitted(run, claim.folder)
        limits.check(run, claim.folder)
        event = saved and saved.event
        context = Context(run, claim, _record(claim.folder, saved), _without_pictures(saved))
        listeners = Listeners([make(context) for make in (*LISTENERS, *more)])
        files = output.files_of_run(claim.folder)
        output.spare_sources(run.settings, claim.folder, lambda name: name in files or listeners.writes(name))
        output.check_free(claim.folder, files, listeners.writes)
        beginning = [(course.start(run) if saved is None else event.state, event)]
        if saved is None:
            notices.append(output.make_room(claim.folder, files, run.settings.overwrite))
        for notice in (*run.notices, *filter(None, notices)):
            if not run.settings.no_progress:
                talk.say(notice)
        del saved, event
        yield from followed(context, beginning, listeners)


def _without_pictures(saved):
    return saved and saved._replace(event=saved.event._replace(image=None, state=None))


def _taken_up(run, folder):
    """The run, the state that it goes on with or None, and lines for the user.

    A run that has ended is taken up by the same command, too: nothing of it has to be painted again.
    """
    if run.settings.resume:
        saved, notice = state.load(folder, fitting.read_into(run.settings, folder))
        if saved is not None:
            run, saved = resume.taken_up(run, saved)
        return run, saved, [saved and resume.engine_notice(run, saved), notice or _resume_notice(folder, saved)]
    saved = None if run.settings.overwrite else _ended(run.settings, folder)
    if saved is not None and resume.is_same(run, saved):
        return run, saved, [_resume_notice(folder, saved) + " --overwrite paints it again."]
    return run, None, []


def _ended(settings, folder):
    try:
        saved, _ = state.load(folder, fitting.read_into(settings, folder))
    except InputError:
        return None
    return saved if saved is not None and saved.event.status in ENDED else None


def _resume_notice(folder, saved):
    if saved is None:
        return f"There is no state in {folder} to go on with: starting anew."
    event = saved.event
    more = {
        Status.FINISHED: "; a larger --max-num-epochs with --resume goes on",
        Status.CONVERGED: "; a smaller --stop-eps with --resume goes on",
    }
    if event.status is not None:
        return f"The run in {folder} has {event.status} at epoch {event.epoch}{more.get(event.status, '')}."
    return f"Going on from epoch {event.epoch}."


def _record(folder, saved):
    """What is known of the run; of a picture that was written at its interruption or end, its run.json knows."""
    if saved is None:
        return Record()
    record = saved.record
    record.files.update(output.files_of_run(folder))
    record.files.pop(output.RECORD, None)
    record.saved_epoch = saved.event.epoch
    record.final = _earlier_final(folder, saved.event.epoch)
    return record


def _earlier_final(folder, epoch):
    """The entry of the final picture in run.json, unless it is of an epoch that is painted again."""
    final = (output.read_record(folder) or {}).get("final")
    known = isinstance(final, dict) and isinstance(final.get("epoch"), int) and isinstance(final.get("file"), str)
    return final if known and final["epoch"] <= epoch else None


def followed(context, beginning, listeners):
    """The steps of a run from its first event to the last, each yielded when the listeners have been told of it.

    `beginning` is a list of one pair: the state to begin with, and the event of an earlier process that led there, or
    None. It is emptied: nobody else shall hold their pictures, which are soon painted over.
    """
    run, saved, (start, event) = context.run, context.saved, beginning.pop()
    ended = event is not None and event.status is not None
    try:
        with output.writing(context.folder):
            listeners.begin()
        steps = () if ended else course.events(run, start)
        del start
        for event in steps:
            listeners.epoch(event, is_due(run.settings, event.epoch))
            if event.status is None:
                yield context, event
        listeners.end(event, Status(event.status))
    except EngineError as error:  # what computes is gone, and what was reached is not
        traceback.clear_frames(error.__traceback__)  # and with them what they hold of a disk that is full
        if event is None or ended:
            listeners.fail(saved.event.status if ended else Status.FAILED, one_line(error))
        else:
            listeners.end(event, Status.INTERRUPTED)
        raise
    except Exception as error:
        listeners.fail(saved.event.status if ended else Status.FAILED, one_line(error))
        raise
    except BaseException as interruption:
        status = saved.event.status if ended else Status.INTERRUPTED
        if event is None:
            listeners.fail(status, None)
        else:
            listeners.end(event, status)
            interruption.said = True  # the command has no more to say
        raise
    yield context, event


class Callback(Listener):
    """The user's own function."""

    def __init__(self, context, function):
        super().__init__(context)
        self._function = function

    def epoch(self, event, saves):
        if self._function is None:
            return
        data = {"eps": event.relative_change, "epoch": event.epoch}
        if saves:
            run, file = self.context.run, self.context.record.snapshots[-1]["file"]
            image = course.enlarged(run, event.image, run.size).copy()
            data.update(filename=str(self.context.folder / file), img=image)
        self._function(data)
