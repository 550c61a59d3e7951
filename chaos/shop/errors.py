"""Everything that can go wrong in the shop.

ShopError
├── BadSettings            the environment does not describe a service that can be started
├── DatabaseError          the database cannot be run, or not be prepared for the shop
└── Refused                a request that gets an error as its answer
    ├── BadInput           422: what was asked makes no sense
    ├── NotFound           404: no such thing
    ├── CardDeclined       402: the bank said no
    ├── OutOfStock         409: not enough of a product is left
    ├── DatabaseUnavailable  503: the service's own database does not serve it
    └── UpstreamFailed     502, 503 or 504: a service that was needed failed
"""

from __future__ import annotations


class ShopError(Exception):
    """Base of the shop's errors; the message says what to do next."""


class BadSettings(ShopError):
    """The environment does not describe a service that can be started."""

    def __init__(self, service: str, problem: str) -> None:
        super().__init__(service, problem)
        self.service, self.problem = service, problem

    def __str__(self) -> str:
        return f"{self.service} cannot start: {self.problem}"


class DatabaseError(ShopError):
    """The database cannot be run, or not be prepared for the shop."""


class Refused(ShopError):
    """A request that gets an error as its answer.

    Attributes:
        status: HTTP status of the answer.
        message: What went wrong, for the caller.
        failed: Who failed, where that is somebody else than the caller.
    """

    status = 500

    def __init__(self, message: str, failed: str | None = None) -> None:
        super().__init__(message, failed)
        self.message, self.failed = message, failed

    def __str__(self) -> str:
        return self.message


class BadInput(Refused):
    """What was asked makes no sense."""

    status = 422


class NotFound(Refused):
    """There is no such thing."""

    status = 404


class CardDeclined(Refused):
    """The bank said no."""

    status = 402


class OutOfStock(Refused):
    """Not enough of a product is left."""

    status = 409


class DatabaseUnavailable(Refused):
    """The service's own database does not serve it."""

    status = 503


class UpstreamFailed(Refused):
    """A service that was needed could not be reached, was too slow, or failed itself.

    Attributes:
        service: The service that was asked.
    """

    def __init__(self, service: str, problem: str, status: int = 502) -> None:
        super().__init__(f"{service} {problem}", service)
        self.args = (service, problem, status)
        self.service, self.status = service, status
