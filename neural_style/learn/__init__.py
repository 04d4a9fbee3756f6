"""Learning a painter: a generator's weights from one painting and many pictures, by PyTorch's autograd.

May import: networks, weights, pictures, engines, engines.torch, painting, painters, report, runs.
"""
