# What the package gives; read by people, by type checkers, and by `lazy_loader` at run time.

from .drills import DrillResult, DrillRunner
from .errors import (
    AlreadyRunning,
    BadArgument,
    BadExperiment,
    ChaosError,
    DidNotStart,
    FaultError,
    FaultFailed,
    NoSandbox,
    PortTaken,
    ProcessError,
    ProxyUnreachable,
    RunFailed,
    SandboxError,
    StateBroken,
)
from .experiment import Experiment, TrueCause, find_experiment, list_experiments
from .one_at_a_time import alone, end_running
from .ports import require_free
from .processes import Processes, Running
from .quiet import QuietResult, run_quiet
from .readiness import answers, said_json
from .sandbox import Sandbox
from .sandbox_settings import LinkSettings, SandboxSettings
from .scoring import Score

__all__ = [
    "AlreadyRunning",
    "BadArgument",
    "BadExperiment",
    "ChaosError",
    "DidNotStart",
    "DrillResult",
    "DrillRunner",
    "Experiment",
    "FaultError",
    "FaultFailed",
    "LinkSettings",
    "NoSandbox",
    "PortTaken",
    "ProcessError",
    "Processes",
    "ProxyUnreachable",
    "QuietResult",
    "RunFailed",
    "Running",
    "Sandbox",
    "SandboxError",
    "SandboxSettings",
    "Score",
    "StateBroken",
    "TrueCause",
    "alone",
    "answers",
    "end_running",
    "find_experiment",
    "list_experiments",
    "require_free",
    "run_quiet",
    "said_json",
]
