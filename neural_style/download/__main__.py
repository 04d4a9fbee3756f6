import sys

from .. import start


def main(arglist=None):
    """The command `nstyle-download`; returns the exit status. See `neural_style.download.command.main`."""
    return start.run("neural_style.download.command", arglist, prog="download.sh")


if __name__ == "__main__":
    sys.exit(main())
