from __future__ import annotations

from typing import Final

from knowledge_base.review.values import FeedbackCounts

# What an entry is taken to do before anybody judged it: help three times out of four, believed as firmly as four
# judgements. So one misleading recall costs a fifth of the score, three cost less than half, and an entry that helps
# at least three times out of four is never held down.
HELPED_BEFORE: Final = 3.0
WRONG_BEFORE: Final = 1.0


def feedback_factor(counts: FeedbackCounts) -> float:
    """Give the factor on an entry's score that what became of it asks for, over 0 and at most 1.

    It is the mean of the Beta distribution that is left of the belief above after the judgements, relative to the mean
    before them. A mere ratio would bury an entry after one judgement; this one moves as far as there is reason to. What
    was only shown or opened says nothing about it, and help makes good for harm, yet never lifts an entry above those
    that nobody judged: how often something was shown is no measure of how alike it is.
    """
    before = HELPED_BEFORE / (HELPED_BEFORE + WRONG_BEFORE)
    helped = HELPED_BEFORE + counts.helped
    return min(1.0, helped / (helped + WRONG_BEFORE + counts.wrong) / before)
