"""From a recording to a diagnosis: ranked causes with the evidence for each."""

from assistant.diagnosis.engine import diagnose, diagnose_folder
from assistant.diagnosis.values import Arrival, Diagnosis, Evidence, Hypothesis, Movement, Rejected

__all__ = ["Arrival", "Diagnosis", "Evidence", "Hypothesis", "Movement", "Rejected", "diagnose", "diagnose_folder"]
