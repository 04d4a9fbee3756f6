"""The page of a run in a browser: opened at its first snapshot, or served on this machine while the run goes on."""

import contextlib
import os
import sys
import webbrowser

from ..report import served
from . import talk
from .listeners import Listener
from .output import PAGE


class Opening(Listener):
    """Opens the page as soon as it shows a snapshot, where `--open` asks for it. Comes after what writes the page."""

    def __init__(self, context):
        super().__init__(context)
        self._once = Once(context.run.settings)

    def epoch(self, event, saves):
        if saves:
            self._once.show(self.context.folder)

    def end(self, event, status):
        self._once.show(self.context.folder)


class Once:
    """The page of a run in the browser, where `--open` asks for it, when it is first there."""

    def __init__(self, settings):
        self._due = settings.open and settings.serve is None  # else its address has been opened

    def show(self, folder):
        """Open the page in a folder."""
        page = folder / PAGE
        if self._due and page.is_file():
            self._due = False
            open_in_browser(page.resolve().as_uri())


def open_in_browser(address):
    """Show an address; where there is no screen, say it."""
    has_screen = os.name == "nt" or sys.platform == "darwin" or os.environ.keys() & {
        "DISPLAY", "WAYLAND_DISPLAY", "BROWSER"
    }  # fmt: skip
    # without a screen a browser in text mode would take the terminal
    if not (has_screen and webbrowser.open(address)):
        talk.say(f"--open: no browser can be opened here; open {address}, or use --serve from another machine.")


@contextlib.contextmanager
def serving(args):
    """Serve the output directory until the end of the block, where `--serve` asks for it.

    Yields
    ------
    callable
        Waits for Ctrl-C where somebody at a terminal may still be looking.
    """
    if args.serve is None:
        yield lambda: None
        return
    with served.served(args.output_dir, args.serve) as address:
        for line in served.told(address):
            talk.say(line)
        if args.open:
            open_in_browser(str(address))
        yield lambda: _stay(address)


def _stay(address):
    if talk.err.isatty():
        talk.say(f"The page stays at port {address.port} until Ctrl-C.")
        served.stay()
