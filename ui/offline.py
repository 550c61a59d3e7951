"""What our libraries must know before they are imported, so that no import and no start calls home."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from typing import Final

_SETTINGS: Final = {
    "ANONYMIZED_TELEMETRY": "False",
    "CHAOSTOOLKIT_NO_VERSION_CHECK": "1",
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "LANGCHAIN_TRACING_V2": "false",
    "LANGSMITH_TRACING": "false",
    # At import LiteLLM fetches its price list, and reads any .env file, unless told otherwise.
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_MODE": "PRODUCTION",
    "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_OFFLINE": "1",
}


def stay_offline(environment: MutableMapping[str, str] = os.environ) -> None:
    """Set what keeps libraries from calling home; what the user has set stays."""
    for name, value in _SETTINGS.items():
        environment.setdefault(name, value)
