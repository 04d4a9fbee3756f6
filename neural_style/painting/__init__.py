"""The mathematics: losses, objective, optimizers, levels, descent. It knows arrays, no file, no option, no engine.

May import: pictures, engines.contract, errors, ranges.
"""
