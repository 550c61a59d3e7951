"""Running the server in the foreground, from an open workspace to a clean end."""

from __future__ import annotations

import logging

import uvicorn

from chaos.ports import require_free
from ui.server.app import create_app
from ui.server.workspace import open_workspace
from ui.settings import Settings


def serve(settings: Settings) -> None:
    """Serve until told to stop.

    Raises:
        PortTaken: Somebody listens on the port already.
        KnowledgeBaseError: Another process has the workspace open, or the embedding model cannot be loaded.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    require_free(settings.server.port, settings.server.host)
    with open_workspace(settings) as workspace:
        # The first incident should not wait for the model to load, nor suffer from the load it makes.
        workspace.embedder.embed_query("warm up")
        uvicorn.run(
            create_app(workspace),
            host=settings.server.host,
            port=settings.server.port,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=5,
        )
