"""The ways of looking at a case, in the order in which their evidence is shown."""

from assistant.diagnosis.finding import Part
from assistant.diagnosis.parts.changed_executions import ChangedExecutions
from assistant.diagnosis.parts.deploys import Deploys
from assistant.diagnosis.parts.error_lines import ErrorLines
from assistant.diagnosis.parts.failing_operations import FailingOperations
from assistant.diagnosis.parts.failure_origins import FailureOrigins
from assistant.diagnosis.parts.line_rates import LineRates
from assistant.diagnosis.parts.link_metrics import LinkMetrics
from assistant.diagnosis.parts.resources import Resources
from assistant.diagnosis.parts.service_metrics import ServiceMetrics
from assistant.diagnosis.parts.silence import Silence
from assistant.diagnosis.parts.slowness import Slowness
from assistant.diagnosis.parts.traffic import Traffic

PARTS: tuple[Part, ...] = (
    FailureOrigins(),
    FailingOperations(),
    ChangedExecutions(),
    Slowness(),
    Traffic(),
    Silence(),
    Deploys(),
    LineRates(),
    ErrorLines(),
    Resources(),
    LinkMetrics(),
    ServiceMetrics(),
)

__all__ = ["PARTS"]
