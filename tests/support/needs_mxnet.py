"""MXNet, for test modules that are about it or measure by it: without it they skip, and say why."""

import pytest

from neural_style.errors import InputError

try:
    from neural_style.engines.mxnet.library import mx
except InputError as error:
    pytest.skip(str(error), allow_module_level=True)

__all__ = ["mx"]
