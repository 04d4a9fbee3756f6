import sys

from .. import start

if __name__ == "__main__":
    sys.exit(start.run("neural_style.weights.command", prog="python -m neural_style.weights"))
