"""What an import leaves when it is killed at any moment."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from exchange_reading import RULES, RUNBOOK

from knowledge_base import HashingEmbedder, KnowledgeBase, Question, read_path

FILES = 60
KILLS = 20
LONGEST_SECONDS = 1.5
IMPORT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from exchange_reading import RULES
from knowledge_base import HashingEmbedder, KnowledgeBase, read_path
with KnowledgeBase.open(Path(sys.argv[1]), embedder=HashingEmbedder()) as base:
    plan = base.preview_import(read_path(Path(sys.argv[2]), RULES))
    print("begins", flush=True)
    base.import_plan(plan, author="ana")
"""


def write_pages(folder: Path) -> None:
    folder.mkdir()
    for number in range(FILES):
        text = RUNBOOK.replace("PaymentsDown", f"Alarm{number}").replace("payments answers", f"part{number} answers")
        (folder / f"page-{number:03d}.md").write_text(text)


def killed_import(workspace: Path, pages: Path, after_seconds: float) -> None:
    """Import in a process of its own, and kill it some time after it began to write."""
    arguments = [sys.executable, "-c", IMPORT, str(workspace), str(pages), str(Path(__file__).parent)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begins\n"
        time.sleep(after_seconds)  # The moment at which it dies is what is tried; there is nothing to wait for.
        process.kill()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_import_killed_twenty_times_leaves_a_workspace_that_repairs_itself_and_lacks_only_what_was_not_written(
    tmp_path: Path,
) -> None:
    pages, moments, written = tmp_path / "pages", random.Random(9), []
    write_pages(pages)
    for attempt in range(KILLS):
        workspace = tmp_path / f"workspace-{attempt}"
        killed_import(workspace, pages, LONGEST_SECONDS * moments.random() ** 2)
        with KnowledgeBase.open(workspace, embedder=HashingEmbedder()) as base:
            before = {each.id: each for each in base.every()}
            written.append(len(before))
            assert base.check().in_step
            assert base.opening.findable == len(before)
            assert not base.opening.surplus
            plan = base.preview_import(read_path(pages, RULES))
            counts = plan.counts()
            assert (counts.new, counts.changed, counts.unchanged) == (FILES - len(before), 0, len(before))
            assert base.import_plan(plan, author="ana").written == FILES - len(before)
            after = {each.id: each for each in base.every()}
            assert len(after) == FILES
            assert {entry_id: after[entry_id] for entry_id in before} == before
            assert all(len(base.history(entry_id)) == 1 for entry_id in after)
            assert base.check().in_step
            best = base.search(Question(text=f"no instance of part{FILES - 1} answers"))[0]
            assert best.entry.title == f"Alarm{FILES - 1}"
    assert any(0 < count < FILES for count in written), written
