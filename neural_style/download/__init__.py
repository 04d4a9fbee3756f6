"""Fetching weights and sample pictures, and making what stands in for them.

May import: networks, weights, pictures, engines, errors, files, ranges.
"""
