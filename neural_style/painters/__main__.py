import sys

from .. import start

sys.exit(start.run("neural_style.painters.command", prog="python -m neural_style.painters"))
