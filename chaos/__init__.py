"""The shop, the faults that break it, the drills that do so on purpose, and how well that was understood.

The names are listed in `__init__.pyi` and imported when first used: the shop's own processes need none of them.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
