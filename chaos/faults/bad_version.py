"""A new version of a service is deployed, and it is a bad one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from chaos.errors import BadArgument, DidNotStart, FaultFailed
from chaos.sandbox import find_sandbox
from chaos.shop.services import SERVICES


def deploy_version(service: str, version: str) -> dict[str, Any]:
    """Restart a service as a version, and wait until that is ready; do nothing where it runs as that already.

    Raises:
        BadArgument: No such service or version; nothing was touched.
        FaultFailed: The version did not start, so the service is down until it is rolled back.
    """
    versions = {spec.name: spec.versions for spec in SERVICES}
    if service not in versions:
        raise BadArgument("service", service, versions)
    if version not in versions[service]:
        raise BadArgument(f"version of {service}", version, versions[service])
    try:
        return asdict(find_sandbox().deploy(service, version))
    except DidNotStart as error:
        raise FaultFailed(f"{service} {version} was deployed and did not start: {error}") from error


def roll_back(service: str) -> dict[str, Any]:
    """Restart a service as the version before the last deployment; do nothing where nothing was deployed.

    Raises:
        BadArgument: No such service.
        FaultFailed: The version before did not start either.
    """
    try:
        return asdict(find_sandbox().roll_back(service))
    except DidNotStart as error:
        raise FaultFailed(f"{service} was rolled back and did not start: {error}") from error


def running_version(service: str) -> str:
    """Say which version a service was last deployed as.

    Raises:
        BadArgument: No such service.
    """
    return find_sandbox().state().service(service).version
