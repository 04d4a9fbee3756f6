"""Painting as a function: pictures and options in, the picture and what is known of the run out."""

import argparse
import collections
import difflib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Optional

import numpy as np
from PIL import Image

from ..errors import InputError
from ..pictures import images
from ..pictures.memory import InMemory, held
from . import course, fitting, limits, options, prepare, snapshots, spread
from . import paint as into_files
from .declared import OPTIONS
from .film import paint as film
from .listeners import Context, Listeners
from .notebook import Live
from .progress import Progress
from .record import Record
from .recorder import Losses
from .status import Status

PICTURES = {"content_image": "content", "style_image": "style"}  # options that are parameters here, by their names
OF_PICTURES = (*PICTURES, "content_mask", "style_mask", "painter_mask", "init")  # options that take pictures
OF_FOLDERS = ("resume", "overwrite", "animate", "open", "serve")  # which only make sense for a run that leaves files
OF_COMMANDS = ("list_weights", "list_models", "list_layers", "doctor")  # which paint nothing


class Epoch(NamedTuple):
    """What an epoch brought, as every listener of the run gets it.

    Attributes
    ----------
    context : Context
        The run with its settings, and its record so far.
    event : neural_style.painting.descent.Event
        The epoch as the loop gave it, its picture an array of the engine's.
    """

    context: Context
    event: Any

    @property
    def epoch(self) -> int:
        """Its number, from 1, counted over all sizes."""
        return self.event.epoch

    @property
    def losses(self) -> dict:
        """The weighted losses by name, `total` among them: the terms, and each layer's as `style:relu1_1`."""
        return self.event.losses

    @property
    def relative_change(self) -> float:
        """L2 norm of the picture's change over that of the picture."""
        return self.event.relative_change

    @property
    def failed(self) -> bool:
        """Whether the step led to values that are not finite, and was taken back."""
        return self.event.failed

    @property
    def size(self) -> tuple:
        """Height and width at which it was painted, pixels; coarser than the result where a run begins."""
        return tuple(self.event.image.shape[2:])

    @property
    def status(self) -> Optional[Status]:
        """Of the last epoch why the run ended: `converged`, `finished` or `diverged`; else None."""
        return None if self.event.status is None else Status(self.event.status)

    @property
    def picture(self) -> np.ndarray:
        """The picture as it would be written now, (H, W, 3), float32 in 0..1; made when it is asked for."""
        return snapshots.finished(self.context.run, self.event.image)


class Result(NamedTuple):
    """A picture that was painted, and what is known of how.

    In a notebook it shows its picture.

    Attributes
    ----------
    picture : ndarray, (H, W, 3)
        float32, sRGB in 0..1: the one with the lowest total loss; with `optimizer="nag"` the last.
    epoch : int
        The epoch that it is of.
    status : Status
        Why the run ended: `converged`, `finished` or `diverged`. A string.
    losses : dict of str to ndarray
        The columns of losses.csv, a value for each epoch: `epoch`, `seconds`, `long_edge`, the weighted losses,
        `relative_change`.
    settings : dict
        Every option's value.
    notices : tuple of str
        What was chosen for the user, a line each.
    folder : Path or None
        Where the files of the run are, with `output_dir`.
    """

    picture: np.ndarray
    epoch: int
    status: Status
    losses: dict
    settings: dict
    notices: tuple
    folder: Optional[Path]

    def __repr__(self) -> str:
        height, width = self.picture.shape[:2]
        return f"<{width} x {height} pixels, {self.status} after epoch {int(self.losses['epoch'][-1])}>"

    def save(self, path) -> None:
        """Write the picture as JPEG (quality 95), PNG, or TIFF of 16 bits, whole or not at all, by the file's suffix.

        Raises
        ------
        InputError
            If the suffix names no such format, or the file cannot be written.
        """
        try:
            images.save(self.picture, path)
        except KeyError:
            raise InputError(f"{path}: its suffix names no format of pictures; give .jpg, .png or .tiff.") from None
        except OSError as error:
            raise InputError(f"{path}: cannot be written ({error.strerror or error}); choose another.") from None

    def as_bytes(self) -> np.ndarray:
        """The picture as uint8, (H, W, 3)."""
        return np.rint(self.picture * 255).astype(np.uint8)

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        Image.fromarray(self.as_bytes()).save(file, "PNG")
        return file.getvalue()


def paint(content, style, **given) -> Result:
    """Paint to the end; see `nstyle.paint`."""
    settings = settings_of(content, style, given)
    ((context, event),) = collections.deque(_steps(settings, given, (Progress, Live)), maxlen=1)
    run, record = context.run, context.record
    epoch, _, image = snapshots.final(run.settings, event)
    columns = zip(record.columns, zip(*record.rows))
    return Result(
        snapshots.finished(run, image),
        epoch,
        Status(event.status),
        {name: np.array(values, int if name in ("epoch", "long_edge") else float) for name, values in columns},
        options.recorded(run.settings),
        run.notices,
        context.folder,
    )


def painting(content, style, **given) -> Iterator[Epoch]:
    """Paint epoch by epoch; see `nstyle.painting`."""
    settings = settings_of(content, style, {"no_progress": True, **given})
    return (Epoch(*step) for step in _steps(settings, given, ()))


def settings_of(content, style, given) -> argparse.Namespace:
    """The settings of a run of these pictures and options, completed and checked.

    Raises
    ------
    InputError
        If a picture or an option cannot be used; it names the option.
    """
    for name in given:
        if name not in OPTIONS or name in OF_COMMANDS:
            near = difflib.get_close_matches(name, set(OPTIONS) - set(OF_COMMANDS), 1)
            raise InputError(f"{name}: there is no such option; did you mean {near[0]}?" if near else
                             f"{name}: there is no such option; see docs/options.md.")  # fmt: skip
        if name in PICTURES:
            raise InputError(f"{name}: is given as {PICTURES[name]} here; leave it out.")
        asked = given[name] is not None and given[name] is not False
        if name in OF_FOLDERS and asked and given.get("output_dir") is None:
            raise InputError(f"{name}: belongs to a run that leaves files; give output_dir as well.")
    given = {**given, "content_image": content, "style_image": style}
    for name in OF_PICTURES:
        if name in given:
            try:
                given[name] = held(given[name])
            except InputError as error:
                raise InputError(f"{PICTURES.get(name, name)}: {error}") from None
    if given["content_image"] is None or given["style_image"] is None:
        raise InputError("content, style: give a picture for each: a file's name, an array or a Pillow image.")
    settings = options.complete(argparse.Namespace(**given))
    if not isinstance(settings.content_image, InMemory) and film.is_film(settings):
        name = settings.content_image
        raise InputError(f"content: {name} is a film; nstyle.train_nstyle paints films, into a folder.")
    return settings


def _steps(settings, given, shown):
    """Context and event of each epoch; `shown` are listeners for those who watch."""
    if given.get("output_dir") is not None:
        return into_files.painting(settings)
    return _without_files(settings, shown)


def _without_files(settings, shown):
    with spread.over(prepare.prepare(settings)) as run:
        run = fitting.fitted(run)
        limits.check(run, None)
        context = Context(run, None, Record())
        listeners = Listeners([make(context) for make in (Losses, *shown)])
        yield from into_files.followed(context, [(course.start(run), None)], listeners)
