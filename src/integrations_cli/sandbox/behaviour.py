"""The differences between servers of the API, as data."""

from __future__ import annotations

from typing import Final, NamedTuple

from integrations_cli.models import CHANNELS, EXTRA_FIELDS


class ServerBehaviour(NamedTuple):
    """What one kind of server does where servers differ; the defaults follow the documentation.

    `check_by_default` is what an absent `check` means. `optional_fields` are stored and shown when they are sent.
    `omits_empty_credentials` leaves `credentials` out of a response when there are none. `has_novu_credentials` is set
    for a server that sends e-mail and SMS itself, and so lets `novu-email` and `novu-sms` be created.
    """

    channels: tuple[str, ...] = CHANNELS
    optional_fields: tuple[str, ...] = EXTRA_FIELDS
    check_by_default: bool = False
    omits_empty_credentials: bool = False
    set_primary_status: int = 200
    has_novu_credentials: bool = False


DOCUMENTED: Final = ServerBehaviour()
"""Current servers, and all that the official Python SDK accepts: status 200 for `set-primary`."""

RELEASE_2024: Final = ServerBehaviour(
    channels=("in_app", "email", "sms", "chat", "push"),
    optional_fields=(),
    check_by_default=True,
    omits_empty_credentials=True,
    set_primary_status=201,
)
"""The release whose requests and responses were recorded."""
