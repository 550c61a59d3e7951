"""How well the knowledge base finds what it holds, measured on questions whose right answers are known.

What is measured and how is written in `docs/retrieval.md`. The names are imported when first used, as those of
`assistant.evaluation` are.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
