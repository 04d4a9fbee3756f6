"""How near a picture has come to a painting, and how far it has gone from a photograph, in figures.

May import: networks, weights, pictures, engines, errors, files, ranges.
"""
