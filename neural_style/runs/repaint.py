"""Repaint photographs and films by painters, without an optimizer: each becomes one file in the output directory."""

import argparse
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ..engines import door
from ..errors import InputError, one_line
from ..film import reading as films
from ..film import writing
from ..pictures import find, images, masks, reading
from . import options, output, talk, values
from .repainter import Repainter
from .status import Status


class Studio:
    """The painters of a command, for one photograph after the other."""

    def __init__(self, settings):
        self._settings = settings
        where = {"engine": settings.engine, "device": settings.device, "quick": True}
        self._engine = door.opened(settings.gpu, settings.precision, **where).engine
        self.repainter = Repainter(settings, self._engine)

    def notice(self):
        """A line for the user: who paints, and on what."""
        known = [str(each.facts.get("painting") or each.path) for each in self.repainter.painters]
        return f"Repainting after {' and '.join(known)}, on {self._engine.device} with {self._engine.name}."

    def repaint(self, source, folder):
        """Read a photograph or a film, repaint it, and write it beside where a folder of a run of it would be.

        Returns
        -------
        Path
            The file.
        """
        it = self._settings
        path, notice = find.find(source)
        if notice and not it.no_progress:
            talk.say(notice)
        is_film = it.film or films.is_film(path)
        target = folder.with_name(f"{folder.name}.{'mp4' if is_film else it.image_format}")
        if is_film:
            film = films.opened(path, it.frame_rate, it.max_pixels)
            _check_free(target, path, it.overwrite)
            self._film(film, target)
        else:
            picture = reading.read(path, it.max_pixels)
            _check_free(target, path, it.overwrite)
            picture = self.picture(picture)
            with _folder_of(target):
                images.save(picture, target)
        return target

    def picture(self, picture, size=None):
        """A picture (H, W, 3) in 0..1 repainted, at the size that the options give, or another one."""
        it = self._settings
        size = images.fitted_size(picture.shape, it.max_long_edge, it.enlarge) if size is None else size
        region = masks.read(it.content_mask, None, 1, size, it.max_pixels).painted
        return self.repainter.finished(images.resize(picture, size), region)

    def _film(self, film, target):
        it = self._settings
        first, last = values.ends(it.frames)
        fitted = images.fitted_size(film.size, it.max_long_edge, it.enlarge)
        size = tuple(max(2, 2 * round(edge / 2)) for edge in fitted)  # H.264 halves the resolution of colours

        def repainted():
            frames = films.frames(film, first, last, it.every, it.max_pixels)
            hidden = it.no_progress or not talk.err.isatty()
            for frame in tqdm(frames, unit="frame", disable=hidden, dynamic_ncols=True, file=talk.err):
                yield np.rint(255 * self.picture(frame.astype(np.float32) / 255, size)).astype(np.uint8)

        start = float((first - 1) / film.rate)
        with _folder_of(target):
            writing.write(target, repainted(), film.rate / it.every, film.path if film.sound else None, start)


def _folder_of(target):
    """Errors of the file system name the folder of a file, which is made if it is missing."""
    with output.writing(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
    return output.writing(target.parent)


def _check_free(target, source, overwrite):
    if target.exists() and target.resolve() == Path(source).resolve():
        raise InputError(f"--output-dir {target.parent}: {source} would be overwritten; choose another.")
    if target.exists() and not overwrite:
        raise InputError(f"{target}: is there already; --overwrite replaces it, or choose another --output-dir.")


def train(settings):
    """Repaint the one photograph or film of completed settings.

    Returns
    -------
    Status
        `finished`.
    """
    ((photograph, folder),) = find.folders([Path(settings.content_image)], settings.output_dir).items()
    studio = Studio(settings)
    if not settings.no_progress:
        talk.say(studio.notice())
    talk.answer(studio.repaint(str(photograph), folder))
    return Status.FINISHED


def repaint_all(args, photographs):
    """Repaint photographs; one that fails does not stop the rest.

    Parameters
    ----------
    args : argparse.Namespace
        As `options.parse` gives it.
    photographs : list of Path

    Returns
    -------
    int
        The exit status: 0, or 1 if any failed.
    """
    settings = options.complete(argparse.Namespace(**{**vars(args), "content_image": str(photographs[0])}))
    if settings.serve is not None:
        from . import open_studio

        open_studio.serve(settings, Studio(settings))
        return 0
    if not find.names_several(args.content_image, as_film=args.film):
        train(settings)
        return 0
    studio, failures, began = Studio(settings), [], time.monotonic()
    if not settings.no_progress:
        talk.say(studio.notice())
    for photograph, folder in find.folders(photographs, settings.output_dir).items():
        try:
            talk.answer(studio.repaint(str(photograph), folder))
        except Exception as error:  # whatever is wrong with one, the next is another
            failures.append(f"{photograph}: {one_line(error).removeprefix(f'{photograph}: ')}")
    done = len(photographs) - len(failures)
    talk.answer(f"{done} of {len(photographs)} pictures repainted in {time.monotonic() - began:.1f} s",
                *(f"  failed: {failure}" for failure in failures))  # fmt: skip
    return 1 if failures else 0
