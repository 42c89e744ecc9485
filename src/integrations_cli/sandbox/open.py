"""The API itself, inside the program: no account, no server, no network.

`open_sandbox` opens a database file and gives its keys and a way in: `contract`, which takes requests and gives replies
without HTTP. `server.serve` puts the same thing on a loopback socket.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Self

from integrations_cli.sandbox.failures import StoreError, damaged

if TYPE_CHECKING:
    from types import TracebackType

    from integrations_cli.sandbox.api import SandboxApi
    from integrations_cli.sandbox.store import Store

__all__ = ["Sandbox", "StoreError", "open_sandbox", "reset"]


class Sandbox:
    """An open sandbox; `api_keys` has the key of each environment by its name, Development and Production."""

    def __init__(self, store: Store, contract: SandboxApi) -> None:
        self._store = store
        self.contract = contract
        with store.reading() as queries:
            self.api_keys = {environment.name: environment.api_key for environment in queries.environments()}
        if not self.api_keys.keys() >= {"Development", "Production"}:
            raise damaged(store.path)

    @property
    def path(self) -> Path:
        """The database file."""
        return self._store.path

    def close(self) -> None:
        """Close the database file. It may be called twice."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_sandbox(
    path: Path,
    *,
    idempotency: bool = True,
    rate_limit: int | None = None,
    observed: bool = False,
    check_default: bool | None = None,
    clock: Callable[[], float] = time.time,
    randomness: Callable[[int], bytes] = os.urandom,
) -> Sandbox:
    """Open the sandbox in the database file `path`, and make the file if it is not there.

    `rate_limit` is in requests a second for each environment. For what `observed` and `check_default` change, see
    `contract.Contract`.

    Raises:
        StoreError: The file is damaged, another program's, locked for long, or cannot be written.
    """
    from integrations_cli.sandbox.api import SandboxApi
    from integrations_cli.sandbox.store import Store

    store = Store(path, clock=clock, randomness=randomness)
    contract = SandboxApi(
        store,
        idempotency=idempotency,
        rate_limit=rate_limit,
        observed=observed,
        check_default=check_default,
        clock=clock,
        randomness=randomness,
    )
    try:
        return Sandbox(store, contract)
    except BaseException:
        store.close()
        raise


def reset(
    path: Path, *, clock: Callable[[], float] = time.time, randomness: Callable[[int], bytes] = os.urandom
) -> bool:
    """Empty the sandbox in the file `path`, and say whether there was one. Its environments keep their keys.

    A damaged file is replaced by a new one, if its header says that it was a sandbox's.

    Raises:
        StoreError: The file is another program's, or cannot be written.
    """
    if not path.exists():
        return False
    from integrations_cli.sandbox.failures import DamagedError
    from integrations_cli.sandbox.store import Store, discard

    try:
        store = Store(path, clock=clock, randomness=randomness)
        try:
            store.empty()
        finally:
            store.close()
    except DamagedError:
        discard(path)
        Store(path, clock=clock, randomness=randomness).close()
    return True
