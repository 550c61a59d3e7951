"""How good the diagnosis is: running it over many recordings, and scoring what it said against the known truth.

Running never opens a truth file; only `judge` does, once every line is written. What is measured and how is written
in `docs/evaluation.md`. The names are imported when first used, so that a worker process can limit its threads before
numpy arrives.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
