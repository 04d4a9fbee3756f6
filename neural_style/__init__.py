"""The rooms behind nstyle.py: one idea per module (see the folder listing)."""
