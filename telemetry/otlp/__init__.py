"""From a request that claims to be OTLP to rows, or a clear refusal."""

from telemetry.otlp.decoding import PROTOCOLS, Encoding, decode, response_for

__all__ = ["PROTOCOLS", "Encoding", "decode", "response_for"]
