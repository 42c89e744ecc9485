"""Which integration a person means by REF: its identifier, or its `_id`."""

from __future__ import annotations

from collections.abc import Sequence

from integrations_cli.errors import NotFoundError, UsageError
from integrations_cli.models import Environment, Integration


def find(reference: str, integrations: Sequence[Integration], environment: Environment | None) -> Integration:
    """The one of `integrations` (those of the key's own environment) that `reference` names.

    Raises:
        NotFoundError: None of them; the message names those that are called nearly so.
        UsageError: Several have this identifier.
    """
    found = [integration for integration in integrations if reference in {integration.id, integration.identifier}]
    if len(found) > 1:
        ids = ", ".join(integration.id for integration in found)
        raise UsageError(f"{reference} names {len(found)} integrations: {ids}", hint="say which one by its _id")
    if found:
        return found[0]
    from integrations_cli.catalogue.suggest import nearest_named

    names = {
        integration.identifier: (integration.identifier, integration.name)
        for integration in integrations
        if integration.identifier
    }
    near = nearest_named(reference, names)
    meant = f" (did you mean {' or '.join(near)}?)" if near else ""
    where = f"the environment {environment.name} has" if environment is not None and environment.name else "there is"
    raise NotFoundError(
        f"{where} no integration {reference!r}{meant}",
        hint="integrations list shows them; another environment has a key of its own, see --profile",
    )
