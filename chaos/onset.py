"""When an effect began, told from the requests around it. A stray failure from before, or a short burst, is none."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import numpy as np
import pandas as pd

_FEWEST_FAILURES: Final = 5
# No chance burst of a few users lasts for this many seconds.
_SURGE_SECONDS: Final = 3


def first_failure(
    failed: np.ndarray[tuple[int], np.dtype[np.bool_]], at_least: float
) -> tuple[int | None, float | None]:
    """Find the first failed request from which on at least this share failed, and at least a handful.

    Args:
        failed: Whether each request failed, in the order in which they ended.
        at_least: In 0..1.

    Returns:
        Its place and the share that failed from it on; no place and the share of all where there is none such.
    """
    if not len(failed):
        return None, None
    failures = failed[::-1].cumsum()[::-1]
    shares = failures / np.arange(len(failed), 0, -1)
    fitting = np.flatnonzero(failed & (failures >= _FEWEST_FAILURES) & (shares >= at_least))
    return (int(fitting[0]), float(shares[fitting[0]])) if len(fitting) else (None, float(shares[0]))


def first_surge(by_second: pd.Series, at_least: float) -> datetime | None:
    """Find the first second from which on at least so many requests began in each of several seconds.

    Args:
        by_second: Requests that began in each second, by its beginning; seconds without any may be missing.
        at_least: Requests in one second.
    """
    busy = set(by_second.index[by_second >= at_least])
    for second in sorted(busy):
        if all(second + timedelta(seconds=later) in busy for later in range(_SURGE_SECONDS)):
            began: datetime = second.to_pydatetime()
            return began
    return None
