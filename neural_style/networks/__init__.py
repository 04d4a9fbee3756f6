"""What a network is, as data: rows of layers, its default layers and options. No operator, no array, no file.

May import: errors, files, ranges.
"""
