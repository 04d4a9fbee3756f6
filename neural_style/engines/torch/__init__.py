"""PyTorch behind the contract, on a CPU or a GPU; the only place of the package that imports it.

May import: networks, pictures, engines.contract.
"""
