import sys

from . import start

sys.exit(start.run("neural_style.runs.command"))
