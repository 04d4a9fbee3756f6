import sys

from .. import start

sys.exit(start.run("neural_style.judge.command", prog="python -m neural_style.judge"))
