"""A double of MegEngine, for there is no build of it for this Python: a tensor, a module, `save` and `load`.

It behaves as `megengine` 1.13 documents these functions; nothing else of MegEngine is here.
"""

from . import module
from .serialization import load, save
from .tensor import Tensor

__version__ = "1.13.0+double"
__all__ = ["Tensor", "load", "module", "save"]
