"""MXNet 1.9.1 behind the contract, and the executor of `model_vgg19`; the only place of the package that imports it.

May import: networks, pictures, weights, engines.contract.
"""
