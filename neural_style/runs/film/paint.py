"""Paint a film: a run over its frames, from settings to the files that it leaves."""

import contextlib
import itertools
import os

from ...errors import InputError, RunError, one_line
from ...film import reading
from ...pictures import find, images
from .. import fitting, limits, output, prepare, resume, spread, talk, values
from ..declared import OPTIONS
from ..record import Record
from ..snapshots import is_due
from ..status import DONE, Status
from . import course, flows, state
from .painter import Optimisation
from .progress import Progress
from .results import Results
from .stack import Stack, levels

SOURCE, PAINTED, SHOWN = "source.stack", ("painted-1.stack", "painted-2.stack"), "shown.stack"
STACKS = (SOURCE, *PAINTED, SHOWN)


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
    folder = flows.folder(run.settings)
    with output.claimed(run.settings.output_dir) as claim, spread.over(run) as run:
        saved, notice = _taken_up(run, claim.folder)
        painting = Painting(run, film, claim, saved, callback, painter or Optimisation(), folder)
        files = output.files_of_run(claim.folder)
        output.spare_sources(run.settings, claim.folder, lambda name: name in files or painting.writes(name))
        output.check_free(claim.folder, files, painting.writes)
        notices = [*film.notices, *run.notices, notice]
        if not saved.settings:  # a run that begins
            saved.settings = resume.fingerprint(run)
            notices.append(output.make_room(claim.folder, files, run.settings.overwrite))
        if not run.settings.no_progress:
            for line in filter(None, notices):
                talk.say(line)
        status = saved.status or painting.run()
        if status == Status.DIVERGED:
            talk.say(f"nstyle: the losses became infinite again and again; try less than --lr {run.settings.lr:g}.")
        talk.answer(claim.folder / painting.film_name)
        return status


def prepared(settings, shared=None):
    """The film that settings name, and the run of its first frame.

    Raises
    ------
    InputError
        If one of them cannot be used.
    """
    path, _ = find.find(settings.content_image)
    film = reading.opened(path, settings.frame_rate, settings.max_pixels)
    settings = resume.with_its_machine(settings, state.settings_of)
    fitted = images.fitted_size(film.size, settings.max_long_edge, settings.enlarge)
    size = tuple(max(2, 2 * round(edge / 2)) for edge in fitted)  # H.264 halves the resolution of colours
    first = next(_frames(film, settings, size, last=values.ends(settings.frames)[0]), None)
    if first is None:
        raise InputError(f"{film.path}: it has no frames; name another film.")
    masks = course.mask_files(settings)
    one = prepare.with_values(settings, content_mask=masks[0] if masks else None)
    run = prepare.prepare(one, shared, frame=first / 255)
    run = run._replace(settings=prepare.with_values(run.settings, content_mask=settings.content_mask))
    run = fitting.fitted(run)
    limits.check(run, None)
    return film, run


def _frames(film, settings, size, last=None):
    """The frames that settings ask for, at the size of the result, uint8."""
    first, end = values.ends(settings.frames)
    for frame in reading.frames(film, first, last or end, settings.every, settings.max_pixels):
        yield levels(images.resize(frame.astype("float32") / 255, size))


def _taken_up(run, folder):
    """The state that a run goes on with, of a run that begins an empty one, and a line for the user or None."""
    try:
        saved = state.load(folder)
    except InputError:
        if run.settings.resume:
            raise
        saved = None
    ours = resume.fingerprint(run)
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


class Painting:
    """A run over a film from where it begins or is taken up until it stops."""

    def __init__(self, run, film, claim, saved, callback, painter, flow_folder):
        self._run, self._film, self._claim, self._saved, self._callback = run, film, claim, saved, callback
        self._painter, self._flow_folder = painter, flow_folder
        self._stacks = None if not saved.count else self._opened(saved.count)
        self._results = Results(run, claim.folder, film, saved)
        self.film_name = self._results.film_name

    def writes(self, name):
        """Whether it may write a file of this name in the folder of the run."""
        return name in (*STACKS, state.NAME) or self._results.writes(name)

    def run(self):
        """From the first frame that is not painted yet to the last one; the status."""
        progress, motions = Progress(self._run.settings), None
        try:
            with self._keeping():
                self._begin()
            motions = flows.Flows(self._stacks.source, self._stacks.numbers, self._flow_folder)
            self._results.open(self._stacks)
            with self._keeping():
                self._write(Status.RUNNING)
            status = self._paint(motions, progress)
            with self._keeping():
                self._end(status)
            return status
        except Exception as error:
            self._fail(one_line(error))
            raise
        except BaseException as interruption:
            if self._fail(None, Status.INTERRUPTED):
                talk.say(f"Interrupted; the film so far is {self._claim.folder / self.film_name}.")
                interruption.said = True  # the command has no more to say
            raise
        finally:
            progress.close()
            if motions is not None:
                motions.close()

    def _begin(self):
        """Put the frames of the film on their stack, where they are not yet."""
        saved, folder = self._saved, self._claim.folder
        saved.record.announce(*STACKS, state.NAME, *self._results.names)
        self._write(Status.RUNNING)
        if saved.count:
            return
        source, count = Stack(folder / SOURCE, self._run.size), 0
        for frame in _frames(self._film, self._run.settings, self._run.size):
            source[count] = frame
            count += 1
        self._stacks = self._opened(count)
        self._check_disk(count)
        self._check_masks()
        self._results.open(self._stacks)
        saved.count = count
        self._results.begin()
        state.save(folder, saved)

    def _opened(self, count):
        folder, size, it = self._claim.folder, self._run.size, self._run.settings
        first, _ = values.ends(it.frames)
        painted = tuple(Stack(folder / name, size) for name in PAINTED)
        numbers = [first + it.every * number for number in range(count)]
        return course.Stacks(Stack(folder / SOURCE, size), painted, Stack(folder / SHOWN, size), numbers)

    def _check_disk(self, count):
        it, frame = self._run.settings, 3 * self._run.size[0] * self._run.size[1]
        each = frame * (3 + (it.passes > 1)) + frame // 2  # the stacks, and the films
        need, free = count * (each + frame * it.keep_frames), limits.free_disk(self._claim.folder)
        if need > free:
            raise InputError(
                f"--output-dir {self._claim.folder}: {count} frames may take {limits.shown(need)}, "
                f"{limits.shown(free)} are free; make room, choose another folder, or fewer --frames."
            )

    def _check_masks(self):
        files, last = course.mask_files(self._run.settings), self._stacks.numbers[-1]
        if 1 < len(files) < last:
            name = self._run.settings.content_mask
            raise InputError(f"--content-mask {name}: {len(files)} masks, and frame {last} is to be painted; add some.")

    def _paint(self, motions, progress):
        saved, it = self._saved, self._run.settings
        way = course.Course(self._run, self._painter, self._stacks, motions, saved.scenes)
        steps = list(itertools.islice(course.steps(saved.count, it.passes), saved.done, None))
        progress.begin(saved.done, saved.count * it.passes)
        for step, after in itertools.zip_longest(steps, steps[1:]):
            # what comes next is computed while this is painted
            motions.want([*way.pairs(step), *(way.pairs(after) if after else ())])
            number = self._stacks.numbers[step.frame]
            follow = self._follower(number, progress)
            with self._keeping():
                self._claim.check()
                row, painted = way.paint(step, follow)
                if it.keep_frames:
                    self._results.frame(step.frame)
                saved.rows.append(row._replace(seconds=round(saved.record.elapsed(), 3)))
                saved.scenes, saved.done = list(way.scenes), saved.done + 1
                state.save(self._claim.folder, saved)
            progress.frame(saved.rows[-1])
            if self._callback is not None:
                self._callback({"frame": number, "epoch": row.epochs, "eps": 0.0, "img": painted.image.copy()})
            if painted.status == Status.DIVERGED:
                return Status.DIVERGED
            if is_due(it, saved.done) and after:
                with self._keeping():
                    self._results.publish()
                    self._write(Status.RUNNING)
        return Status.FINISHED

    def _follower(self, number, progress):
        def follow(event):
            progress.epoch(number, event)
            if self._callback is not None and event.status is None:
                self._callback({"frame": number, "epoch": event.epoch, "eps": event.relative_change})

        return follow

    def _end(self, status):
        self._claim.check()
        saved, folder = self._saved, self._claim.folder
        self._results.publish()
        saved.status = status
        if status in DONE:
            for name in STACKS:
                (folder / name).unlink(missing_ok=True)
                saved.record.files.pop(name, None)
        self._results.seal()
        state.save(folder, saved)
        self._write(status)
        if status in DONE:
            output.remove_replaced(folder)

    def _write(self, status, reason=None):
        self._results.write(status, reason)

    def _fail(self, reason, status=Status.FAILED):
        """Where no further frame can be painted: leave the film so far, or nothing. Whether there is one."""
        saved, folder = self._saved, self._claim.folder
        with contextlib.suppress(OSError, InputError):
            self._claim.check()
            if not saved.count:
                for name in (*STACKS, *self._results.names, output.RECORD):
                    (folder / name).unlink(missing_ok=True)
                return False
            self._write(status, reason)
            if saved.done:
                self._results.publish()
                self._write(status, reason)
                return True
        return False

    @contextlib.contextmanager
    def _keeping(self):
        """Turn an error of the file system into a `RunError` that says what is kept."""
        try:
            yield
        except OSError as error:
            done = self._saved.done
            raise RunError(
                f"{self._claim.folder} cannot be written any more ({output.reason(error)}); "
                f"{f'{done} painted frames are kept' if done else 'no frame was painted yet'}: "
                "see to the folder, then go on with --resume."
            ) from None
