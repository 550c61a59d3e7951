"""The one process that owns a workspace: it watches, investigates, remembers, and answers over HTTP."""
