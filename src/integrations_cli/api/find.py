"""Finds the integration that REF on the command line names."""

from __future__ import annotations

from collections.abc import Sequence

from integrations_cli.errors import NotFoundError, UsageError
from integrations_cli.models import Environment, Integration


def find(reference: str, integrations: Sequence[Integration], environment: Environment | None) -> Integration:
    """Return the integration whose identifier or `_id` is `reference`, among those of the key's environment.

    Raises:
        NotFoundError: There is none; the message suggests similar identifiers and names.
        UsageError: Several have this identifier.
    """
    found = [integration for integration in integrations if reference in {integration.id, integration.identifier}]
    if len(found) > 1:
        ids = ", ".join(integration.id for integration in found)
        raise UsageError(f"{reference} names {len(found)} integrations: {ids}", hint="use the _id of one of them")
    if found:
        return found[0]
    from integrations_cli.catalogue.suggest import nearest_named

    names = {
        integration.identifier: (integration.identifier, integration.name)
        for integration in integrations
        if integration.identifier
    }
    near = nearest_named(reference, names)
    suggestion = f" (did you mean {' or '.join(near)}?)" if near else ""
    where = f"the environment {environment.name} has" if environment is not None and environment.name else "there is"
    raise NotFoundError(
        f"{where} no integration {reference!r}{suggestion}",
        hint="list them with: integrations list; every environment has its own key, see --profile",
    )
