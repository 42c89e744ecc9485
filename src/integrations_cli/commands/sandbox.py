"""`integrations sandbox`: serves the built-in API to other clients, and empties it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from integrations_cli.commands.options import run_context
from integrations_cli.context import RunContext
from integrations_cli.errors import ConfigError, UsageError
from integrations_cli.settings.resolve import sandbox_path
from integrations_cli.terminal.views import Nothing, Text, View


def serve(
    context: typer.Context,
    port: Annotated[
        int, typer.Option("--port", metavar="PORT", min=0, max=65535, help="The port to listen on; 0 picks a free one.")
    ] = 8787,
    rate_limit: Annotated[
        int | None, typer.Option("--rate-limit", metavar="N", min=1, help="Answer 429 beyond N requests a second.")
    ] = None,
    idempotency: Annotated[
        bool, typer.Option("--idempotency/--no-idempotency", help="Whether idempotency keys are honoured.")
    ] = True,
) -> View:
    """Serve the sandbox on a loopback socket.

    Other clients and tests can then use it like the real API. It prints its URL and the API key of each of its two
    environments, and runs until Ctrl-C.
    """
    from integrations_cli.sandbox.open import StoreError, open_sandbox
    from integrations_cli.sandbox.server import serve as listen

    run = run_context(context)
    try:
        with (
            open_sandbox(sandbox_path(run.environ), idempotency=idempotency, rate_limit=rate_limit) as sandbox,
            listen(sandbox.api, port=port) as server,
        ):
            try:
                _announce(run, server.url, sandbox.api_keys)
                server.serve_forever()
            except KeyboardInterrupt:
                run.render.note("stopped")
    except StoreError as error:
        raise ConfigError(error.message, hint=error.hint) from None
    except OSError as error:
        raise UsageError(
            f"cannot listen on 127.0.0.1:{port}: {error.strerror}", hint="--port 0 picks a free port"
        ) from None
    return Nothing()


def _announce(run: RunContext, url: str, api_keys: Mapping[str, str]) -> None:
    """Print the URL and the API keys, which are meant to be shown: they open nothing but this sandbox."""
    if run.flags.json:
        run.render.show_json({"url": url, "api_keys": dict(api_keys)}, lines=True)
        return
    keys = [f"{environment}: {key}" for environment, key in api_keys.items()]
    run.render.show(Text("\n".join([f"url: {url}", *keys]), lines=True))
    run.render.hint("Ctrl-C stops it")


def reset(
    context: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> View:
    """Empty the sandbox.

    This deletes its integrations; its API keys stay.
    """
    from integrations_cli.sandbox.open import StoreError
    from integrations_cli.sandbox.open import reset as reset_sandbox

    run = run_context(context)
    path = sandbox_path(run.environ)
    run.confirm(f"Empty the sandbox {path}?", yes=yes or not run.interactive)
    try:
        existed = reset_sandbox(path)
    except StoreError as error:
        raise ConfigError(error.message, hint=error.hint) from None
    text = f"{path} is empty" if existed else f"there was no sandbox at {path}"
    return Text(text, json={"path": str(path), "reset": existed})
