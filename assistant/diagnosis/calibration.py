"""How often the likeliest cause is right when the weights say so: probabilities that mean what they say.

A logistic curve over the odds that come from the weights (Platt 1999). Its two numbers are fitted by
`python -m bench.fit_calibration` on recordings of several systems, whole and with logs, traces, metrics or topology
taken away, each system held out in turn; nothing else in the engine is learned from known causes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

INTERCEPT: Final = 0.40
SLOPE: Final = 1.24
_LEAST, _MOST = 0.01, 0.99
# Nothing that is read from telemetry is surer than this; a recording may always miss what mattered.
_SUREST: Final = 0.98


def calibrated(probabilities: Sequence[float]) -> tuple[float, ...]:
    """Correct the probabilities of causes, likeliest first; what the first gains, the others and "none" lose."""
    if not probabilities:
        return ()
    top = min(max(probabilities[0], _LEAST), _MOST)
    corrected = min(_SUREST, 1 / (1 + math.exp(-(INTERCEPT + SLOPE * math.log(top / (1 - top))))))
    left = (1 - corrected) / (1 - top)
    return corrected, *(probability * left for probability in probabilities[1:])


def uncalibrated(probability: float) -> float:
    """Give back what the weights said, for fitting anew; the surest are given back as what just makes them so."""
    inside = min(max(probability, 1e-6), 1 - 1e-6)
    return 1 / (1 + math.exp(-(math.log(inside / (1 - inside)) - INTERCEPT) / SLOPE))
