"""How the scores of a diagnosis run are shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from assistant.evaluation import Calibration, Figure, Scores, Summary, Variant
from ui.commands.output import print_table

_DEPTHS: Final = (1, 3, 5)
_BAR: Final = 40

Scored = tuple[Variant, Scores]


def print_scores(runs: Sequence[Scored]) -> None:
    """Print the figures of the first run, what a late alarm and what was left out cost, and the reliability."""
    (first, scores), *others = runs
    print()
    _print_figures(scores)
    late = [(first, scores), *(one for one in others if one[0].without == first.without)]
    left_out = [one for one in others if one[0].without != first.without]
    if len(late) > 1:
        print()
        _print_late(late)
    if left_out:
        print()
        _print_left_out(first, scores, left_out)
    print()
    _print_calibration(scores)
    print()
    print("\n".join(reliability(scores.overall.calibration)))


def reliability(calibration: Calibration) -> list[str]:
    """Draw how often causes were right by how likely they were said to be; `|` stands where the bar should end."""
    lines = ["How often the likeliest cause was right ('#'), by what was said ('|'):"]
    for one in calibration.bins:
        edges = f"{one.low:.1f}-{one.high:.1f}"
        if one.mean_probability is None or one.share_right is None:
            lines.append(f"{edges}  {'':{_BAR}}  none")
            continue
        bar = list(f"{'#' * round(one.share_right * _BAR):{_BAR}}")
        bar[min(round(one.mean_probability * _BAR), _BAR - 1)] = "|"
        counted = f"{one.count:4d}, said {one.mean_probability:.2f}, right {one.share_right:.2f}"
        lines.append(f"{edges}  {''.join(bar)}  {counted}")
    return lines


def _print_figures(scores: Scores) -> None:
    columns = ("set", "kind", "faults", "missing", "AC@1", "AC@3", "AC@5", "Avg@5")
    rows = [_figures(*row) for row in _rows(scores)]
    title = "Faults, with 95 % intervals; 'no cause' counts those on which none was named"
    print_table((*columns, "no cause", "kind right", "kind credit"), rows, title=title)
    print()
    quiet = [
        (name, str(one.recordings), str(one.quiet), _figure(one.false_alarm_rate), *_times(one))
        for name, one in _of_sets(scores)
    ]
    print_table(("set", "recordings", "quiet", "false alarms", "s mean", "s p95"), quiet, title="Quiet, and seconds")


def _rows(scores: Scores) -> Iterator[tuple[str, str, Summary]]:
    for name, one in scores.sets.items():
        if not one.summary.faults:
            continue
        yield name, "all", one.summary
        for kind, summary in one.kinds.items():
            yield "", kind, summary
    if len(scores.sets) > 1:
        yield "overall", "all", scores.overall


def _figures(name: str, kind: str, one: Summary) -> tuple[str, ...]:
    return (
        name,
        kind,
        str(one.faults),
        str(one.missing),
        *(_figure(None if one.ac is None else one.ac[depth]) for depth in _DEPTHS),
        _figure(one.avg5),
        str(one.abstained_on_faults),
        _number(one.kind_right),
        _number(one.kind_credit),
    )


def _times(one: Summary) -> tuple[str, str]:
    return _number(one.seconds_mean), _number(one.seconds_p95)


def _print_late(runs: Sequence[Scored]) -> None:
    (first, reference), *_ = runs
    rows = []
    for variant, scores in runs:
        for (name, one), (_, before) in zip(_of_sets(scores), _of_sets(reference), strict=True):
            change = ("", "") if variant == first else (_points(one, before, 1), _points(one, before, 3))
            alarms = _number(None if one.false_alarm_rate is None else one.false_alarm_rate.value)
            rows.append(
                (f"{variant.late_seconds:g} s", name, _value(one, 1), change[0], _value(one, 3), change[1], alarms)
            )
    title = f"Late alarms; the difference to {first.late_seconds:g} s is in points"
    print_table(("late", "set", "AC@1", "difference", "AC@3", "difference", "false alarms"), rows, title=title)


def _print_left_out(first: Variant, reference: Scores, runs: Sequence[Scored]) -> None:
    names = [name for name, _ in _of_sets(reference)]
    rows = [("nothing", *(_in_short(one) for _, one in _of_sets(reference)))]
    for variant, scores in runs:
        pairs = zip(_of_sets(scores), _of_sets(reference), strict=True)
        cells = [f"{_in_short(one)} ({_change(one, before)})" for (_, one), (_, before) in pairs]
        rows.append((", ".join(name for name in variant.without if name not in first.without), *cells))
    title = "Left out: AC@1 / AC@3 (change in points); quiet: false alarms"
    print_table(("left out", *names), rows, title=title)


def _in_short(one: Summary) -> str:
    if one.ac is None:
        return _number(None if one.false_alarm_rate is None else one.false_alarm_rate.value)
    return f"{one.ac[1].value:.2f} / {one.ac[3].value:.2f}"


def _change(one: Summary, before: Summary) -> str:
    if one.ac is None and one.false_alarm_rate is not None and before.false_alarm_rate is not None:
        return f"{100 * (one.false_alarm_rate.value - before.false_alarm_rate.value):+.1f}"
    return _points(one, before, 1)


def _print_calibration(scores: Scores) -> None:
    rows = []
    for name, one in _of_sets(scores):
        found = one.calibration
        shares = (found.expected_error, found.brier, found.confident_and_wrong)
        rows.append((name, str(found.named), *(_number(share, 3) for share in shares)))
    columns = ("set", "causes named", "expected calibration error", "Brier score", "confident and wrong")
    print_table(columns, rows, title="Probability of the likeliest cause; confident is over 0.8, of all recordings")


def _of_sets(scores: Scores) -> list[tuple[str, Summary]]:
    found = [(name, one.summary) for name, one in scores.sets.items()]
    return [*found, ("overall", scores.overall)] if len(found) > 1 else found


def _value(one: Summary, depth: int) -> str:
    return "-" if one.ac is None else f"{one.ac[depth].value:.2f}"


def _points(one: Summary, before: Summary, depth: int) -> str:
    if one.ac is None or before.ac is None:
        return "-"
    return f"{100 * (one.ac[depth].value - before.ac[depth].value):+.1f}"


def _figure(one: Figure | None) -> str:
    return "-" if one is None else f"{one.value:.2f} [{one.low:.2f} {one.high:.2f}]"


def _number(value: float | None, digits: int = 2) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
