import os
import sys

from .. import start


def main(arglist=None):
    """The command `nstyle-download`; returns the exit status. See `neural_style.download.command.main`."""
    prog = "download.sh" if "NSTYLE_CALLED_FROM" in os.environ else "nstyle-download"
    return start.run("neural_style.download.command", arglist, prog)


if __name__ == "__main__":
    sys.exit(main())
