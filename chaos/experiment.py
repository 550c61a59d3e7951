"""An experiment file: a Chaos Toolkit experiment that also says, for scoring only, what it really breaks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
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
_NEEDED: Final = {"method": (APPLY, EFFECT, DIAGNOSIS), "rollbacks": (UNDO, STEADY)}

EXTENSION: Final = "firedrill"

# The server keeps a drill's result by an id of at most 64 characters, which is made of this and the time of the run.
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")


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
        path: Its file, absolute.
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
        BadExperiment: One of them lacks what a drill needs.
    """
    return [load_experiment(path) for path in sorted(folder.glob("*.yaml"))]


def find_experiment(name: str, folder: Path = EXPERIMENTS) -> Experiment:
    """Give the experiment of that name, or the one in the file of that path, checked and ready to be run.

    Raises:
        BadExperiment: There is none, it lacks what a drill needs, or Chaos Toolkit would not run it.
    """
    path = Path(name) if name.endswith((".yaml", ".yml")) else folder / f"{name}.yaml"
    if not path.is_file():
        known = [one.stem for one in sorted(folder.glob("*.yaml"))]
        closest = get_close_matches(name, known, n=1)
        advice = f"did you mean {closest[0]!r}?" if closest else f"there are {', '.join(known) or 'none'}"
        raise BadExperiment(name, f"there is no such experiment; {advice}")
    experiment = load_experiment(path)
    validate(path)
    return experiment


def load_experiment(path: Path) -> Experiment:
    """Read an experiment; what Chaos Toolkit makes of it is said by `validate`.

    Raises:
        BadExperiment: Its file's name cannot name a drill, it is no YAML, lacks a part that a drill needs, or does not
            say what it breaks.
    """
    if not _NAME.fullmatch(path.stem):
        raise BadExperiment(
            path,
            "a drill is called as its file, in at most 41 small letters a-z, digits and dashes, no dash first; "
            "rename the file",
        )
    content = read_content(path)
    if not _named(_part(content.get("steady-state-hypothesis"), "probes")):
        raise BadExperiment(path, "lacks a steady-state-hypothesis with probes: no fault without a look before")
    for part, names in _NEEDED.items():
        found = _named(content.get(part))
        if lacking := [name for name in names if found.count(name) != 1]:
            raise BadExperiment(path, f"its {part} must have exactly one activity {_quoted(lacking)}")
        if tuple(name for name in found if name in names) != names:
            raise BadExperiment(path, f"its {part} must have {_quoted(names)} in this order")
    return Experiment(
        name=path.stem,
        path=path.resolve(),
        title=str(content.get("title", path.stem)),
        description=str(content.get("description", "")),
        truth=_truth(content, path),
    )


def read_content(path: Path) -> dict[str, Any]:
    """Read an experiment's file as it is.

    Raises:
        BadExperiment: It cannot be read, or is no mapping.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise BadExperiment(path, f"is not YAML: {line}{error.problem}") from error
    except RecursionError as error:
        raise BadExperiment(path, "cannot be read: it is nested too deeply") from error
    except (OSError, ValueError, yaml.YAMLError) as error:  # A ValueError is a date that there is not, or no UTF-8.
        raise BadExperiment(path, f"cannot be read: {str(error).splitlines()[0]}") from error
    if not isinstance(content, dict):
        raise BadExperiment(path, "is not a mapping; it has to be a Chaos Toolkit experiment")
    return content


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
    except Exception as error:
        # It takes the file's form on trust, and imports whatever modules the file names.
        raise BadExperiment(path, f"Chaos Toolkit cannot read it: {error!r}") from error


def _truth(content: Mapping[str, Any], path: Path) -> TrueCause:
    extensions = content.get("extensions")
    for extension in extensions if isinstance(extensions, list) else ():
        if isinstance(extension, dict) and extension.get("name") == EXTENSION and "truth" in extension:
            try:
                return TrueCause.model_validate(extension["truth"])
            except ValidationError as error:
                first = error.errors()[0]
                where = ".".join(str(part) for part in ("truth", *first["loc"]))
                raise BadExperiment(path, f"in the extension {EXTENSION!r}, {where}: {first['msg']}") from error
    raise BadExperiment(path, f"does not say what it breaks: it lacks an extension {EXTENSION!r} with a truth")


def _part(content: object, name: str) -> object:
    return content.get(name) if isinstance(content, dict) else None


def _named(activities: object) -> list[str]:
    found = activities if isinstance(activities, list) else []
    return [str(activity.get("name")) for activity in found if isinstance(activity, dict)]


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)
