"""The sandbox's API does what it should, beyond the recorded exchanges."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from conftest import Figures
from integrations_cli import catalogue
from integrations_cli.sandbox.behaviour import DOCUMENTED, RELEASE_2024
from sandboxed import Caller, Response

CHECKING: Final = DOCUMENTED._replace(check_by_default=True)


@pytest.fixture
def caller(tmp_path: Path) -> Iterator[Caller]:
    caller = Caller(tmp_path / "sandbox" / "sandbox.db")
    yield caller
    caller.store.close()


def files_of(caller: Caller) -> bytes:
    """All that is on the disk now, the log of the transactions too."""
    return b"".join(path.read_bytes() for path in sorted(caller.path.parent.iterdir()))


class TestDocumentedBehaviour:
    def test_an_absent_check_means_false(self, caller: Caller) -> None:
        assert caller.create().status == 201

    def test_check_by_default_needs_credentials(self, caller: Caller) -> None:
        response = caller.create(api=caller.make_api(behaviour=CHECKING))
        assert (response.status, response.message) == (400, ["credentials should not be null or undefined"])
        assert caller.create(api=caller.make_api(behaviour=CHECKING), check=False).status == 201

    def test_responses_always_have_credentials(self, caller: Caller) -> None:
        created = caller.create()
        assert created.data["credentials"] == {}
        assert caller.listed()[0]["credentials"] == {}
        assert caller.send("PUT", f"/v1/integrations/{created.data['_id']}", {"name": "x"}).data["credentials"] == {}

    def test_set_primary_answers_200(self, caller: Caller) -> None:
        created = caller.create(active=False)
        response = caller.send("POST", f"/v1/integrations/{created.data['_id']}/set-primary")
        assert (response.status, response.data["primary"], response.data["active"]) == (200, True, True)

    def test_channel_tool_is_accepted(self, caller: Caller) -> None:
        assert caller.create(channel="tool").data["channel"] == "tool"

    @pytest.mark.parametrize(
        ("field", "value"),
        [("kind", "agent"), ("configurations", {"a": 1, "deep": {"b": [True]}}), ("rules", {"==": [{"var": "x"}, 1]})],
    )
    def test_optional_fields_are_stored(self, caller: Caller, field: str, value: Any) -> None:
        created = caller.create(**{field: value})
        assert created.data[field] == value
        assert caller.listed()[0][field] == value
        assert field not in caller.create(check=False, api=caller.make_api(behaviour=RELEASE_2024)).data

    @pytest.mark.parametrize(
        ("field", "message"),
        [
            ("kind", "kind must be one of the following values: delivery, agent"),
            ("configurations", "configurations must be an object"),
            ("rules", "rules must be an object"),
        ],
    )
    def test_optional_fields_are_type_checked(self, caller: Caller, field: str, message: str) -> None:
        assert caller.create(**{field: "x"}).message == [message]


class TestCheck:
    def test_check_passes_with_all_required_credentials(self, caller: Caller) -> None:
        credentials = {"apiKey": "k", "user": "api", "domain": "d", "from": "a@b.co", "senderName": "A"}
        assert caller.create(check=True, credentials=credentials).status == 201

    def test_check_names_missing_credentials(self, caller: Caller) -> None:
        response = caller.create(check=True, credentials={"apiKey": "k", "user": ""})
        assert response.status == 400
        assert (
            response.message == "Provider mailgun cannot be checked: missing credentials user, domain, from, senderName"
        )
        assert caller.listed() == []

    def test_check_covers_every_email_provider(self, caller: Caller) -> None:
        for provider in catalogue.providers():
            if provider.channel == "email" and provider.id not in catalogue.BUILT_IN:
                required = {field.key for field in provider.credentials if field.required}
                response = caller.create(providerId=provider.id, check=True, credentials={})
                assert response.status == (400 if required else 201)
                assert not required or all(key in response.message for key in required)

    def test_other_channels_need_any_credentials(self, caller: Caller) -> None:
        assert caller.create(providerId="twilio", channel="sms", check=True).status == 400
        assert caller.create(providerId="twilio", channel="sms", check=True, credentials={}).status == 201

    def test_update_checks_stored_credentials(self, caller: Caller) -> None:
        created = caller.create(credentials={"apiKey": "k"})
        response = caller.send("PUT", f"/v1/integrations/{created.data['_id']}", {"name": "x", "check": True})
        assert (
            response.message == "Provider mailgun cannot be checked: missing credentials user, domain, from, senderName"
        )


class TestSecrets:
    def test_no_secret_is_written_to_disk(self, caller: Caller, figures: Figures) -> None:
        planted = 0

        def secret() -> str:
            nonlocal planted
            planted += 1
            return f"CANARY-{planted:04d}-CANARY"

        def credentials() -> dict[str, Any]:
            named = {key: secret() for key in sorted(catalogue.secret_keys())}
            return {**named, "nobodyKnowsThisKey": secret(), "tlsOptions": {"key": secret(), "passphrase": [secret()]}}

        created = caller.create(
            credentials=credentials(), configurations={"inboundWebhookSigningKey": secret()}, key="k1"
        )
        place = f"/v1/integrations/{created.data['_id']}"
        responses = [
            created,
            caller.create(credentials=credentials(), key="k1"),
            caller.create(credentials=credentials(), key="k2", identifier=created.data["identifier"]),
            caller.create(credentials={**credentials(), "secure": "maybe"}, key="k3"),
            caller.create(credentials=credentials(), key="k4", check=True, providerId="nope"),
            caller.send("PUT", place, {"credentials": credentials()}),
            caller.send("PUT", place, {"credentials": credentials(), "identifier": "novu"}, key="k5"),
            caller.send("POST", f"{place}/set-primary", key="k6"),
            caller.send("GET", "/v1/integrations"),
            caller.send("DELETE", place),
        ]
        assert [response.status for response in responses] == [201, 422, 409, 400, 400, 200, 200, 200, 200, 200]
        on_disk = files_of(caller)
        answered = json.dumps([response.body for response in responses])
        assert b"mailgun" in on_disk
        found = (on_disk.count(b"CANARY"), answered.count("CANARY"))
        figures("sandbox: secret values", [["planted", "found on its disk", "found in responses"], [planted, *found]])
        assert found == (0, 0)

    def test_tokens_reveal_nothing(self, caller: Caller) -> None:
        one, other = (
            caller.create(credentials={"apiKey": value}).data["credentials"]["apiKey"] for value in ("k", "k")
        )
        long = caller.create(credentials={"apiKey": "k" * 1000}).data["credentials"]["apiKey"]
        assert len({one, other, long}) == 3
        assert len(one) == len(long)

    def test_public_credentials_are_stored_as_sent(self, caller: Caller) -> None:
        given = {"domain": "mg.acme.io", "secure": True, "port": "587", "tlsOptions": {"minVersion": "TLSv1.2"}}
        assert caller.create(credentials=given).data["credentials"] == given
        assert caller.listed()[0]["credentials"] == given

    def test_unknown_credentials_are_dropped(self, caller: Caller) -> None:
        assert caller.create(credentials={"domian": "x"}).data["credentials"] == {}

    def test_every_credential_of_the_catalogue_is_stored(self, caller: Caller) -> None:
        for provider in catalogue.providers():
            given: dict[str, Any] = {}
            for entry in provider.credentials:
                given[entry.key] = {"boolean": True, "object": {}}.get(entry.value_type.name, "v")
            if provider.id not in catalogue.BUILT_IN:
                response = caller.create(providerId=provider.id, channel=provider.channel, credentials=given)
                assert response.data["credentials"].keys() == given.keys()


class TestIdempotency:
    def test_keys_expire_after_a_day(self, caller: Caller) -> None:
        first = caller.create(key="k")
        caller.clock.now += 24 * 3600 - 1
        again = caller.create(key="k")
        assert (again.headers["idempotency-replay"], again.data["_id"]) == ("true", first.data["_id"])
        caller.clock.now += 2
        later = caller.create(key="k")
        assert "idempotency-replay" not in later.headers
        assert later.data["_id"] != first.data["_id"]

    def test_opening_the_file_deletes_expired_keys(self, caller: Caller) -> None:
        for number in range(20):
            caller.create(key=f"k{number}")
        caller.store.close()
        caller.clock.now += 24 * 3600 + 1
        caller.__post_init__()
        with caller.store.reading() as queries:
            assert queries._connection.execute("SELECT count(*) FROM idempotency").fetchone() == (0,)

    def test_request_in_progress_blocks_its_key(self, caller: Caller) -> None:
        meanwhile: list[Response] = []
        slow = caller.make_api(
            while_in_progress=lambda: meanwhile.extend([caller.create(key="k"), caller.create(key="k", name="other")])
        )
        first = caller.create(key="k", api=slow)
        assert first.status == 201
        assert [response.status for response in meanwhile] == [409, 409]
        assert meanwhile[0].headers["retry-after"] == "1"
        assert meanwhile[0].headers["idempotency-key"] == "k"
        assert caller.create(key="k").data["_id"] == first.data["_id"]

    def test_slow_request_runs_once_per_key(self, caller: Caller) -> None:
        begun: list[None] = []
        slow = caller.make_api(while_in_progress=lambda: begun.append(None))
        first, again = caller.create(key="k", api=slow), caller.create(key="k", api=slow)
        assert (first.status, again.status) == (201, 201)
        assert again.headers["idempotency-replay"] == "true"
        assert again.data == first.data
        assert len(begun) == 1
        assert [entry["_id"] for entry in caller.listed()] == [first.data["_id"]]

    def test_abandoned_request_blocks_its_key_five_minutes(self, caller: Caller) -> None:
        class KilledError(Exception):
            pass

        def die() -> None:
            raise KilledError

        with pytest.raises(KilledError):
            caller.create(key="k", api=caller.make_api(while_in_progress=die))
        caller.clock.now += 299
        assert caller.create(key="k").status == 409
        caller.clock.now += 2
        assert caller.create(key="k").status == 201
        assert len(caller.listed()) == 1

    def test_body_comparison_ignores_white_space_only(self, caller: Caller) -> None:
        bodies = [
            b'{"providerId":"mailgun","channel":"email"}',
            b'{ "providerId" : "mailgun",\n "channel":"\\u0065mail" }',
            b'{"channel":"email","providerId":"mailgun"}',
        ]
        responses = [caller.send("POST", "/v1/integrations", body, key="k") for body in bodies]
        assert [response.status for response in responses] == [201, 201, 422]

    def test_keys_have_at_most_255_characters(self, caller: Caller) -> None:
        assert caller.create(key="k" * 255).headers["idempotency-key"] == "k" * 255
        refused = caller.create(key="k" * 256)
        assert refused.status == 400
        assert "255 characters" in refused.message

    def test_failed_create_is_undone_and_repeated(self, caller: Caller) -> None:
        caller.create(active=True, identifier="one")
        conditions = [{"isNegated": "maybe"}]
        first = caller.create(active=True, conditions=conditions, key="k")
        again = caller.create(active=True, conditions=conditions, key="k")
        assert (first.status, again.status, first.message) == (400, 400, again.message)
        assert [(entry["identifier"], entry["priority"]) for entry in caller.listed()] == [("one", 1)]

    def test_idempotency_can_be_disabled(self, caller: Caller) -> None:
        off = caller.make_api(idempotency=False)
        first, again = caller.create(key="k" * 300, api=off), caller.create(key="k" * 300, api=off)
        assert first.data["_id"] != again.data["_id"]
        assert "idempotency-key" not in first.headers

    def test_concurrent_requests_with_one_key_create_once(self, caller: Caller) -> None:
        responses: list[Response] = []
        barrier = threading.Barrier(8)

        def run() -> None:
            barrier.wait()
            responses.append(caller.create(key="k"))

        threads = [threading.Thread(target=run) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {response.status for response in responses} == {201}
        assert sum("idempotency-replay" not in response.headers for response in responses) == 1
        assert len(caller.listed()) == 1

    def test_keys_are_stored_as_hashes(self, caller: Caller) -> None:
        caller.create(key="a-key-of-the-user", name="a-name")
        assert b"a-key-of-the-user" not in files_of(caller)


class TestRateLimit:
    def test_burst_then_steady_rate(self, caller: Caller) -> None:
        limited = caller.make_api(rate_limit=10)

        def granted() -> int:
            count = 0
            while caller.send("GET", "/v1/integrations", api=limited).status == 200:
                count += 1
            return count

        assert granted() == 55
        caller.clock.now += 0.999
        assert granted() == 0
        caller.clock.now += 0.002
        assert granted() == 10
        caller.clock.now += 3
        assert granted() == 30
        caller.clock.now += 60
        assert granted() == 55

    def test_every_response_has_rate_limit_headers(self, caller: Caller) -> None:
        limited = caller.make_api(rate_limit=10)
        headers = caller.create(api=limited).headers
        assert (headers["ratelimit-limit"], headers["ratelimit-remaining"]) == ("50", "54")
        assert headers["ratelimit-policy"].startswith('50;w=5;burst=55;comment="token bucket"')
        assert "ratelimit-limit" not in caller.create().headers

    def test_rate_limit_survives_clock_set_back(self, caller: Caller) -> None:
        limited = caller.make_api(rate_limit=1)
        while caller.send("GET", "/v1/integrations", api=limited).status == 200:
            pass
        assert caller.send("GET", "/v1/integrations", api=limited, api_key=caller.production.api_key).status == 200
        caller.clock.now -= 3600
        assert caller.send("GET", "/v1/integrations", api=limited).status == 429
        caller.clock.now += 1
        assert caller.send("GET", "/v1/integrations", api=limited).status == 200

    def test_status_429_has_retry_after_and_no_replay(self, caller: Caller) -> None:
        limited = caller.make_api(rate_limit=1)
        while caller.send("GET", "/v1/integrations", api=limited).status == 200:
            pass
        refused = caller.create(key="k", api=limited)
        assert refused.body == {**refused.body, "statusCode": 429, "message": "API rate limit exceeded"}
        assert "error" not in refused.body
        assert refused.headers["retry-after"] == "1"
        caller.clock.now += 1
        assert caller.create(key="k", api=limited).status == 201

    def test_threads_share_one_rate_limit(self, caller: Caller) -> None:
        limited = caller.make_api(rate_limit=10)
        granted: list[int] = []

        def run() -> None:
            granted.append(sum(caller.send("GET", "/v1/environments/me", api=limited).status == 200 for _ in range(20)))

        threads = [threading.Thread(target=run) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(granted) == 55


class TestPriorities:
    def ranks(self, caller: Caller) -> dict[str, tuple[int, bool]]:
        return {entry["identifier"]: (entry["priority"], entry["primary"]) for entry in caller.listed()}

    def test_later_integrations_rank_below_the_primary(self, caller: Caller) -> None:
        for name in "abc":
            caller.create(identifier=name, active=True)
        assert self.ranks(caller) == {"a": (3, True), "b": (1, False), "c": (2, False)}

    def test_channels_and_environments_rank_separately(self, caller: Caller) -> None:
        caller.create(identifier="a", active=True)
        caller.create(identifier="b", active=True, providerId="twilio", channel="sms")
        caller.create(identifier="c", active=True, api_key=caller.production.api_key)
        assert set(self.ranks(caller).values()) == {(1, True)}

    def test_delete_renumbers_priorities(self, caller: Caller) -> None:
        ids = {name: caller.create(identifier=name, active=True).data["_id"] for name in "abcd"}
        caller.send("DELETE", f"/v1/integrations/{ids['c']}")
        assert self.ranks(caller) == {"a": (3, True), "b": (1, False), "d": (2, False)}

    def test_deactivation_renumbers_priorities(self, caller: Caller) -> None:
        ids = {name: caller.create(identifier=name, active=True).data["_id"] for name in "abcd"}
        changed = caller.send("PUT", f"/v1/integrations/{ids['c']}", {"active": False})
        assert (changed.data["active"], changed.data["priority"]) == (False, 0)
        assert self.ranks(caller) == {"a": (3, True), "b": (1, False), "c": (0, False), "d": (2, False)}

    def test_deactivated_primary_renumbers_priorities(self, caller: Caller) -> None:
        ids = {name: caller.create(identifier=name, active=True).data["_id"] for name in "abc"}
        caller.send("PUT", f"/v1/integrations/{ids['a']}", {"active": False})
        assert self.ranks(caller) == {"a": (0, False), "b": (1, False), "c": (2, False)}

    def test_new_primary_ranks_highest(self, caller: Caller) -> None:
        ids = {name: caller.create(identifier=name, active=True).data["_id"] for name in "abcd"}
        caller.send("POST", f"/v1/integrations/{ids['b']}/set-primary")
        assert self.ranks(caller) == {"a": (3, False), "b": (4, True), "c": (1, False), "d": (2, False)}

    def test_only_renumbered_integrations_are_updated(self, caller: Caller) -> None:
        ids = {name: caller.create(identifier=name, active=True).data["_id"] for name in "abcd"}
        before = {entry["identifier"]: entry for entry in caller.listed()}
        caller.clock.now += 60
        caller.send("DELETE", f"/v1/integrations/{ids['c']}")
        after = {entry["identifier"]: entry for entry in caller.listed()}
        assert {name for name in after if after[name]["updatedAt"] != before[name]["updatedAt"]} == {"a", "d"}
        assert all(after[name]["createdAt"] == before[name]["createdAt"] for name in after)

    def test_create_runs_a_constant_number_of_statements(self, caller: Caller) -> None:
        """The statements for one create do not grow with the number of integrations."""
        statements: list[str] = []
        for name in range(30):
            caller.create(identifier=f"i{name}", active=True)
            if name in (2, 29):
                statements.append("")
                caller.store._connection.set_trace_callback(lambda text: statements.append(text[:20]))
                caller.create(identifier=f"measured{name}", active=True)
                caller.store._connection.set_trace_callback(None)
        half = statements.index("", 1)
        assert statements[:half] == statements[half:]
