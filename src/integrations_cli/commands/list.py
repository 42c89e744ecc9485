"""`integrations list`: list the integrations of an environment by channel."""

from __future__ import annotations

from itertools import groupby
from typing import Annotated

import typer

from integrations_cli import catalogue
from integrations_cli.catalogue.checks import suggest_channels
from integrations_cli.commands.options import Channel, run_context
from integrations_cli.errors import UsageError
from integrations_cli.models import Integration, Json
from integrations_cli.terminal.views import Row, Table, View, integration_json


def list_integrations(
    context: typer.Context,
    channel: Channel = None,
    provider: Annotated[
        str | None, typer.Option("--provider", "-p", metavar="PROVIDER", help="Only this provider.")
    ] = None,
    active: Annotated[
        bool | None, typer.Option("--active/--inactive", help="Only active, or only inactive ones.")
    ] = None,
    show_secrets: Annotated[bool, typer.Option("--show-secrets", help="Do not mask credentials in --json.")] = False,
) -> View:
    """List the integrations of the environment.

    Grouped by channel: the primary one first, then its fallbacks in order, inactive ones last. In a pipe the columns
    channel, identifier, provider, name, state and _id are separated by TABs.
    """
    run = run_context(context)
    with run.api() as api:
        environment = api.environment()
        integrations = api.list()
    if channel is not None and channel not in {*catalogue.channels(), *(each.channel for each in integrations)}:
        raise UsageError(f"there is no channel {channel!r}{suggest_channels(channel)}")
    shown = [
        each
        for each in sorted(integrations, key=_position)
        if channel in {None, each.channel} and provider in {None, each.provider} and active in {None, each.active}
    ]
    if not integrations:
        name = environment.name if environment is not None else ""
        run.render.note(f"the environment {name or 'of this key'} has no integrations")
    elif not shown:
        run.render.note(f"no match ({len(integrations)} integrations)")
    where = f" in {environment.name} ({environment.id})" if environment is not None else ""
    return Table(
        columns=("channel", "identifier", "provider", "name", "state", "_id"),
        groups=[
            [_row(each, position) for position, each in enumerate(group)]
            for _, group in groupby(shown, key=lambda each: each.channel)
        ],
        json=[integration_json(each, show_secrets=show_secrets) for each in shown],
        caption=f"{len(shown)} integration{'' if len(shown) == 1 else 's'}{where}",
    )


def _position(integration: Integration) -> tuple[Json, ...]:
    """Return the sort key: by channel, the primary one first, then by falling priority, inactive ones last."""
    channels = catalogue.channels()
    return (
        channels.index(integration.channel) if integration.channel in channels else len(channels),
        integration.channel,
        not integration.active,
        not integration.primary,
        -integration.priority,
        integration.identifier,
    )


def _row(integration: Integration, position: int) -> Row:
    channel, identifier, provider = integration.channel, integration.identifier, integration.provider
    state = _state(integration, position)
    cells = (channel, identifier, provider, integration.name, state, integration.id)
    return Row(cells, strong=state == "primary", dim=not integration.active)


def _state(integration: Integration, position: int) -> str:
    """Return the state in words: primary, fallback with its position, active, or inactive."""
    if not integration.active:
        return "inactive"
    if integration.channel not in catalogue.channels_with_primary():
        return "active"
    if integration.primary:
        return "primary"
    return f"fallback {position}" if position else "fallback"
