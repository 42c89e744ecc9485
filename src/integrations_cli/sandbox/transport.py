"""The sandbox as a transport of httpx: the contract is called in-process, no socket is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from .contract import Contract


class SandboxTransport(httpx.BaseTransport):
    """Answers every request from the contract, whatever the host of its URL."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer the request; authentication and all else is the same as over a socket.

        Raises:
            StoreError: The database file fails.
        """
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]
        reply = self._contract.handle(request.method, request.url.raw_path.decode("latin-1"), headers, request.read())
        encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers]
        return httpx.Response(reply.status, headers=encoded, content=reply.body, request=request)
