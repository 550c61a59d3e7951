"""`python -m bench.shop_drills --out FOLDER`: a set of recordings out of real drills of our own shop.

Ends with 0 when everything was recorded, 1 when a fault showed no effect, 2 for bad use, 3 when the shop fails.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from bench.shop_matrix import Drill, matrix
from bench.shop_session import Session, customers_are_served
from bench.shop_timing import draw_timing
from bench.shop_world import running_world
from chaos import ChaosError
from telemetry import TelemetryError
from ui.exits import Exit
from ui.interruption import end_as_with_ctrl_c

# Long enough that the first recording, too, has minutes to look back on.
_WARM_UP_SECONDS: Final = 120.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Record what was asked for."""
    parser = _parser()
    options = parser.parse_args(arguments)
    drills = _chosen(parser, options.only, drilled_too=options.drilled_too)
    if options.list:
        print("\n".join(drill.name for drill in drills))
        return Exit.DONE
    if options.out is None:
        parser.error("--out is needed: the folder that the recordings go to")
    out: Path = options.out
    if out.exists() and any(out.iterdir()):
        parser.error(f"{out} is not empty; sets are never mixed, so name a new folder")
    out.mkdir(parents=True, exist_ok=True)
    end_as_with_ctrl_c()
    try:
        return _record_all(drills, out, rounds=options.rounds, seed=options.seed)
    except KeyboardInterrupt:
        _say("interrupted; everything is stopped, and what was recorded stays")
        return 130
    except (ChaosError, TelemetryError) as error:
        _say(str(error))
        return Exit.NOT_REACHABLE


def _record_all(drills: Sequence[Drill], out: Path, *, rounds: int, seed: int) -> int:
    missing = 0
    with running_world(_say) as world:
        session = Session(world.source, out, customers_are_served)
        _say(f"warming up for {_WARM_UP_SECONDS:g} s")
        session.warm_up(_WARM_UP_SECONDS)
        plan = list(_plan(drills, rounds, seed))
        for number, (drill, chance) in enumerate(plan, start=1):
            _say(f"{number}/{len(plan)} {drill.name}")
            # The number alone: a name would tell the answer.
            if not session.record(drill, f"shop-{seed}-{number:03d}", draw_timing(chance)):
                _say(f"{drill.name} showed no effect and was not recorded")
                missing += 1
    return Exit.ANSWER_IS_NO if missing else Exit.DONE


def _plan(drills: Sequence[Drill], rounds: int, seed: int) -> Iterator[tuple[Drill, random.Random]]:
    """Give the drills of each round in an order of its own, each with the chance that its times are drawn from."""
    for number in range(rounds):
        order = list(drills)
        random.Random(f"{seed}-{number}").shuffle(order)  # noqa: S311 -- no secret
        for drill in order:
            yield drill, random.Random(f"{seed}-{number}-{drill.name}")  # noqa: S311 -- no secret


def _chosen(parser: argparse.ArgumentParser, names: Sequence[str], *, drilled_too: bool) -> list[Drill]:
    known = {drill.name: drill for drill in matrix()}
    for name in names:
        if name not in known:
            closest = get_close_matches(name, known, n=1)
            advice = f"did you mean {closest[0]!r}?" if closest else "--list gives their names"
            parser.error(f"there is no drill {name!r}; {advice}")
    if names:
        return [known[name] for name in dict.fromkeys(names)]
    return [drill for drill in known.values() if drilled_too or not drill.drilled_before]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.shop_drills", description=_FIRST_LINE)
    parser.add_argument("--out", type=Path, help="new or empty folder for the recordings and truth.jsonl")
    parser.add_argument("--rounds", type=_at_least_one, default=1, help="how often each is drilled (default: 1)")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="drill this; may be repeated")
    parser.add_argument("--seed", type=int, default=1, choices=range(10_000), metavar="0..9999", help="(default: 1)")
    parser.add_argument("--drilled-too", action="store_true", help="also what the shipped experiments drill")
    parser.add_argument("--list", action="store_true", help="name what would be drilled, and end")
    return parser


_FIRST_LINE: Final = "Record real drills of the shop, over targets and versions that no experiment drills."


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 on, not {text!r}")
    return int(text)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
