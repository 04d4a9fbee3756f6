import sys

from .. import start

sys.exit(start.run("neural_style.learn.command", prog="python -m neural_style.learn"))
