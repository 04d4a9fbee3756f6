"""Repaint a photograph in the style of a painting. Each folder is a wing; its `__init__` says what it may import."""

__version__ = "1.0.0"
