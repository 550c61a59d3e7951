from __future__ import annotations

from ui.offline import stay_offline


def test_libraries_are_told_to_stay_at_home() -> None:
    environment: dict[str, str] = {}
    stay_offline(environment)
    assert environment["HF_HUB_OFFLINE"] == "1"
    assert environment["LITELLM_LOCAL_MODEL_COST_MAP"] == "True"
    assert environment["ANONYMIZED_TELEMETRY"] == "False"


def test_what_the_user_has_set_stays() -> None:
    environment = {"HF_HUB_OFFLINE": "0"}
    stay_offline(environment)
    assert environment["HF_HUB_OFFLINE"] == "0"
