"""The retrieval index on a Chroma server, which several servers of ours may share."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, cast
from urllib.parse import urlsplit

import chromadb
import httpx
from chromadb.api import ClientAPI
from chromadb.api.client import Client
from chromadb.config import Settings
from chromadb.errors import NotFoundError

from knowledge_base.errors import IndexBroken, IndexServerUnavailable, IndexUnavailable
from knowledge_base.index.chroma_index import ChromaIndex
from knowledge_base.index.graph import GRAPH, Graph
from knowledge_base.index.vector_index import ModelId

COLLECTION: Final = "firedrill-entries"
SPOKEN_VERSION: Final = "1."
_CONNECT_SECONDS: Final = 5.0
# Chroma's own client waits for ever; a server that takes up a log of many rows answers after some seconds.
_ANSWER_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexServer:
    """A Chroma server, as a rule behind a reverse proxy that asks for a token: Chroma itself asks for nothing.

    Attributes:
        url: `http://` or `https://`, with a path where the proxy serves Chroma under one; nothing but the proxy may
            reach Chroma.
        token: What the proxy asks for, sent as `Authorization: Bearer`; empty for none. Never printed.
        collection: What the collection is called; each knowledge base on the server needs a name of its own.

    Raises:
        ValueError: The URL is none, or carries more than a host, a port and a path.
    """

    url: str
    token: str = field(default="", repr=False)
    collection: str = COLLECTION

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("the index server needs a URL such as https://chroma.example.org")
        if parts.username or parts.password or parts.query or parts.fragment:
            # Not repeated in the message: there may be a password in it.
            raise ValueError(
                "the URL of the index server is scheme, host, port and path only; the token has its own key"
            )

    @property
    def headers(self) -> dict[str, str]:
        """What is sent with every request."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


class ServerIndex(ChromaIndex):
    """An index on a Chroma server. Others may write to it at the same time, and may make it anew.

    Args:
        server: Where it is.
        model: What makes its vectors.
        graph: What a new one is made with.
    """

    def __init__(self, server: IndexServer, model: ModelId, *, graph: Graph = GRAPH) -> None:
        super().__init__(server.url, model, collection=server.collection, graph=graph)
        self._server = server

    def open(self) -> None:
        """Take what is there, and make an empty one where nothing is.

        Raises:
            OtherModel: What is there was made with another model; it is left alone.
            IndexServerUnavailable: The server does not answer, refuses the token, or is of another version.
            IndexUnavailable: What is there cannot be read. It is left alone: others may be using it.
        """
        try:
            super().open()
        except IndexBroken as error:
            raise IndexUnavailable(self.address, error.problem) from error

    def recreate(self) -> None:
        """Throw everything away, whatever made it, and begin empty."""
        client = self._reached()
        # There may be nothing there, or another server was quicker.
        with self._translated("cannot be removed", but=NotFoundError), suppress(NotFoundError):
            client.delete_collection(self._name)
        self.open()

    def close(self) -> None:
        """Let go of the server; again is harmless."""
        client = self._client
        super().close()
        if client is not None:
            for session in _sessions(client):  # Chroma leaves its connections open.
                session.close()

    def _connected(self) -> Client:
        _greet(self._server)
        with self._translated("cannot be opened"):
            client = chromadb.HttpClient(
                host=self._server.url,
                headers=self._server.headers,
                settings=Settings(anonymized_telemetry=False),
            )
        # There is no setting for it, and without it a server that hangs would hang this one.
        for session in _sessions(client):
            session.timeout = httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS)
        return cast("Client", client)

    def _problem(self, what: str, error: BaseException) -> IndexUnavailable:
        """Say what Chroma failed with, or what is wrong with its server, which Chroma's client does not tell apart."""
        try:
            _greet(self._server)
        except IndexServerUnavailable as problem:
            return problem
        if isinstance(error, httpx.TransportError):
            return IndexServerUnavailable(self.address, f"{what}: {error!r}", "try again in a moment")
        return super()._problem(what, error)


def _sessions(client: ClientAPI) -> tuple[httpx.Client, httpx.Client]:
    """Give the connections of a client, which has a second client inside."""
    inside = cast("Any", client)
    return inside._server._session, inside._admin_client._server._session


def _greet(server: IndexServer) -> None:
    """Ask who is there.

    Raises:
        IndexServerUnavailable: Nobody, somebody who refuses the token, or not a Chroma that we speak with.
    """
    timeout = httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS)
    try:
        answer = httpx.get(f"{server.url.rstrip('/')}/api/v2/version", headers=server.headers, timeout=timeout)
    except httpx.HTTPError as error:
        raise IndexServerUnavailable(
            server.url, f"does not answer ({error!r})", "start the Chroma server and its proxy, or mend `index_url`"
        ) from error
    if answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        problem = (
            f"refuses the token ({answer.status_code})" if server.token else f"asks for a token ({answer.status_code})"
        )
        raise IndexServerUnavailable(server.url, problem, "give the proxy's token as `index_token`")
    if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise IndexServerUnavailable(
            server.url, f"answers {answer.status_code}", "start the Chroma server behind the proxy, and try again"
        )
    version = _version(answer)
    if version is None:
        raise IndexServerUnavailable(
            server.url,
            f"is no Chroma server ({answer.status_code} for /api/v2/version)",
            "give the URL under which Chroma's /api/v2 is served as `index_url`",
        )
    if not version.startswith(SPOKEN_VERSION):
        raise IndexServerUnavailable(
            server.url, f"is Chroma {version}", f"start a Chroma server of version {SPOKEN_VERSION}x"
        )


def _version(answer: httpx.Response) -> str | None:
    try:
        said = json.loads(answer.text) if answer.is_success else None
    except ValueError:
        return None
    return said if isinstance(said, str) else None
