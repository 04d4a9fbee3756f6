"""From settings to a film, its frames, and the run of one of them."""

from ...errors import InputError
from ...film import reading
from ...pictures import find, images
from .. import fitting, limits, prepare, resume, values
from . import course, state
from .stack import levels


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
    first = next(frames(film, settings, size, last=values.ends(settings.frames)[0]), None)
    if first is None:
        raise InputError(f"{film.path}: it has no frames; name another film.")
    run = of_frame(settings, first / 255, shared)
    limits.check(run, None)
    return film, run


def frames(film, settings, size, last=None):
    """The frames that settings ask for, at the size of the result, uint8."""
    first, end = values.ends(settings.frames)
    for frame in reading.frames(film, first, last or end, settings.every, settings.max_pixels):
        yield levels(images.resize(frame.astype("float32") / 255, size))


def of_frame(settings, frame, shared=None):
    """The run of a frame, (H, W, 3) in 0..1."""
    masks = course.mask_files(settings)
    one = prepare.with_values(settings, content_mask=masks[0] if masks else None)
    run = prepare.prepare(one, shared, frame=frame)
    settings = prepare.with_values(run.settings, content_mask=settings.content_mask)
    return fitting.fitted(run._replace(settings=settings, kept=True))
