"""What scripts of MXNet's example import before MXNet: `import mxnet` then works under every NumPy that we allow."""

from neural_style.engines.mxnet import library  # noqa: F401  loads it
