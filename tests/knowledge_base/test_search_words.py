import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.search.words import STOP_WORDS, as_written, terms, written_apart


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("KubePodCrashLooping", ["kube", "pod", "crash", "loop", "kubepodcrashloop"]),
        ("HTTPServer", ["http", "server", "httpserver"]),
        ("mem_usage", ["mem", "usag", "memusag"]),
        ("orders-1", ["order", "1"]),
        ("p95 latency", ["95", "p95", "latenc"]),
        ("GET /products/{id}", ["get", "product", "id"]),
        ("the pods of a node", ["pod", "node"]),
        ("", []),
        (" \n\t--", []),
        ("🔥", []),
    ],
)
def test_what_a_text_is_found_by(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("Falha de CONEXÃO", "falha de conexao"),
        ("inundación", "inundacion"),
        ("cafe\u0301", "café"),
        ("pods are restarting", "pod restarts"),
        ("KubePodCrashLooping", "kube pod crash looping"),
        ("mem_usage", "memUsage"),
        ("MEM_USAGE", "mem_usage"),
    ],
)
def test_accents_case_endings_and_ways_of_writing_do_not_matter(written: str, typed: str) -> None:
    assert set(terms(typed)) <= set(terms(written))


def test_a_script_without_blanks_is_found_by_pairs_of_signs() -> None:
    assert terms("注文票不足") == ["注文", "文票", "票不", "不足"]
    assert set(terms("サービス")) <= set(terms("注文サービスが接続できません"))
    assert terms("注") == ["注"]


def test_where_a_link_leads_to_is_not_what_a_text_says() -> None:
    assert terms("see [the steps](./KubeNodeNotReady.md) or https://example.org/DiskFull now") == ["see", "step", "now"]
    assert terms("f(diskFull)") == ["disk", "full", "diskful"]


def test_words_in_every_description_of_trouble_are_left_out_in_three_languages() -> None:
    assert {"the", "não".replace("ã", "a"), "con"} <= STOP_WORDS
    assert terms("o que não é para ser") == terms("é ser")


def test_one_letter_is_no_word_unless_it_is_a_number() -> None:
    assert terms("x 7 Kafka's") == ["7", "kafka"]


def test_a_line_without_blanks_is_no_endless_word() -> None:
    (found,) = terms("x" * 100_000)
    assert len(found) <= 100


@given(st.text())
def test_terms_are_words_of_their_own_whatever_the_text(text: str) -> None:
    for term in terms(text):
        assert term
        assert term == term.strip()
        assert " " not in term


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("KubePodNotReady", "Kube Pod Not Ready"),
        ("HTTPServer", "HTTP Server"),
        ("mem_usage of orders", "mem usage of orders"),
        ("ABC", "ABC"),
        ("see https://example.org/A_B now", "see   now"),
        ("Ação não concluída", "Ação não concluída"),
    ],
)
def test_identifiers_are_written_apart_for_a_model_that_reads_sentences(text: str, expected: str) -> None:
    assert written_apart(text) == expected


def test_terms_are_shown_as_they_were_written_the_first_time() -> None:
    written = as_written("Conexões of KubePodCrash, see https://example.org/DiskFull; conexões")
    assert written["conexo"] == "Conexões"
    assert written["kubepodcrash"] == written["crash"] == "KubePodCrash"
    assert not {"disk", "full"} & written.keys()


@given(st.text())
def test_every_term_of_a_text_was_written_somewhere_in_it(text: str) -> None:
    assert all(term in terms(written) and written in text for term, written in as_written(text).items())
