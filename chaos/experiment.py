"""An experiment file: a Chaos Toolkit experiment that also says, for scoring only, what it really breaks."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from assistant.taxonomy import FaultKind
from chaos.errors import BadExperiment

EXPERIMENTS: Final = Path(__file__).parent / "experiments"

# The activities that a drill's times are read from; the runner finds them in the journal by these names.
APPLY: Final = "apply the fault"
EFFECT: Final = "the fault shows"
DIAGNOSIS: Final = "the assistant has diagnosed it"
UNDO: Final = "undo the fault"
STEADY: Final = "the shop is steady again"


class TrueCause(BaseModel):
    """What an experiment really breaks. Only scoring reads it, after the diagnosis.

    Attributes:
        service: The service at fault; for a link, the service that can no longer be reached.
        kind: What is wrong with it.
        operation: The one endpoint at fault, where there is one.
        link: `(caller, callee)`, where the fault lies between two services.
        cause: One sentence.
        fix: What helps, one sentence.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    service: str
    kind: FaultKind
    operation: str | None = None
    link: tuple[str, str] | None = None
    cause: str
    fix: str


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment on disk.

    Attributes:
        name: Its file's name without the ending.
        path: Its file.
        title: One line.
        description: What it does, and as what this happens in real life.
        truth: What it really breaks.
    """

    name: str
    path: Path
    title: str
    description: str
    truth: TrueCause


def list_experiments(folder: Path = EXPERIMENTS) -> list[Experiment]:
    """Give all experiments of a folder by name.

    Raises:
        BadExperiment: One of them is not valid.
    """
    return [load_experiment(path) for path in sorted(folder.glob("*.yaml"))]


def find_experiment(name: str, folder: Path = EXPERIMENTS) -> Experiment:
    """Give the experiment of that name, or the one in the file of that path.

    Raises:
        BadExperiment: There is none, or it is not valid.
    """
    path = Path(name) if name.endswith((".yaml", ".yml")) else folder / f"{name}.yaml"
    if not path.is_file():
        known = [one.stem for one in sorted(folder.glob("*.yaml"))]
        closest = get_close_matches(name, known, n=1)
        advice = f"did you mean {closest[0]!r}?" if closest else f"there are {', '.join(known)}"
        raise BadExperiment(name, f"there is no such experiment; {advice}")
    return load_experiment(path)


def load_experiment(path: Path) -> Experiment:
    """Read an experiment; what Chaos Toolkit makes of it is said by `validate`.

    Raises:
        BadExperiment: It is no YAML, lacks an activity that a drill needs, or does not say what it breaks.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadExperiment(path, f"cannot be read: {str(error).splitlines()[0]}") from error
    if not isinstance(content, dict):
        raise BadExperiment(path, "is not a mapping; it has to be a Chaos Toolkit experiment")
    lacking = sorted({APPLY, EFFECT, DIAGNOSIS, UNDO, STEADY} - _activity_names(content))
    if lacking:
        raise BadExperiment(path, f"lacks the activity {', '.join(repr(name) for name in lacking)}")
    try:
        truth = TrueCause.model_validate(_extension(content).get("truth"))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in ("extensions.firedrill.truth", *first["loc"]))
        raise BadExperiment(path, f"{where}: {first['msg']}") from error
    return Experiment(
        name=path.stem,
        path=path,
        title=str(content.get("title", path.stem)),
        description=str(content.get("description", "")),
        truth=truth,
    )


def validate(path: Path) -> None:
    """Check an experiment as `chaos validate` does.

    Raises:
        BadExperiment: Chaos Toolkit would not run it; the message is its own.
    """
    from chaoslib.exceptions import ChaosException  # noqa: PLC0415 - brings all of Chaos Toolkit, and listing needs none
    from chaoslib.experiment import ensure_experiment_is_valid  # noqa: PLC0415
    from chaoslib.loader import load_experiment as load_for_chaos_toolkit  # noqa: PLC0415

    try:
        ensure_experiment_is_valid(load_for_chaos_toolkit(str(path)))
    except ChaosException as error:
        raise BadExperiment(path, f"Chaos Toolkit does not accept it: {error}") from error


def _activity_names(content: dict[str, Any]) -> set[str]:
    activities = [*(content.get("method") or []), *(content.get("rollbacks") or [])]
    return {str(activity.get("name")) for activity in activities if isinstance(activity, dict)}


def _extension(content: dict[str, Any]) -> dict[str, Any]:
    for extension in content.get("extensions") or []:
        if isinstance(extension, dict) and extension.get("name") == "firedrill":
            return extension
    return {}
