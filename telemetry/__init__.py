"""Signals: receiving, storing and reading them, SLOs, noticing trouble, and freezing a stretch as a recording.

The names are listed in `__init__.pyi` and imported when first used: the collector needs none of what brings pandas.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
