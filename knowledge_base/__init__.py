"""What is known: incidents and runbooks as entries, and finding the ones that look like what is happening now.

The names are listed in `__init__.pyi` and imported when first used: who only reads entries needs no embedder.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
