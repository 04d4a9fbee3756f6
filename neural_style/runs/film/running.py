"""A run over a film from where it begins or is taken up until it stops: frame by frame, or workers scene by scene."""

import contextlib
import itertools

from ...errors import InputError, RunError, one_line
from .. import limits, output, talk, values
from ..snapshots import is_due
from ..status import DONE, Status
from ..viewing import Once
from . import course, flows, scenes, stack, state
from .prepared import frames
from .progress import Progress
from .results import Results


class Painting:
    """A run over a film from where it begins or is taken up until it stops."""

    def __init__(self, run, settings, film, claim, saved, callback, painter, compute):
        self._run, self._settings, self._film, self._compute = run, settings, film, compute
        self._claim, self._saved, self._callback, self._painter = claim, saved, callback, painter
        self._stacks = None if not saved.count else self._opened(saved.count)
        self._results = Results(run, claim.folder, film, saved)
        self._page, self._progress = Once(run.settings), Progress(run.settings)
        self.film_name = self._results.film_name

    def writes(self, name):
        """Whether it may write a file of this name in the folder of the run."""
        return name in (*stack.NAMES, state.NAME) or scenes.is_name(name) or self._results.writes(name)

    def run(self, workers=None):
        """From the first frame that is not painted yet to the last one, here or on workers; the status."""
        try:
            with self._keeping():
                self._begin()
            self._results.open(self._stacks)
            with self._keeping():
                self._write(Status.RUNNING)
            status = self._paint() if workers is None else self._spread(workers)
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
            self._progress.close()

    def _begin(self):
        """Put the frames of the film on their stack, where they are not yet."""
        saved, folder = self._saved, self._claim.folder
        saved.record.announce(*stack.NAMES, state.NAME, *self._results.names)
        self._write(Status.RUNNING)
        if saved.count:
            return
        source, count = stack.Stack(folder / stack.SOURCE, self._run.size), 0
        for frame in frames(self._film, self._run.settings, self._run.size):
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
        first, _ = values.ends(self._run.settings.frames)
        numbers = [first + self._run.settings.every * number for number in range(count)]
        return stack.opened(self._claim.folder, self._run.size, numbers)

    def _check_disk(self, count):
        it, frame = self._run.settings, 3 * self._run.size[0] * self._run.size[1]
        each = frame * (3 + (it.passes > 1)) + frame // 2  # the stacks, and the films
        if self._keeps_flows and it.flow in (flows.TVL1, flows.RAFT):
            each += 2 * len(course.distances(it.temporal_window)) * frame * 8 // 3
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

    @property
    def _keeps_flows(self):
        """Whether the flows of all frames are wanted once more: by other passes, or by who paints a scene."""
        return self._run.settings.passes > 1 or self._settings.cluster is not None

    def _paint(self):
        saved, it, painted = self._saved, self._run.settings, 0
        moving = flows.opened(self._run, self._stacks, self._claim.folder, self._keeps_flows, self._compute)
        self._progress.begin(saved.done, saved.count * it.passes)
        with contextlib.closing(moving):
            way = course.Course(self._run, self._painter, self._stacks, moving, saved.scenes, saved.looked)
            steps = itertools.islice(way.steps(), saved.done, None)
            while (step := self._next(steps)) is not None:
                if step.turn == 0 and step.frame in way.scenes:
                    painted = self._adopt(step.frame)  # steps of this scene, by workers
                if painted:
                    painted -= 1
                elif self._step(way, moving, step) == Status.DIVERGED:
                    return Status.DIVERGED
        return Status.FINISHED

    def _next(self, steps):
        with self._keeping():  # finding out whether a scene begins asks for flows, which are kept
            return next(steps, None)

    def _step(self, way, moving, step):
        """Paint a frame; how that went."""
        saved, before = self._saved, self._saved.done
        moving.want(way.wanted(step))  # what comes next is computed while this is painted
        number = self._stacks.numbers[step.frame]
        with self._keeping():
            self._claim.check()
            row, painted = way.paint(step, self._follower(number))
            saved.scenes, saved.looked = list(way.scenes), way.looked
            self._count([row])
            state.save(self._claim.folder, saved)
        if self._callback is not None:
            self._callback({"frame": number, "epoch": row.epochs, "eps": 0.0, "img": painted.image.copy()})
        self._publish_if_due(before)
        return painted.status

    def _count(self, rows):
        """Take frames that were painted into the account of the run."""
        saved, first = self._saved, self._stacks.numbers[0]
        for row in rows:
            if self._run.settings.keep_frames:
                self._results.frame((row.frame - first) // self._run.settings.every)
            saved.rows.append(row._replace(seconds=round(saved.record.elapsed(), 3)))
            saved.done += 1
            self._progress.frame(row)

    def _adopt(self, first):
        """Take what workers have painted of the scene that begins with a frame; how many of its steps are painted."""
        rows = scenes.load(self._claim.folder, first)
        fresh = rows[self._saved.done - first * self._run.settings.passes :]
        with self._keeping():
            self._count(fresh)
            if fresh:
                state.save(self._claim.folder, self._saved)
        for row in fresh if self._callback is not None else ():
            self._callback({"frame": row.frame, "epoch": row.epochs, "eps": 0.0})
        return len(rows)

    def _spread(self, workers):
        saved, folder, passes = self._saved, self._claim.folder, self._run.settings.passes
        crew = scenes.Crew(workers, self._run, self._settings, folder, self._stacks)
        if saved.looked < saved.count:
            self._say(f"Looking for cuts in {saved.count} frames on {crew.size} workers of {workers.name}.")
            saved.scenes, saved.looked = crew.cuts(), saved.count
        film, left, finished = scenes.divided(saved.scenes, saved.count), [], set()
        self._results.spread(workers.name, crew.size, len(film))
        with self._keeping():
            for scene in film:
                have = saved.done - scene.first * passes
                left += [scene] if have < (scene.last - scene.first) * passes else []
                if have > len(scenes.load(folder, scene.first)):  # one that was begun here
                    scenes.save(folder, scene.first, saved.rows[-have:])
            saved.record.announce(*(scenes.name(scene.first) for scene in film))
            state.save(folder, saved)
            self._write(Status.RUNNING)
        self._say(f"{len(film)} scenes, {len(film) - len(left)} of them done.")
        self._progress.begin(saved.done, saved.count * passes)
        with contextlib.closing(crew.paint(list(left), film)) as painted:
            for scene, status in painted:
                before = saved.done
                finished.add(scene)
                with self._keeping():
                    self._claim.check()
                while left and left[0] in finished:  # in their order, as a run without workers has them
                    self._adopt(left.pop(0).first)
                if status == Status.DIVERGED:
                    return status
                self._publish_if_due(before)
        return Status.FINISHED

    def _say(self, text):
        if not self._run.settings.no_progress:
            talk.say(text)

    def _publish_if_due(self, before):
        """Write the film so far, if that is due after one of the steps since so many were done."""
        saved, it = self._saved, self._run.settings
        if saved.done < saved.count * it.passes and any(is_due(it, n) for n in range(before + 1, saved.done + 1)):
            with self._keeping():
                self._results.publish()
                self._write(Status.RUNNING)
            self._page.show(self._claim.folder)

    def _follower(self, number):
        def follow(event):
            self._progress.epoch(number, event)
            if self._callback is not None and event.status is None:
                self._callback({"frame": number, "epoch": event.epoch, "eps": event.relative_change})

        return follow

    def _end(self, status):
        self._claim.check()
        self._results.publish()
        self._saved.status = status
        self._settle()

    def settled(self):
        """The status of a run that had ended; what its process left to do, if it died then, is done."""
        if self._saved.status in DONE and any((self._claim.folder / name).exists() for name in stack.NAMES):
            self._results.open(self._stacks)
            with self._keeping():
                self._settle()
        return self._saved.status

    def _settle(self):
        """Note that the run has ended, and remove what it needs no more; more than once does no harm."""
        saved, folder, status = self._saved, self._claim.folder, self._saved.status
        state.save(folder, saved)  # first: without the frames it cannot be gone on with
        if status in DONE:
            for name in (*stack.NAMES, *map(scenes.name, saved.scenes)):
                (folder / name).unlink(missing_ok=True)
                saved.record.files.pop(name, None)
        self._results.seal()
        state.save(folder, saved)
        self._write(status)
        self._page.show(folder)
        if status in DONE:
            output.remove_replaced(folder)

    def _write(self, status, reason=None):
        self._results.write(status, reason)

    def _fail(self, reason, status=Status.FAILED):
        """Where no further frame can be painted: leave the film so far, or nothing. Whether there is one."""
        saved, folder = self._saved, self._claim.folder
        with contextlib.suppress(OSError, InputError):
            self._claim.check()
            if saved.status is not None:  # while it ended
                self._settle()
                return True
            if not saved.count:
                for name in (*stack.NAMES, *self._results.names, output.RECORD):
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
