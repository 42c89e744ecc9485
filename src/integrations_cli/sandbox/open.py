"""Opens and resets a sandbox: the API inside the program, with no account, server or network."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Self

from integrations_cli.sandbox.behaviour import DOCUMENTED, ServerBehaviour
from integrations_cli.sandbox.errors import DamagedError, StoreError

if TYPE_CHECKING:
    from integrations_cli.sandbox.api import SandboxApi
    from integrations_cli.sandbox.store import Store

__all__ = ["Sandbox", "StoreError", "open_sandbox", "reset"]


class Sandbox:
    """An open sandbox: its `api`, and its `api_keys` by environment, Development and Production."""

    def __init__(self, store: Store, api: SandboxApi) -> None:
        self._store = store
        self.api = api
        with store.reading() as queries:
            self.api_keys = {environment.name: environment.api_key for environment in queries.environments()}
        if not self.api_keys.keys() >= {"Development", "Production"}:
            raise DamagedError(store.path)

    def close(self) -> None:
        """Close the database file. It may be called twice."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_sandbox(
    path: Path,
    *,
    idempotency: bool = True,
    rate_limit: int | None = None,
    behaviour: ServerBehaviour = DOCUMENTED,
    clock: Callable[[], float] = time.time,
) -> Sandbox:
    """Open the sandbox in the database file `path`, which is created if it does not exist.

    `rate_limit` is in requests a second for each environment.

    Raises:
        StoreError: The file is damaged, another program's, locked for long, or cannot be written.
    """
    from integrations_cli.sandbox.api import SandboxApi
    from integrations_cli.sandbox.store import Store

    store = Store(path, clock)
    api = SandboxApi(store, idempotency=idempotency, rate_limit=rate_limit, behaviour=behaviour, clock=clock)
    try:
        return Sandbox(store, api)
    except BaseException:
        store.close()
        raise


def reset(path: Path) -> bool:
    """Empty the sandbox in the file `path`, and return whether there was one. Its environments keep their API keys.

    A damaged file is replaced by a new one, if its header says that it is a sandbox's.

    Raises:
        StoreError: The file is another program's, or cannot be written.
    """
    if not path.exists():
        return False
    from integrations_cli.sandbox.store import Store, discard

    try:
        with closing(Store(path)) as store:
            store.empty()
    except DamagedError:
        discard(path)
        Store(path).close()
    return True
