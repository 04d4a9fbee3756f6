"""Repaint photographs by painters, without an optimizer: each becomes one file in the output directory."""

import argparse
import time
from pathlib import Path

from ..engines import door
from ..errors import InputError, one_line
from ..pictures import find, images, masks, reading
from . import options, output, talk
from .repainter import Repainter
from .status import Status


class Studio:
    """The painters of a command, for one photograph after the other."""

    def __init__(self, settings):
        self._settings = settings
        where = {"engine": settings.engine, "device": settings.device, "quick": True}
        self._engine = door.opened(settings.gpu, "float32", **where).engine
        self.repainter = Repainter(settings, self._engine)

    def notice(self):
        """A line for the user: who paints, and on what."""
        known = [str(each.facts.get("painting") or each.path) for each in self.repainter.painters]
        return f"Repainting after {' and '.join(known)}, on {self._engine.device} with {self._engine.name}."

    def repaint(self, photograph, target):
        """Read a photograph, repaint it, and write it to a file."""
        it = self._settings
        path, notice = find.find(photograph)
        if notice and not it.no_progress:
            talk.say(notice)
        picture = reading.read(path, it.max_pixels)
        picture = images.resize(picture, images.fitted_size(picture.shape, it.max_long_edge, it.enlarge))
        region = masks.read(it.content_mask, None, 1, picture.shape[:2], it.max_pixels).painted
        _check_free(target, path, it.overwrite)
        picture = self.repainter.finished(picture, region)
        with output.writing(target.parent):
            target.parent.mkdir(parents=True, exist_ok=True)
            images.save(picture, target)


def _check_free(target, source, overwrite):
    if target.exists() and target.resolve() == Path(source).resolve():
        raise InputError(f"--output-dir {target.parent}: {source} would be overwritten; choose another.")
    if target.exists() and not overwrite:
        raise InputError(f"{target}: is there already; --overwrite replaces it, or choose another --output-dir.")


def _target(folder, settings):
    return folder.with_name(f"{folder.name}.{settings.image_format}")


def train(settings):
    """Repaint the one photograph of completed settings.

    Returns
    -------
    Status
        `finished`.
    """
    ((photograph, folder),) = find.folders([Path(settings.content_image)], settings.output_dir).items()
    studio, target = Studio(settings), _target(folder, settings)
    if not settings.no_progress:
        talk.say(studio.notice())
    studio.repaint(str(photograph), target)
    talk.answer(target)
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
    if not find.names_several(args.content_image):
        train(settings)
        return 0
    studio, failures, began = Studio(settings), [], time.monotonic()
    if not settings.no_progress:
        talk.say(studio.notice())
    for photograph, folder in find.folders(photographs, settings.output_dir).items():
        target = _target(folder, settings)
        try:
            studio.repaint(str(photograph), target)
            talk.answer(target)
        except Exception as error:  # whatever is wrong with one, the next is another
            failures.append(f"{photograph}: {one_line(error).removeprefix(f'{photograph}: ')}")
    done = len(photographs) - len(failures)
    talk.answer(f"{done} of {len(photographs)} pictures repainted in {time.monotonic() - began:.1f} s",
                *(f"  failed: {failure}" for failure in failures))  # fmt: skip
    return 1 if failures else 0
