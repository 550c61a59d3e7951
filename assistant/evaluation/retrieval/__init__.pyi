from .answer_file import AnswerFile
from .reading import read_trials
from .running import FUSED, PRODUCT, Answer, Told, answers
from .scoring import Figure, TrialScores, pool, score
from .trial import Query, Trial

__all__ = [
    "FUSED",
    "PRODUCT",
    "Answer",
    "AnswerFile",
    "Figure",
    "Query",
    "Told",
    "Trial",
    "TrialScores",
    "answers",
    "pool",
    "read_trials",
    "score",
]
