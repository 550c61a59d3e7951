"""Which operations do something else than before, and in which service that begins."""

from collections.abc import Sequence

import pandas as pd
import pytest
from made_up_system import ONSET, Fault, System, moment, recorded
from measured import seen

from assistant.diagnosis.parts.changed_executions import ChangedExecutions
from telemetry import Recording


def swallowed(*, share: float = 1.0, start: float = ONSET) -> Recording:
    """Give a small system in which the ledger's requests begin to write an error that nobody sees."""
    system = System(talkative=True).run(visitors=0.5)
    logs = system.logs_table()
    late = (logs["service"] == "ledger") & (logs["ts"] >= moment(start)) & logs["body"].str.startswith("serving")
    late &= pd.Series(range(len(logs))) % 10 < share * 10
    logs.loc[late, "body"] = "could not reach the archive: giving up"
    logs.loc[late, "severity"] = "ERROR"
    return recorded(system, logs=logs)


def test_an_error_that_nobody_sees_is_told_with_its_lines_and_traces() -> None:
    recording = swallowed()
    (found,) = seen(ChangedExecutions(), recording)
    assert (found.signal, found.service, found.operation) == ("new_errors", "ledger", "POST /entries")
    assert "could not reach the archive: giving up" in found.log_lines
    assert found.before == 0.0
    assert found.after == 1.0
    assert found.share == 1.0
    assert 0.1 < found.affected < 0.5  # A quarter of the requests are bookings.
    assert recording.logs is not None
    shown = recording.logs[recording.logs["trace_id"].isin(found.trace_ids)]
    assert "could not reach the archive: giving up" in set(shown["body"])
    assert found.onset is not None
    assert moment(ONSET) <= found.onset < moment(ONSET + 10)


def test_an_error_in_a_part_of_the_executions_is_told_as_that_part() -> None:
    (found,) = seen(ChangedExecutions(), swallowed(share=0.5))
    assert found.after is not None
    assert 0.2 < found.after < 0.8
    assert found.strength < seen(ChangedExecutions(), swallowed())[0].strength


def test_work_that_is_no_longer_done_is_told_as_missing() -> None:
    system = System(talkative=True).run(visitors=0.5)
    logs = system.logs_table()
    gone = (logs["service"] == "rooms") & (logs["ts"] >= moment(ONSET)) & logs["body"].str.startswith("answered")
    (found,) = seen(ChangedExecutions(), recorded(system, logs=logs[~gone]))
    assert (found.signal, found.service) == ("changed_work", "rooms")
    assert "no longer writes answered" in found.summary


def test_whoever_asks_for_what_is_not_there_rightly_goes_another_way() -> None:
    missing = Fault("serve", "rooms", says=("NotFound", "no such room"), status=404)
    system = System([missing], talkative=True).run(visitors=0.5)
    logs = system.logs_table()
    odd = (logs["service"] == "rooms") & (logs["ts"] >= moment(ONSET))
    logs.loc[odd, ["body", "severity"]] = ["there is no such room", "ERROR"]
    assert [one for one in seen(ChangedExecutions(), recorded(system, logs=logs)) if one.service == "rooms"] == []


def test_a_quiet_system_does_what_it_always_did() -> None:
    assert seen(ChangedExecutions(), recorded(System(talkative=True).run(visitors=0.5))) == []


@pytest.mark.parametrize("tables", [("spans",), ("logs",), ("spans", "logs")])
def test_without_spans_or_lines_there_are_no_changed_executions(tables: Sequence[str]) -> None:
    recording = swallowed()
    emptied = {name: recording.table(name) for name in ("spans", "logs")}
    for name in tables:
        frame = emptied[name]
        assert frame is not None
        emptied[name] = frame.head(0)
    assert seen(ChangedExecutions(), Recording(recording.header, **emptied)) == []
