"""A small web shop of five services: the system that drills disturb."""

from __future__ import annotations

from chaos.shop.services import SERVICES, ServiceSpec, service

__all__ = ["SERVICES", "ServiceSpec", "service"]
