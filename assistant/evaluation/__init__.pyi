from .calibration import Bin, Calibration, calibrate
from .errors import EvaluationError, NoRecordings, SameName, TruthUnusable, UnknownSwitch
from .examining import examine
from .judging import Case, credit_for_kind, judge
from .lines import Line, LineFile, read_lines
from .scores import Scores, SetScores, score
from .sets import RecordingSet, find_sets
from .stored import StoredRecording
from .summaries import Figure, Summary, summarise
from .truth import RULES_FILE, TRUTH_FILE, Truth, TruthOfSet, read_truth
from .variants import TABLES, Variant, as_one_word, find_switches, known_switches, part_names
from .workers import Task, cpus_available, examine_all

__all__ = [
    "RULES_FILE",
    "TABLES",
    "TRUTH_FILE",
    "Bin",
    "Calibration",
    "Case",
    "EvaluationError",
    "Figure",
    "Line",
    "LineFile",
    "NoRecordings",
    "RecordingSet",
    "SameName",
    "Scores",
    "SetScores",
    "StoredRecording",
    "Summary",
    "Task",
    "Truth",
    "TruthOfSet",
    "TruthUnusable",
    "UnknownSwitch",
    "Variant",
    "as_one_word",
    "calibrate",
    "cpus_available",
    "credit_for_kind",
    "examine",
    "examine_all",
    "find_sets",
    "find_switches",
    "judge",
    "known_switches",
    "part_names",
    "read_lines",
    "read_truth",
    "score",
    "summarise",
]
