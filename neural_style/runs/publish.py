"""Listeners that show a run in its folder: the page, the contact sheet, the animation."""

from ..errors import InputError
from ..report import animation, contact_sheet, page
from . import talk
from .listeners import Listener
from .output import PAGE, SHEET


class Publisher(Listener):
    """Something made from the files of a run; that it cannot be made ends no run.

    Subclasses name their file, or None where it is not wanted, and make it.
    """

    def __init__(self, context):
        super().__init__(context)
        self.name = self.file_name(context.run.settings)
        if self.name is not None:
            context.record.announce(self.name)

    def file_name(self, settings):
        """The name of the file, or None."""
        raise NotImplementedError

    def make(self):
        """Write the file."""
        raise NotImplementedError

    def writes(self, name):
        return name == self.name

    def end(self, event, status):
        self._publish(talk.say)

    def _publish(self, say):
        if self.name is not None:
            try:
                self.context.claim.check()
                self.make()
            except (InputError, OSError) as error:
                say(f"The report is not complete: {error}")


class Sheet(Publisher):
    """The contact sheet."""

    def file_name(self, settings):
        return SHEET

    def make(self):
        contact_sheet.write(self.context.folder)


class Animation(Publisher):
    """The animation, where `--animate` asks for it."""

    def file_name(self, settings):
        return f"animation.{settings.animate}" if settings.animate else None

    def make(self):
        animation.write(self.context.folder, self.context.run.settings.animate)


class Page(Publisher):
    """The page, which is brought up to date with every picture on the way."""

    def file_name(self, settings):
        return None if settings.image_format == "tiff" else PAGE  # which browsers do not show

    def make(self):
        page.write_page(self.context.folder)

    def epoch(self, event, saves):
        if saves:
            self._publish(talk.say)

    def fail(self, status, reason):
        self._publish(lambda line: None)
