"""The pictures of a run: its sources, those on the way, and the final one."""

import re

import numpy as np

from ..errors import EngineError
from ..painting.optimizers import OPTIMIZERS
from ..pictures import colors, images, large, masks
from ..report import thumbnails
from .course import enlarged
from .listeners import Listener
from .record import put, style_names
from .status import Status


def is_due(settings, epoch):
    """Whether results are saved at an epoch."""
    return epoch in settings.snapshot_at if settings.snapshot_at else epoch % settings.save_epochs == 0


def final(settings, event):
    """What a run shows at its end: the epoch, total loss and picture (network range) that its last event gives.

    The picture with the lowest total loss at the size of the result; with a classic optimizer, or where a run ended
    before that size, the last one.
    """
    best = event.state.best
    if best is None or OPTIMIZERS[settings.optimizer].classic:
        return event.epoch, event.losses["total"], event.image
    return best


def finished(run, image, size=None):
    """A picture in network range, of any level, as it is shown: (H, W, 3) in 0..1, at the size of the result."""
    return np.concatenate(list(_finished_strips(run, image, size or run.size)))


def _finished_strips(run, image, size):
    """The same in strips of rows, of which a picture that is not large has one; at any size (height, width)."""
    settings = run.settings
    image, content = enlarged(run, image, size), images.resize(run.content, size)
    painted = None if run.painted is None else masks.resized(run.painted, size)
    strips = large.denoised(
        lambda first, last: images.from_network(image[:, :, first:last]), size, settings.remove_noise
    )
    matched = _matching(run, image)
    for first, last, picture in strips:
        if matched is not None:
            picture = matched(picture)
        if settings.preserve_colors == "luminance":
            picture = colors.with_colors_of(content[first:last], picture)
        if painted is not None:
            picture = content[first:last] + painted[first:last, :, None] * (picture - content[first:last])
        yield picture
        run.pieces.passed(3 * picture.nbytes)


def _matching(run, image):
    """A function that gives strips of a picture, (1, 3, H, W), the paintings' colours; None where nobody asks."""
    settings = run.settings
    if settings.match_colors == "none":
        return None
    step = max(1, int((image.shape[2] * image.shape[3] / colors.PIXELS) ** 0.5))
    painting = colors.palette(run.styles, settings.style_blend_weights)
    return colors.transfer(images.from_network(image[:, :, ::step, ::step]), painting, settings.match_colors)


class Snapshots(Listener):
    """Writes content.jpg, style.jpg, e_<epoch> and final; all but the last no larger than `--snapshot-size`."""

    def __init__(self, context):
        super().__init__(context)
        self._settings = context.run.settings
        self._suffix = self._settings.image_format
        self._size = images.fitted_size(context.run.size, self._settings.snapshot_size)
        self._sources = [f"{name}.jpg" for name in ("content", *style_names(context.run))]
        self._has_thumbnails = max(context.run.size) >= thumbnails.NEEDED_FROM and self._suffix != "tiff"
        self._announce(*self._sources)
        self._announce_after(context.record.rows[-1][0] if context.record.rows else 0)

    def writes(self, name):
        whole = thumbnails.of(name) if self._has_thumbnails else None
        if whole is not None:
            return f"{whole}.jpg" in self._sources or self.writes(f"{whole}.{self._suffix}")
        found = re.fullmatch(rf"e_([1-9]\d*)\.{self._suffix}", name)
        if found:
            return int(found[1]) <= self._settings.max_num_epochs and is_due(self._settings, int(found[1]))
        return name in (*self._sources, f"final.{self._suffix}")

    def begin(self):
        run = self.context.run
        longest = min(max(self._size), large.LONGEST_JPEG)
        for picture, name in zip((run.content, *run.styles), self._sources):
            self._write(images.resize(picture, images.fitted_size(picture.shape, longest)), name)

    def epoch(self, event, saves):
        if saves:
            with self.context.writing():
                file = self._write_finished(event.image, self._size, f"e_{event.epoch}.{self._suffix}")
            record = self.context.record
            put(record.snapshots, record.entry(event.epoch, file, event.losses["total"]), key="epoch")
            self._announce_after(event.epoch)

    def end(self, event, status):
        record = self.context.record
        if is_due(self._settings, event.epoch) and event.epoch not in [entry["epoch"] for entry in record.snapshots]:
            self.epoch(event, True)  # an interruption came between
        epoch, total, image = final(self._settings, event)
        try:
            with self.context.writing():
                file = self._write_finished(image, self.context.run.size, f"final.{self._suffix}")
        except EngineError:
            if status != Status.INTERRUPTED:
                raise
            return  # no room to enlarge it; the state that comes next has it
        record.final = record.entry(epoch, file, total)

    def _announce_after(self, epoch):
        """Name what comes next before it is there: a process that is killed leaves no file that nobody names."""
        last = self._settings.max_num_epochs
        due = next((e for e in range(epoch + 1, last + 1) if is_due(self._settings, e)), None)
        names = [f"final.{self._suffix}", *([] if due is None else [f"e_{due}.{self._suffix}"])]
        self._announce(*names)

    def _announce(self, *names):
        self.context.record.announce(*names, *(map(thumbnails.name, names) if self._has_thumbnails else ()))

    def _write_finished(self, image, size, name):
        run = self.context.run
        if large.fits(size):
            return self._write(finished(run, image, size), name)
        if self._has_thumbnails:
            small = finished(run, image, images.fitted_size(size, thumbnails.LONG_EDGE))
            self._save([small], thumbnails.name(name))
        self._save(_finished_strips(run, image, size), name, size)
        return name

    def _write(self, picture, name):
        """Write a picture, and before it its thumbnail: what shows the one finds the other."""
        if self._has_thumbnails:
            small = images.resize(picture, images.fitted_size(picture.shape, thumbnails.LONG_EDGE))
            self._save([small], thumbnails.name(name))
        self._save((picture[first:last] for first, last in large.bounds(picture.shape)), name, picture.shape[:2])
        return name

    def _save(self, strips, name, size=None):
        path = self.context.folder / name
        large.save(strips, size or strips[0].shape[:2], path)
        self.context.record.wrote(path)
