"""Painters, networks that have learned a painting: their rows, their files, and how they repaint a picture.

May import: networks, weights, pictures, engines.contract, errors, files, ranges.
"""
