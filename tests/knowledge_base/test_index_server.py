"""What is particular to an index on a Chroma server: who answers there, and who else writes."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from chroma_server import TOKEN, asking_proxy, chroma_server, serving
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from knowledge_base import HashingEmbedder
from knowledge_base.errors import IndexServerUnavailable, IndexUnavailable
from knowledge_base.index.server import IndexServer, ServerIndex
from knowledge_base.index.vector_index import IndexRow, ModelId

EMBEDDER = HashingEmbedder()
MODEL = ModelId.of(EMBEDDER)


@pytest.fixture(scope="module")
def chroma(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with chroma_server(tmp_path_factory.mktemp("chroma")) as url:
        yield url


def row(entry_id: str, text: str) -> IndexRow:
    return IndexRow(entry_id=entry_id, passage=0, vector=EMBEDDER.embed_query(text), fingerprint="f", labels={})


def new_server(url: str, token: str = "") -> IndexServer:
    return IndexServer(url=url, token=token, collection=f"test-{uuid4().hex}")


def opened(server: IndexServer, stack: ExitStack) -> ServerIndex:
    index = ServerIndex(server, MODEL)
    stack.callback(index.close)
    index.open()
    return index


def refusal(url: str, token: str = "") -> str:
    with pytest.raises(IndexServerUnavailable) as refused:
        ServerIndex(new_server(url, token), MODEL).open()
    assert str(pickle.loads(pickle.dumps(refused.value))) == str(refused.value)
    return str(refused.value)


def answering(text: str, status: int) -> Starlette:
    async def answer(request: Request) -> Response:
        return PlainTextResponse(text, status_code=status)

    return Starlette(routes=[Route("/{path:path}", answer)])


def test_a_server_that_is_not_there_is_named() -> None:
    said = refusal("http://127.0.0.1:9")
    assert "http://127.0.0.1:9: does not answer" in said
    assert "index_url" in said


def test_a_proxy_that_refuses_the_token_is_named_and_the_token_is_not(chroma: str) -> None:
    with asking_proxy(chroma) as url:
        assert "asks for a token (401); give the proxy's token as `index_token`" in refusal(url)
        said = refusal(url, "a wrong one")
        assert "refuses the token (401)" in said
        assert "a wrong one" not in said
    assert TOKEN not in repr(IndexServer(url=url, token=TOKEN))


@pytest.mark.parametrize(
    ("text", "status", "problem"),
    [
        ("<html>Welcome</html>", 200, "is no Chroma server (200 for /api/v2/version)"),
        ("nothing here", 404, "is no Chroma server (404 for /api/v2/version)"),
        ('"0.6.3"', 200, "is Chroma 0.6.3; start a Chroma server of version 1.x"),
        ('"2.0.1"', 200, "is Chroma 2.0.1"),
        ("bad gateway", 502, "answers 502; start the Chroma server behind the proxy"),
    ],
)
def test_a_server_that_is_not_the_one_meant_is_named(text: str, status: int, problem: str) -> None:
    with serving(answering(text, status)) as url:
        assert problem in refusal(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "chroma.example.org",
        "ftp://chroma.example.org",
        "http://",
        "https://user:secret@chroma.example.org",
        "https://chroma.example.org?token=secret",
    ],
)
def test_a_url_that_is_none_or_carries_a_secret_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="index server") as refused:
        IndexServer(url=url)
    assert "secret" not in str(refused.value)


def test_a_server_that_goes_away_is_named(tmp_path: Path) -> None:
    with ExitStack() as stack:
        with chroma_server(tmp_path) as url:
            index = opened(new_server(url), stack)
        with pytest.raises(IndexServerUnavailable, match="does not answer"):
            index.count()
        with pytest.raises(IndexServerUnavailable, match="does not answer"):
            index.upsert([row("inc-1", "one")])


def test_what_was_written_survives_a_server_that_is_killed(tmp_path: Path) -> None:
    server = new_server("http://127.0.0.1")
    with ExitStack() as stack, chroma_server(tmp_path) as url:
        server = IndexServer(url=url, collection=server.collection)
        opened(server, stack).upsert([row(f"inc-{number}", f"palavra{number}") for number in range(1500)])
    with ExitStack() as stack, chroma_server(tmp_path) as url:
        index = opened(IndexServer(url=url, collection=server.collection), stack)
        assert len(index.fingerprints()) == 1500
        assert list(index.nearest(EMBEDDER.embed_query("palavra777"), 1)) == ["inc-777"]


def test_two_servers_of_ours_see_what_the_other_writes(chroma: str) -> None:
    server = new_server(chroma)
    with ExitStack() as stack:
        one, other = opened(server, stack), opened(server, stack)
        one.upsert([row("inc-1", "queue overflows")])
        assert list(other.nearest(EMBEDDER.embed_query("queue overflows"), 1)) == ["inc-1"]
        other.upsert([row("inc-2", "disk full")])
        other.delete(["inc-1"])
        assert one.fingerprints() == {"inc-2": "f"}


def test_an_index_that_another_server_made_anew_is_followed(chroma: str) -> None:
    server = new_server(chroma)
    with ExitStack() as stack:
        one, other = opened(server, stack), opened(server, stack)
        one.upsert([row("inc-1", "queue overflows")])
        other.recreate()
        assert one.fingerprints() == {}
        other.recreate()
        one.upsert([row("inc-2", "disk full")])
        assert other.fingerprints() == {"inc-2": "f"}


def test_an_index_that_is_just_being_made_anew_says_so(chroma: str) -> None:
    server = new_server(chroma)
    with ExitStack() as stack:
        index = opened(server, stack)
        collection = f"{chroma}/api/v2/tenants/default_tenant/databases/default_database/collections"
        httpx.delete(f"{collection}/{server.collection}").raise_for_status()
        with pytest.raises(IndexUnavailable, match="another server is making it anew; try again"):
            index.count()


def test_two_knowledge_bases_share_a_server_by_the_names_of_their_collections(chroma: str) -> None:
    with ExitStack() as stack:
        one, other = opened(new_server(chroma), stack), opened(new_server(chroma), stack)
        one.upsert([row("inc-1", "queue overflows")])
        assert other.fingerprints() == {}


def test_a_collection_that_names_code_to_embed_with_is_refused_and_left_alone(chroma: str) -> None:
    server = new_server(chroma)
    collections = f"{chroma}/api/v2/tenants/default_tenant/databases/default_database/collections"
    function = {
        "type": "known",
        "name": "sentence_transformer",
        "config": {"model_name": "evil/model", "device": "cpu", "normalize_embeddings": False, "kwargs": {}},
    }
    planted = {
        "name": server.collection,
        "configuration": {"hnsw": {"space": "cosine"}, "embedding_function": function},
        "metadata": {"embedding_model": MODEL.name, "embedding_revision": MODEL.revision, "layout": 2},
    }
    answer = httpx.post(collections, content=json.dumps(planted), headers={"content-type": "application/json"})
    answer.raise_for_status()
    with pytest.raises(IndexUnavailable, match="names a function to embed with"):
        ServerIndex(server, MODEL).open()
    assert httpx.get(f"{collections}/{server.collection}").is_success
