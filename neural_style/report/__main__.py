import sys

from .. import start

sys.exit(start.run("neural_style.report.command", prog="python -m neural_style.report"))
