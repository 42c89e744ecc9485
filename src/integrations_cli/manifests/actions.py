"""The actions of a plan: frozen data, which `plan` shows and `apply` runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from integrations_cli.models import Draft, Json, Patch

Kind = Literal["create", "update", "set-primary", "delete"]

KINDS: Final[tuple[Kind, ...]] = ("create", "update", "set-primary", "delete")


class Change(NamedTuple):
    """A field that is to change, and a note about it. The field of a credential has no values, only a note."""

    field: str
    before: Json = None
    after: Json = None
    note: str = ""


@dataclass(frozen=True)
class Action:
    """One thing to do to one integration.

    `id` is the `_id`; empty for an integration that the plan creates. `draft` is what is created, `patch` what is
    updated.

    With `activate_separately` the integration is created inactive, or deactivated, and then activated by a request of
    its own: that makes it active without being primary. Such an update may have no patch.

    Actions with the same `channel_lock` run one after the other, in the order of the plan.

    `remembered_fields` are the fields whose fingerprints are kept after success; None if there is nothing to keep.
    """

    kind: Kind
    identifier: str
    provider: str
    channel: str
    id: str = ""
    changes: tuple[Change, ...] = ()
    draft: Draft | None = None
    patch: Patch | None = None
    activate_separately: bool = False
    channel_lock: str | None = None
    remembered_fields: Mapping[str, Json] | None = field(default=None, repr=False)

    @property
    def sends_credentials(self) -> bool:
        """Return whether a request of this action carries all credentials of the integration."""
        return self.draft is not None or (self.patch is not None and self.patch.credentials is not None)


@dataclass(frozen=True)
class Plan:
    """The actions in their order, and the identifiers of the entries that need none.

    `unresolved` has a message for each reference that an action needs and that has no value: such a plan cannot be
    applied.
    """

    actions: tuple[Action, ...] = ()
    unchanged: tuple[str, ...] = ()
    unresolved: tuple[str, ...] = ()

    def count(self, kind: Kind) -> int:
        """Return how many actions are of this kind."""
        return sum(action.kind == kind for action in self.actions)
