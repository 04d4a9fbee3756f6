"""Paint one picture: the run with its listeners, from settings to the files that it leaves."""

import sys

from ..errors import InputError
from ..report import animation, contact_sheet, page
from . import course, options, resume, state
from . import folder as output
from . import limits as resources
from . import prepare as transfer
from .progress import Progress
from .recorder import Snapshots


def train(args, callback=None, shared=None):
    """Paint.

    Parameters
    ----------
    args : argparse.Namespace
        From `options.parse`, or made by hand; options that are missing take their defaults.
    callback : callable, optional
        Called after each epoch with a dict: `epoch` (from 1), `eps` (relative change of the picture), and on epochs
        that save also `filename` and `img` (network range, shape (1, 3, H, W)).
    shared : prepare.Studio, optional
        The same one for several photographs: the network and the paintings' statistics are kept in it.

    Returns
    -------
    str
        How the run ended: converged, finished or diverged.

    Raises
    ------
    InputError
        If an option or a file cannot be used.
    RunError
        If the output directory cannot be written any more.
    KeyboardInterrupt
        If the user interrupted the run; the picture reached so far and the state have been saved.
    """
    settings = options.complete(args)
    if settings.animate:
        animation.check(settings.animate)
    run = transfer.prepare(settings, shared)
    with output.claimed(run.settings.output_dir) as folder:
        saved = None
        if run.settings.resume:
            saved, notice = state.load(folder)
            if saved is not None:
                run, saved = resume.taken_up(run, saved)
            run = run._replace(notices=(*run.notices, notice or _resume_notice(folder, saved)))
        resources.check(run, folder)
        start = course.start(run) if saved is None else saved.event.state
        snapshots = Snapshots(run, folder, saved)
        return _paint(run, start, saved and saved.event, snapshots, callback)


def _resume_notice(folder, saved):
    if saved is None:
        return f"There is no state in {folder} to go on with: starting anew."
    event = saved.event
    more = {"finished": "; a larger --max-num-epochs goes on", "converged": "; a smaller --stop-eps goes on"}
    if event.status is not None:
        return f"The run in {folder} has {event.status} at epoch {event.epoch}{more.get(event.status, '')}."
    return f"Going on from epoch {event.epoch}."


def _paint(run, start, event, snapshots, callback):
    """From the first event to the last; `event` is that of a run that is taken up."""
    settings = run.settings
    ended = event is not None and event.status is not None
    with Progress(settings.max_num_epochs, start.epoch, settings.no_progress) as progress:
        for notice in (*run.notices, *snapshots.notices):
            progress.tell(notice)
        try:
            for event in () if ended else course.events(run, start):
                file = snapshots.add(event)
                progress.show(event)
                if file is not None:
                    _publish(run, progress.say)
                if callback is not None:
                    callback(_callback_data(run, event, file))
            final = snapshots.finish(event.status, event)
            _publish(run, progress.say, ended=True)
        except KeyboardInterrupt as interrupt:
            if event is None:
                snapshots.fail("interrupted")
            else:
                progress.say(f"Interrupted; the picture reached so far is {snapshots.finish('interrupted', event)}.")
                interrupt.said = True
                _publish(run, progress.say, ended=True)
            raise
        except Exception as error:
            snapshots.fail("failed", (str(error).splitlines() or [type(error).__name__])[0])
            _publish(run, lambda line: None)
            raise
    if event.status == "diverged":
        print(
            "nstyle: the losses became infinite again and again; "
            f"try a smaller --lr than {settings.lr:g}, or smaller --content-weight and --style-weight.",
            file=sys.stderr,
        )
    print(final)
    return event.status


def _publish(run, say, ended=False):
    """Bring the page up to date; at the end of a run also make the contact sheet and the animation."""
    settings = run.settings
    try:
        if ended:
            contact_sheet.write(settings.output_dir)
            if settings.animate:
                animation.write(settings.output_dir, settings.animate)
        if settings.image_format != "tiff":  # which browsers do not show
            page.write_page(settings.output_dir)
    except (InputError, OSError) as error:
        say(f"The report is not complete: {error}")


def _callback_data(run, event, file):
    data = {"eps": event.relative_change, "epoch": event.epoch}
    if file is not None:
        data.update(filename=str(file), img=course.enlarged(run, event.image, run.size))
    return data
