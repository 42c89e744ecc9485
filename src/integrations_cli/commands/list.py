"""`integrations list`: list the integrations of an environment by channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import typer

from integrations_cli import catalogue
from integrations_cli.catalogue.checks import suggest_channels
from integrations_cli.commands.options import run_context
from integrations_cli.context import RunContext
from integrations_cli.errors import UsageError
from integrations_cli.models import Environment, Integration
from integrations_cli.terminal.views import Row, Table, View, integration_json


class ListOptions(NamedTuple):
    """Which integrations to list; None is all."""

    channel: str | None = None
    provider: str | None = None
    active: bool | None = None
    show_secrets: bool = False


def list_integrations(
    context: typer.Context,
    channel: Annotated[
        str | None, typer.Option("--channel", "-c", metavar="CHANNEL", help="Only this channel.")
    ] = None,
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
    return _list(run_context(context), ListOptions(channel, provider, active, show_secrets))


def _list(run: RunContext, options: ListOptions) -> View:
    with run.api() as api:
        environment = api.environment()
        integrations = api.list()
    known = {*catalogue.channels(), *(integration.channel for integration in integrations)}
    if options.channel is not None and options.channel not in known:
        raise UsageError(f"there is no channel {options.channel!r}{suggest_channels(options.channel)}")
    shown = [integration for integration in integrations if _matches(integration, options)]
    name = environment.name if environment is not None else ""
    if not integrations:
        run.render.note(f"the environment {name or 'of this key'} has no integrations")
    elif not shown:
        run.render.note(f"no match ({len(integrations)} integrations)")
    return Table(
        columns=("channel", "identifier", "provider", "name", "state", "_id"),
        groups=_groups(shown),
        json=[integration_json(integration, show_secrets=options.show_secrets) for integration in _in_order(shown)],
        caption=_caption(environment, len(shown)),
    )


def _matches(integration: Integration, options: ListOptions) -> bool:
    return (
        options.channel in {None, integration.channel}
        and options.provider in {None, integration.provider}
        and options.active in {None, integration.active}
    )


def _in_order(integrations: Sequence[Integration]) -> list[Integration]:
    """Return them by channel, the primary one first, then by falling priority, inactive ones last."""
    order = {channel: number for number, channel in enumerate(catalogue.channels())}
    return sorted(
        integrations,
        key=lambda integration: (
            order.get(integration.channel, len(order)),
            integration.channel,
            not integration.active,
            not integration.primary,
            -integration.priority,
            integration.identifier,
        ),
    )


def _groups(integrations: Sequence[Integration]) -> list[list[Row]]:
    rows: dict[str, list[Row]] = {}
    for integration in _in_order(integrations):
        group = rows.setdefault(integration.channel, [])
        state = _state(integration, len(group))
        cells = (
            integration.channel,
            integration.identifier,
            integration.provider,
            integration.name,
            state,
            integration.id,
        )
        group.append(Row(cells, strong=state == "primary", dim=not integration.active))
    return list(rows.values())


def _state(integration: Integration, position: int) -> str:
    """Return the state in words: primary, fallback with its position, active, or inactive."""
    if not integration.active:
        return "inactive"
    if integration.channel not in catalogue.channels_with_primary():
        return "active"
    if integration.primary:
        return "primary"
    return f"fallback {position}" if position else "fallback"


def _caption(environment: Environment | None, count: int) -> str:
    counted = f"{count} integration{'' if count == 1 else 's'}"
    return counted if environment is None else f"{counted} in {environment.name} ({environment.id})"
