"""The official Python SDK of the API works with the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from novu_py import Novu, models

from integrations_cli.sandbox.open import open_sandbox
from integrations_cli.sandbox.server import serve


@pytest.fixture
def novu(tmp_path: Path) -> Iterator[Novu]:
    with (
        open_sandbox(tmp_path / "sandbox.db") as sandbox,
        serve(sandbox.api).start() as server,
        Novu(secret_key=sandbox.api_keys["Development"], server_url=server.url) as client,
    ):
        yield client


def test_the_sdk_manages_an_integration(novu: Novu) -> None:
    first = novu.integrations.create(
        create_integration_request_dto={
            "provider_id": "mailgun",
            "channel": models.CreateIntegrationRequestDtoChannel.EMAIL,
            "name": "Mailgun main",
            "identifier": "mailgun-main",
            "active": True,
            "check": False,
            "credentials": {"api_key": "k", "domain": "mg.acme.io"},
            "conditions": [],
        }
    ).result
    assert (first.identifier, first.active, first.primary) == ("mailgun-main", True, True)
    assert first.credentials is not None
    assert first.credentials.domain == "mg.acme.io"
    assert first.credentials.api_key != "k"

    second = novu.integrations.create(
        create_integration_request_dto={
            "provider_id": "sendgrid",
            "channel": models.CreateIntegrationRequestDtoChannel.EMAIL,
            "active": True,
        },
        idempotency_key="second",
    )
    again = novu.integrations.create(
        create_integration_request_dto={
            "provider_id": "sendgrid",
            "channel": models.CreateIntegrationRequestDtoChannel.EMAIL,
            "active": True,
        },
        idempotency_key="second",
    )
    assert second.result.id == again.result.id
    assert again.headers["idempotency-replay"] == ["true"]
    assert second.result.id is not None

    listed = novu.integrations.list().result
    assert [integration.identifier for integration in listed if integration.provider_id != "novu"] == [
        "mailgun-main",
        second.result.identifier,
    ]

    assert first.id is not None
    renamed = novu.integrations.update(
        integration_id=first.id, update_integration_request_dto={"name": "Renamed", "check": False}
    ).result
    assert renamed.name == "Renamed"

    primary = novu.integrations.set_as_primary(integration_id=second.result.id).result
    assert primary.primary is True

    remaining = novu.integrations.delete(integration_id=first.id).result
    assert [integration.id for integration in remaining if integration.provider_id != "novu"] == [second.result.id]


def test_the_sdk_reads_errors(novu: Novu) -> None:
    with pytest.raises(models.ErrorDto) as caught:
        novu.integrations.delete(integration_id="a" * 24)
    assert caught.value.data.status_code == 404
    assert caught.value.data.message == f"Entity with id {'a' * 24} not found"
