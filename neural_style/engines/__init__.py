"""Who computes the networks. Everything above this wing sees only `contract.py`, and `door.py` to choose by.

May import: networks, pictures; inside `engines/mxnet` also weights, for the executor of `model_vgg19`.
"""
