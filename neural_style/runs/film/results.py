"""What a person looks at: the film, its frames, frames.csv, run.json and the page."""

import csv
import io
import math
import re

from ...errors import InputError
from ...files import write_text
from ...film import writing
from ...pictures import images
from ...report import page
from .. import output, record, talk
from ..record import style_names
from .course import Row

FILM, ORIGINAL, FRAMES = "final.mp4", "content.mp4", "frames.csv"


class Results:
    """Writes the results of a run into its folder.

    Parameters
    ----------
    run : prepare.Run
        Of the first frame.
    folder : Path
    film : reading.Film
    saved : state.Saved
        What is known of the run so far; it changes as the run goes on.
    """

    film_name = FILM

    def __init__(self, run, folder, film, saved):
        self._run, self._folder, self._film, self._saved, self._stacks = run, folder, film, saved, None
        self._suffix = run.settings.image_format
        self._page = None if self._suffix == "tiff" else output.PAGE  # which browsers do not show
        self._still = f"final.{self._suffix}"
        self._sources = [f"{name}.jpg" for name in ("content", *style_names(run))]

    @property
    def names(self):
        """Every file that is written here but single frames and run.json."""
        found = [FILM, ORIGINAL, FRAMES, self._still, *self._sources]
        return [*found, self._page] if self._page else found

    def writes(self, name):
        """Whether a file of this name may be written."""
        frame = self._run.settings.keep_frames and re.fullmatch(rf"frame_\d{{6,}}\.{self._suffix}", name)
        return bool(frame) or name in (*self.names, output.RECORD)

    def open(self, stacks):
        """Where the frames are."""
        self._stacks = stacks

    def spread(self, where, workers, scenes):
        """Who paints: so many workers, for run.json."""
        self._run = self._run._replace(cluster={"where": where, "workers": workers, "scenes": scenes})

    def begin(self):
        """Write the sources as they are used: the first frame, the paintings, the film."""
        run = self._run
        styles = (images.resize(style, images.fitted_size(style.shape, max(run.size))) for style in run.styles)
        for picture, name in zip((run.content, *styles), self._sources):
            images.save(picture, self._folder / name)
            self._saved.record.wrote(self._folder / name)
        source = self._stacks.source
        writing.write(self._folder / ORIGINAL, (source[frame] for frame in range(self._saved.count)), self._rate)
        self._saved.record.wrote(self._folder / ORIGINAL)
        if run.settings.keep_frames:
            self._saved.record.announce(*map(self._frame_name, range(self._saved.count)))

    def frame(self, frame):
        """Write a frame as a picture of its own."""
        path = self._folder / self._frame_name(frame)
        images.save(self._stacks.shown.picture(frame), path)
        self._saved.record.wrote(path)

    def publish(self):
        """Write the film so far, and a still of it."""
        saved, shown = self._saved, self._stacks.shown
        done = sum(row.turn == 1 for row in saved.rows)
        sound = self._film.path if self._film.sound else None
        start = float((self._stacks.numbers[0] - 1) / self._film.rate)
        writing.write(self._folder / FILM, (shown[frame] for frame in range(done)), self._rate, sound, start)
        images.save(shown.picture(0), self._folder / self._still)
        total = saved.rows[0].total
        saved.record.final = saved.record.entry(saved.done, self._still, math.nan if total is None else total)

    def seal(self):
        """Note the checksums of what is not written again, and forget what was not needed."""
        record = self._saved.record
        for name in [name for name in self.names if name not in (FRAMES, self._page)]:
            if (self._folder / name).is_file():
                record.wrote(self._folder / name)
            else:
                record.files.pop(name, None)

    def write(self, status, reason=None):
        """Write frames.csv, run.json and the page."""
        write_rows(self._folder / FRAMES, self._saved.rows)
        described = record.describe(self._run, self._saved.record, status, reason)
        described["film"] = self._described()
        record.write_described(self._folder / output.RECORD, described)
        if self._page and self._saved.record.final:
            try:
                page.write_page(self._folder)
            except InputError as error:
                talk.say(f"The report is not complete: {error}")

    @property
    def _rate(self):
        return self._film.rate / self._run.settings.every

    def _frame_name(self, frame):
        return f"frame_{self._stacks.numbers[frame]:06d}.{self._suffix}"

    def _described(self):
        saved = self._saved
        return {
            "file": FILM,
            "original": ORIGINAL,
            "frames": saved.count,
            "painted": saved.done,
            "rate": float(self._rate),
            "sound": self._film.sound,
            "scenes": [self._stacks.numbers[frame] for frame in saved.scenes] if self._stacks else [],
            "steadiness": steadiness(saved.rows),
        }


def steadiness(rows):
    """The warping errors of a run: of the result, of the film, and how many times the film's the result's is."""
    last = {row.frame: row for row in rows}.values()  # of each frame its last pass
    pairs = [(row.error, row.film_error) for row in last if row.error is not None]
    if not pairs:
        return None
    ours, films = (sum(errors) / len(pairs) for errors in zip(*pairs))
    return {"result": ours, "film": films, "ratio": ours / films if films else None}


def write_rows(path, rows):
    """Write frames.csv; OSError where it cannot be written."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow("pass" if name == "turn" else name for name in Row._fields)
    table.writerows([f"{value:.7g}" if isinstance(value, float) else value for value in row] for row in rows)
    write_text(path, text.getvalue())
