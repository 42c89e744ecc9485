"""`integrations list`: the environment of the key, by channel."""

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
    """Which integrations are wanted; None is "all"."""

    channel: str | None = None
    provider: str | None = None
    active: bool | None = None
    show_secrets: bool = False


def list_integrations(
    context: typer.Context,
    channel: Annotated[
        str | None, typer.Option("--channel", "-c", metavar="CHANNEL", help="Only those of this channel.")
    ] = None,
    provider: Annotated[
        str | None, typer.Option("--provider", "-p", metavar="PROVIDER", help="Only those of this provider.")
    ] = None,
    active: Annotated[
        bool | None, typer.Option("--active/--inactive", help="Only those that deliver, or only those that do not.")
    ] = None,
    show_secrets: Annotated[
        bool, typer.Option("--show-secrets", help="Do not mask the credentials in --json.")
    ] = False,
) -> View:
    """List the integrations of the environment.

    Grouped by channel: the primary one first, then the others in the order in which they stand in for it, inactive ones
    last. In a pipe: channel, identifier, provider, name, state and _id, with a TAB between them.
    """
    return _list(run_context(context), ListOptions(channel, provider, active, show_secrets))


def _list(run: RunContext, options: ListOptions) -> View:
    with run.api() as api:
        environment = api.environment()
        integrations = api.list()
    known = {*catalogue.channels(), *(integration.channel for integration in integrations)}
    if options.channel is not None and options.channel not in known:
        raise UsageError(f"there is no channel {options.channel!r}{suggest_channels(options.channel)}")
    wanted = [integration for integration in integrations if _matches(integration, options)]
    name = environment.name if environment is not None else ""
    if not integrations:
        run.render.note(f"the environment {name or 'of this key'} has no integrations")
    elif not wanted:
        run.render.note(f"none of the {len(integrations)} integrations is like that")
    return Table(
        columns=("channel", "identifier", "provider", "name", "state", "_id"),
        groups=_groups(wanted),
        json=[integration_json(integration, show_secrets=options.show_secrets) for integration in _in_order(wanted)],
        caption=_caption(environment, len(wanted)),
    )


def _matches(integration: Integration, options: ListOptions) -> bool:
    return (
        options.channel in {None, integration.channel}
        and options.provider in {None, integration.provider}
        and options.active in {None, integration.active}
    )


def _in_order(integrations: Sequence[Integration]) -> list[Integration]:
    """By channel as the catalogue has them, then primary, by falling priority, inactive last."""
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


def _state(integration: Integration, place: int) -> str:
    """In words: primary, the place among those that stand in for it, active, or inactive."""
    if not integration.active:
        return "inactive"
    if integration.channel not in catalogue.channels_with_primary():
        return "active"
    if integration.primary:
        return "primary"
    return f"fallback {place}" if place else "fallback"


def _caption(environment: Environment | None, count: int) -> str:
    counted = f"{count} integration{'' if count == 1 else 's'}"
    return counted if environment is None else f"{counted} in {environment.name} ({environment.id})"
