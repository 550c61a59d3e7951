"""Which causes the findings could have, a file for each sort of trouble; nothing is weighed here against the others."""

from assistant.diagnosis.causes.candidate import Candidate
from assistant.diagnosis.causes.executions import from_executions
from assistant.diagnosis.causes.failures import from_failures
from assistant.diagnosis.causes.leads import from_leads
from assistant.diagnosis.causes.readings import from_readings
from assistant.diagnosis.causes.slowness import from_slowness
from assistant.diagnosis.causes.surges import from_surges

__all__ = [
    "Candidate",
    "from_executions",
    "from_failures",
    "from_leads",
    "from_readings",
    "from_slowness",
    "from_surges",
]
