"""Pictures as arrays (H, W, 3), sRGB in 0..1: read, resized, coloured, masked, saved. Arrays in and arrays out.

May import: errors, files, ranges.
"""
