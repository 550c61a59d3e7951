"""Running the server in the foreground, from an open workspace to a clean end."""

from __future__ import annotations

import logging

import uvicorn

from chaos import require_free
from ui.connect import server_url
from ui.progress import progress_log
from ui.server.app import create_app
from ui.server.workspace import open_workspace
from ui.settings import Settings

# With what the watcher and the workers are given, a server that is told to end has ended within 5 s.
_FINISH_REQUESTS_SECONDS = 1

_log = logging.getLogger(__name__)


def serve(settings: Settings) -> None:
    """Serve until told to stop.

    Raises:
        PortTaken: Somebody listens on the port already.
        KnowledgeBaseError: Another process has the workspace open, or the embedding model cannot be loaded.
        JournalError: The incident database cannot be opened.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    require_free(settings.server.port, settings.server.host)
    with open_workspace(settings, progress=progress_log(_log, "bringing the index in step")) as workspace:
        # The first incident should not wait for the model to load, nor suffer from the load it makes.
        workspace.embedder.embed_query("warm up")
        _log.info("serving %s at %s; Ctrl-C ends it", settings.workspace.path, server_url(settings))
        uvicorn.run(
            create_app(workspace),
            host=settings.server.host,
            port=settings.server.port,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=_FINISH_REQUESTS_SECONDS,
        )
        _log.info("ended")
