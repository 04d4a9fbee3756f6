"""Listeners that show a run in its folder: the page, the contact sheet, the animation."""

from ..errors import InputError
from ..report import animation, contact_sheet, page
from . import talk
from .folder import PAGE, SHEET
from .listeners import Listener


class Publisher(Listener):
    """Something made from the files of a run; that it cannot be made ends no run.

    Subclasses name their file, or None where it is not wanted, and make it.
    """

    def __init__(self, sitting):
        super().__init__(sitting)
        self.name = self.file_name(sitting.run.settings)
        if self.name is not None:
            sitting.record.announce(self.name)

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
                self.sitting.claim.check()
                self.make()
            except (InputError, OSError) as error:
                say(f"The report is not complete: {error}")


class Sheet(Publisher):
    """The contact sheet."""

    def file_name(self, settings):
        return SHEET

    def make(self):
        contact_sheet.write(self.sitting.folder)


class Animation(Publisher):
    """The animation, where `--animate` asks for it."""

    def file_name(self, settings):
        return f"animation.{settings.animate}" if settings.animate else None

    def make(self):
        animation.write(self.sitting.folder, self.sitting.run.settings.animate)


class Page(Publisher):
    """The page, which is brought up to date with every picture on the way."""

    def file_name(self, settings):
        return None if settings.image_format == "tiff" else PAGE  # which browsers do not show

    def make(self):
        page.write_page(self.sitting.folder)

    def epoch(self, event, saves):
        if saves:
            self._publish(talk.say)

    def fail(self, status, reason):
        self._publish(lambda line: None)
