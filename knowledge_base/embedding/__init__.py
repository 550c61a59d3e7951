"""Turning texts into vectors: the protocol, a model from sentence-transformers, and one that needs no weights."""
