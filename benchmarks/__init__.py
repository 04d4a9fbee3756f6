"""Measurements of speed and memory, each a script that prints a table: `make bench`, or one alone."""
