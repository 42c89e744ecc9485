"""What a plan is made of: frozen data, the same for showing and for doing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from integrations_cli.models import Draft, Json, Patch

Kind = Literal["create", "update", "set-primary", "delete"]

STAGES: Final[tuple[Kind, ...]] = ("create", "update", "set-primary", "delete")


class Change(NamedTuple):
    """One field that is to change; `note` says more. Of credentials there are no values, only what is known of them."""

    field: str
    before: Json = None
    after: Json = None
    note: str = ""


@dataclass(frozen=True)
class Action:
    """One thing to do to one integration.

    `id` is the `_id`, empty for one that this plan creates. `draft` is what is created, `patch` what is updated (None:
    nothing but what `toggle` says). With `toggle` the integration is activated as the last step, after having been
    created inactive or deactivated: so it is active without being primary. `remembered` are the fields whose
    fingerprints are kept once it is done.
    """

    kind: Kind
    identifier: str
    provider: str
    channel: str
    id: str = ""
    changes: tuple[Change, ...] = ()
    draft: Draft | None = None
    patch: Patch | None = None
    toggle: bool = False
    lane: str | None = None
    remembered: Mapping[str, Json] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Plan:
    """The actions in their order, the identifiers of what stays as it is, and why the plan cannot be run yet, if so.

    `unresolved` has a message for each reference that an action needs and that has no value.
    """

    actions: tuple[Action, ...] = ()
    unchanged: tuple[str, ...] = ()
    unresolved: tuple[str, ...] = ()

    def count(self, kind: Kind) -> int:
        """How many actions are of this kind."""
        return sum(action.kind == kind for action in self.actions)
