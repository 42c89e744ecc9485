"""A transport to the sandbox in this process, with no socket."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from integrations_cli.api.transport.interface import Interrupted, Request, Response, request_headers
from integrations_cli.errors import ConfigError
from integrations_cli.models import Secret

if TYPE_CHECKING:
    from integrations_cli.sandbox.open import Sandbox


class SandboxTransport:
    """Sends requests to a sandbox in this process."""

    def __init__(self, sandbox: Sandbox, base_url: str, now: Callable[[], float]) -> None:
        self._sandbox = sandbox
        self.base_url = base_url  # only shown: nothing is sent
        self._api_key = Secret(sandbox.api_keys["Development"])
        self._now = now

    def send(self, request: Request, timeout: float) -> Response:  # noqa: ARG002 - there is no network to wait for
        """Return the sandbox's response.

        Raises:
            ConfigError: The database cannot be used.
            Interrupted: Ctrl-C.
        """
        from integrations_cli.sandbox.open import StoreError

        started = self._now()
        headers = request_headers(request, self._api_key)
        try:
            response = self._sandbox.api.handle(request.method, request.path, headers, request.body or b"")
        except KeyboardInterrupt:
            raise Interrupted(sent=True) from None
        except StoreError as error:
            raise ConfigError(error.message, hint=error.hint) from None
        by_name = {name.lower(): value for name, value in response.headers}
        return Response(response.status, by_name, response.body, self._now() - started)

    def close(self) -> None:
        """Close the sandbox's database."""
        self._sandbox.close()


def open_sandbox_transport(path: Path, base_url: str, now: Callable[[], float]) -> SandboxTransport:
    """Return a transport to the sandbox in the database at `path`, with the API key of its Development environment.

    Raises:
        ConfigError: The database cannot be used.
    """
    from integrations_cli.sandbox.open import StoreError, open_sandbox

    try:
        sandbox = open_sandbox(path)
    except StoreError as error:
        raise ConfigError(error.message, hint=error.hint) from None
    return SandboxTransport(sandbox, base_url, now)
