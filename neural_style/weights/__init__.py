"""The files in `model/`: found, verified, read from any published layout into one naming, written.

May import: networks, errors, files, ranges.
"""
