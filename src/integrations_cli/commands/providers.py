"""`integrations providers`: the providers in the catalogue, offline."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from integrations_cli import catalogue
from integrations_cli.catalogue.checks import suggest_channels, suggest_providers
from integrations_cli.catalogue.credential_fields import CredentialField, Provider
from integrations_cli.catalogue.examples import example_body
from integrations_cli.commands.options import Channel, run_context
from integrations_cli.create.rerun import example_command
from integrations_cli.errors import NotFoundError, UsageError
from integrations_cli.models import Json
from integrations_cli.terminal.views import Fields, Row, Table, View


def list_providers(
    context: typer.Context,
    channel: Channel = None,
    search: Annotated[
        str | None, typer.Option("--search", "-s", metavar="TEXT", help="Only those with this in id or name.")
    ] = None,
) -> View:
    """List the providers that the API supports.

    Grouped by channel, with the credentials that each one requires. In a pipe the columns channel, id, name and
    required credentials are separated by TABs.
    """
    if channel is not None and channel not in catalogue.channels():
        raise UsageError(
            f"there is no channel {channel!r}{suggest_channels(channel)}",
            hint=f"the channels are {', '.join(catalogue.channels())}",
        )
    found = [
        provider
        for provider in catalogue.providers()
        if channel in {None, provider.channel}
        and any((search or "").casefold() in text.casefold() for text in (provider.id, provider.name))
    ]
    if search is not None and not found:
        run_context(context).render.note(f"no provider has {search!r} in its id or name{suggest_providers(search)}")
    groups = [[_row(provider) for provider in found if provider.channel == name] for name in catalogue.channels()]
    return Table(
        columns=("channel", "provider", "name", "required credentials"),
        groups=list(filter(None, groups)),
        json=[_document(provider) for provider in found],
        caption="integrations providers show PROVIDER lists its credentials" if found else "",
    )


def show_provider(
    context: typer.Context,  # noqa: ARG001  # every command takes it
    provider: Annotated[str, typer.Argument(metavar="PROVIDER", help="Its id: mailgun, twilio, …")],
) -> View:
    """Show a provider's credentials and an example command.

    Replace what is in angle brackets. The example reads secrets from environment variables and files.
    """
    known = catalogue.find(provider)
    if known is None:
        raise NotFoundError(
            f"the catalogue has no provider {provider!r}{suggest_providers(provider)}",
            hint="integrations providers list shows all",
        )
    rows = [("provider", known.id), ("name", known.name), ("channel", known.channel)]
    if known.docs:
        rows.append(("documentation", known.docs))
    if known.beta:
        rows.append(("beta", "true"))
    if known.id in catalogue.BUILT_IN:
        rows.append(("built in", "it comes with the service; some servers refuse to create it"))
    rows += [(f"credentials.{field.key}", _described(field)) for field in known.credentials]
    line, body = example_command(known), example_body(known)
    return Fields(
        rows,
        json={**_document(known), "create": line, "example": body},
        title=known.name,
        copyable=[("create", line), ("body", json.dumps(body, ensure_ascii=False, indent=2))],
    )


def _row(provider: Provider) -> Row:
    required = ", ".join(field.key for field in provider.credentials if field.required)
    return Row((provider.channel, provider.id, provider.name, required), dim=provider.id in catalogue.BUILT_IN)


def _document(provider: Provider) -> dict[str, Json]:
    """Return a provider as JSON; every key is always present."""
    return {
        "id": provider.id,
        "name": provider.name,
        "channel": provider.channel,
        "docs": provider.docs or None,
        "beta": provider.beta,
        "built_in": provider.id in catalogue.BUILT_IN,
        "credentials": [
            {
                "key": field.key,
                "label": field.label,
                "type": field.type,
                "wire_type": field.value_type.name,
                "required": field.required,
                "secret": field.secret,
                "choices": list(field.choices),
                "default": field.default,
                "hidden": field.hidden,
                "links": field.links or [],
            }
            for field in provider.credentials
        ],
    }


def _described(field: CredentialField) -> str:
    """Return a credential on one line: its label and its particulars."""
    facts = (
        "required" if field.required else "optional",
        "secret" if field.secret else "",
        "can have several lines" if field.type == "textarea" else "",
        field.value_type.description,
        f"one of {', '.join(filter(None, field.choices))}" if field.choices else "",
        f"usually {field.default}" if field.default is not None else "",
        "set by the service" if field.hidden else "",
        *(field.links or ()),
    )
    return f"{field.label} ({', '.join(filter(None, facts))})"
