import math

import pytest
from incidents import entry
from pydantic import ValidationError


@pytest.mark.parametrize("strength", [0.0, 1.0])
def test_a_strength_lies_between_nothing_and_all(strength: float) -> None:
    assert entry("inc-1", signature={"errors": strength}).signature == {"errors": strength}


@pytest.mark.parametrize("strength", [-0.01, 1.01, math.nan, math.inf])
def test_another_strength_is_refused(strength: float) -> None:
    with pytest.raises(ValidationError, match="errors"):
        entry("inc-1", signature={"errors": strength})


@pytest.mark.parametrize("entry_id", ["", "-inc", "Inc", "inc 1", "inc/1", "ação", "a" * 201])
def test_an_id_that_is_no_id_is_refused(entry_id: str) -> None:
    with pytest.raises(ValidationError, match="id"):
        entry(entry_id)
