"""OTLP over HTTP, protobuf and JSON, and two pages that say how the collector is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf import json_format
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status
from grpc import StatusCode
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from telemetry.collector.compression import MAX_REQUEST_BYTES, gunzip
from telemetry.collector.intake import Intake
from telemetry.errors import BadTelemetry, Overloaded, StoreError, TooLarge
from telemetry.otlp import Encoding, response_for
from telemetry.rows import Signal

_RETRY_AFTER: Final = {"Retry-After": "1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refusal:
    http_status: int
    code: StatusCode
    headers: dict[str, str] | None = None


_REFUSALS: Final[tuple[tuple[type[Exception], _Refusal], ...]] = (
    (TooLarge, _Refusal(http_status=413, code=StatusCode.INVALID_ARGUMENT)),
    (BadTelemetry, _Refusal(http_status=400, code=StatusCode.INVALID_ARGUMENT)),
    (Overloaded, _Refusal(http_status=429, code=StatusCode.RESOURCE_EXHAUSTED, headers=_RETRY_AFTER)),
    (StoreError, _Refusal(http_status=503, code=StatusCode.UNAVAILABLE, headers=_RETRY_AFTER)),
)


class _WrongContent(Exception):
    """A body in a form that OTLP does not have."""


def http_app(intake: Intake, status: Callable[[], dict[str, Any]]) -> Starlette:
    """Make the HTTP side of the collector; `status` gives what `GET /status` answers."""

    async def say_healthy(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def say_status(_request: Request) -> Response:
        return JSONResponse(status())

    exports = [Route(f"/v1/{signal}", _exporter(signal, intake), methods=["POST"]) for signal in Signal]
    return Starlette(
        routes=[*exports, Route("/health", say_healthy), Route("/status", say_status)],
        exception_handlers={HTTPException: _not_here},
    )


def _exporter(signal: Signal, intake: Intake) -> Callable[[Request], Awaitable[Response]]:
    async def export(request: Request) -> Response:
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        # A sender whose content type is not OTLP's can be expected to read JSON.
        encoding = Encoding.PROTOBUF if content_type == Encoding.PROTOBUF.value else Encoding.JSON
        try:
            if content_type != encoding.value:
                raise _WrongContent(
                    f"cannot read {content_type or 'a body without Content-Type'}; send {Encoding.PROTOBUF.value} or "
                    f"{Encoding.JSON.value}"
                )
            batch = await intake.take(signal, await _body(request), encoding)
        except ClientDisconnect:
            return Response(status_code=400)  # Nobody is there to read it.
        except _WrongContent as error:
            return _answer(Status(code=StatusCode.INVALID_ARGUMENT.value[0], message=str(error)), encoding, 415)
        except (BadTelemetry, Overloaded, StoreError) as error:
            refusal = next(refusal for kind, refusal in _REFUSALS if isinstance(error, kind))
            said = Status(code=refusal.code.value[0], message=str(error))
            return _answer(said, encoding, refusal.http_status, refusal.headers)
        return _answer(response_for(signal, batch), encoding)

    return export


async def _body(request: Request) -> bytes:
    compression = request.headers.get("content-encoding", "identity").strip().lower()
    if compression not in ("identity", "", "gzip"):
        raise _WrongContent(f"cannot read Content-Encoding {compression}; send gzip or nothing")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_REQUEST_BYTES:
            raise TooLarge(f"the request is larger than {MAX_REQUEST_BYTES} bytes; export smaller batches")
    return gunzip(bytes(body)) if compression == "gzip" else bytes(body)


def _answer(message: Message, encoding: Encoding, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    if encoding is Encoding.JSON:
        content = json_format.MessageToJson(message, indent=None, ensure_ascii=False).encode("utf-8")
    else:
        content = message.SerializeToString()
    return Response(content, status_code=status, headers=headers, media_type=encoding.value)


async def _not_here(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    wanted = "POST /v1/traces, /v1/metrics or /v1/logs; GET /health or /status"
    said = Status(code=StatusCode.NOT_FOUND.value[0], message=f"no {request.method} {request.url.path} here; {wanted}")
    return _answer(said, Encoding.JSON, status, getattr(error, "headers", None))
