"""From a recording to a diagnosis: ranked causes with the evidence for each."""

from assistant.diagnosis.engine import diagnose, diagnose_folder
from assistant.diagnosis.values import Diagnosis, Evidence, Hypothesis, Rejected

__all__ = ["Diagnosis", "Evidence", "Hypothesis", "Rejected", "diagnose", "diagnose_folder"]
