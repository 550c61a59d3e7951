"""OTLP over gRPC."""

from __future__ import annotations

from typing import Any, Final

import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from telemetry.collector.compression import MAX_REQUEST_BYTES
from telemetry.collector.intake import Intake
from telemetry.errors import BadTelemetry, Overloaded, StoreError, TooLarge
from telemetry.otlp import PROTOCOLS, Encoding, response_for
from telemetry.rows import Signal

_OPTIONS: Final = (
    ("grpc.max_receive_message_length", MAX_REQUEST_BYTES),
    # Otherwise two collectors would quietly share the port, and each get half of the telemetry.
    ("grpc.so_reuseport", 0),
)
_RETRY_SECONDS: Final = 1


def grpc_server(intake: Intake) -> grpc.aio.Server:
    """Make a server, not yet bound or started, whose three OTLP services hand requests to the intake."""
    server = grpc.aio.server(options=_OPTIONS)
    server.add_generic_rpc_handlers(tuple(_handler(signal, intake) for signal in Signal))
    return server


def _handler(signal: Signal, intake: Intake) -> Any:
    async def export(body: bytes, context: grpc.aio.ServicerContext) -> bytes:
        try:
            batch = await intake.take(signal, body, Encoding.PROTOBUF)
        except TooLarge as error:
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, str(error))
        except BadTelemetry as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except Overloaded as error:
            await _abort_for_now(context, grpc.StatusCode.RESOURCE_EXHAUSTED, str(error))
        except StoreError as error:
            await _abort_for_now(context, grpc.StatusCode.UNAVAILABLE, str(error))
        return bytes(response_for(signal, batch).SerializeToString())

    # The generated servicers would parse the body themselves, and call a malformed one an internal error of ours.
    method = grpc.unary_unary_rpc_method_handler(export)
    return grpc.method_handlers_generic_handler(PROTOCOLS[signal].grpc_service, {"Export": method})


async def _abort_for_now(context: grpc.aio.ServicerContext, code: grpc.StatusCode, message: str) -> None:
    # OTLP clients send again after RESOURCE_EXHAUSTED only if they are told when.
    status = Status(code=code.value[0], message=message)
    status.details.add().Pack(RetryInfo(retry_delay=Duration(seconds=_RETRY_SECONDS)))
    await context.abort(code, message, (("grpc-status-details-bin", status.SerializeToString()),))
