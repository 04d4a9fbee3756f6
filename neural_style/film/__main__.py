import sys

from .. import start

sys.exit(start.run("neural_style.film.command", prog="python -m neural_style.film"))
