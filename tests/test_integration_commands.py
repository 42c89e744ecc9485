"""`list`, `get`, `update`, `delete` and `set-primary` against the sandbox and scripted servers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from program import Finished, Program
from scripted_server import Received, Reply, Scripted, scripted

SECRET = "planted-secret-0123456789"
CREDENTIALS = ("apiKey=env:KEY", "user=u", "domain=mg.acme.io", "from=f@acme.io", "senderName=Acme")


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path / "home", {"INTEGRATIONS_PROFILE": "sandbox", "KEY": SECRET})


def create(program: Program, identifier: str, *flags: str, provider: str = "mailgun") -> str:
    """Create an integration, and return its id."""
    done = program.run("create", "-p", provider, "-i", identifier, "--skip-validation", "--quiet", *flags)
    assert done.code == 0, done.err
    return done.out.strip()


def credentials() -> list[str]:
    return [word for text in CREDENTIALS for word in ("-C", text)]


def ok(done: Finished) -> Finished:
    """Check that a run succeeded, and return it."""
    assert done.code == 0, done.err
    return done


ENVIRONMENT_ID = "6b03c66d9567edf1d9ef70d4"


def entry(identifier: str, **fields: Any) -> dict[str, Any]:
    """Return an integration as a server lists it."""
    named = {"_id": f"id-{identifier}", "identifier": identifier, "providerId": "mailgun", "channel": "email"}
    return {**named, "_environmentId": ENVIRONMENT_ID, **fields}


@contextmanager
def staging(listed: list[dict[str, Any]], *, name: str = "Staging") -> Iterator[tuple[Scripted, dict[str, str]]]:
    """Serve these integrations; yield the server and the variables that select it."""

    def respond(request: Received) -> Reply:
        if request.path.endswith("/me"):
            return Reply(200, {"data": {"_id": ENVIRONMENT_ID, "name": name}})
        return Reply(200, {"data": listed if request.method == "GET" else listed[0]})

    with scripted(respond) as server:
        env = {"NOVU_SECRET_KEY": "sk-0123456789", "NOVU_API_URL": server.url, "INTEGRATIONS_PROFILE": ""}
        yield server, env


# -- list -------------------------------------------------------------------------------------------------------------


def create_several(program: Program) -> dict[str, str]:
    """Create integrations on two channels; return their ids by identifier."""
    ids = {"first": create(program, "first", "--active"), "second": create(program, "second", "--active")}
    ids |= {"third": create(program, "third", "--active"), "off": create(program, "off", provider="sendgrid")}
    return ids | {"push": create(program, "push", "--active", provider="expo")}


def test_list_sorts_by_channel_primary_first_inactive_last(program: Program) -> None:
    ids = create_several(program)
    rows = [line.split("\t") for line in ok(program.run("list")).out.splitlines()]
    assert [(row[0], row[1], row[4]) for row in rows[1:]] == [
        ("email", "first", "primary"),
        ("email", "third", "fallback 1"),
        ("email", "second", "fallback 2"),
        ("email", "off", "inactive"),
        ("push", "push", "active"),
    ]
    assert rows[0][:3] == ["in_app", rows[0][1], "novu"]
    assert {row[1]: row[5] for row in rows[1:]} == ids


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (("--channel", "email"), ["first", "third", "second", "off"]),
        (("-c", "email", "--inactive"), ["off"]),
        (("--provider", "mailgun", "--active"), ["first", "third", "second"]),
        (("--provider", "none-such"), []),
    ],
)
def test_list_can_be_filtered(program: Program, flags: tuple[str, ...], expected: list[str]) -> None:
    create_several(program)
    done = ok(program.run("list", *flags))
    assert [line.split("\t")[1] for line in done.out.splitlines()] == expected
    assert [entry["identifier"] for entry in ok(program.run("list", *flags, "--json")).json] == expected
    assert ("no match (6 integrations)" in done.err) is (not expected)


def test_unknown_channel_is_rejected(program: Program) -> None:
    done = program.run("list", "--channel", "emial")
    assert done.code == 2
    assert "did you mean email?" in done.err


def test_list_on_terminal_is_a_styled_table(program: Program) -> None:
    create_several(program)
    done = ok(program.run("list", terminal=True, env={"COLUMNS": "120"}))
    assert "6 integrations in Development (" in done.out
    assert "\x1b[1m" in done.out  # the primary integration is bold
    assert "\x1b[2m" in done.out  # inactive integrations are dim
    assert done.out.index("first") < done.out.index("third") < done.out.index("second") < done.out.index("off")


def test_json_list_masks_credentials(program: Program) -> None:
    create(program, "mail", *credentials())
    (mail,) = [entry for entry in ok(program.run("list", "--json")).json if entry["identifier"] == "mail"]
    assert mail["credentials"]["apiKey"] == "********"
    assert mail["credentials"]["domain"] == "mg.acme.io"


def test_list_shows_only_the_key_environment(program: Program) -> None:
    other = "6b03c66d9567edf1d9ef70d5"
    listed = [entry("i0"), entry("i1", _environmentId=other), entry("i2")]
    with staging(listed, name="Staging [red]\u202e") as (_, env):
        done = ok(program.run("list", env=env))
        assert [line.split("\t")[1] for line in done.out.splitlines()] == ["i0", "i2"]
        assert "Staging [red]\\u202e" in ok(program.run("list", env=env, terminal=True)).out


def test_empty_environment_prints_a_note(program: Program) -> None:
    with staging([]) as (_, env):
        done = ok(program.run("list", env=env))
        assert (done.out, done.err) == ("", "note: the environment Staging has no integrations\n")
        assert ok(program.run("list", "--json", env=env)).json == []


# -- references -------------------------------------------------------------------------------------------------------


def test_get_accepts_identifier_or_id(program: Program) -> None:
    created = create(program, "mail")
    assert ok(program.run("get", "mail", "--json")).json["_id"] == created
    assert ok(program.run("get", created, "--json")).json["identifier"] == "mail"
    assert ok(program.run("get", "mail", "-q")).out == f"{created}\n"


@pytest.mark.parametrize("command", [("get",), ("update", "-n", "x"), ("delete", "--yes"), ("set-primary",)])
def test_unknown_reference_suggests_the_nearest_identifier(program: Program, command: tuple[str, ...]) -> None:
    create(program, "mailgun-main")
    done = program.run(command[0], "malgun-main", *command[1:])
    assert done.code == 5
    assert "the environment Development has no integration 'malgun-main' (did you mean mailgun-main?)" in done.err


def test_ambiguous_identifier_is_rejected_with_all_ids(program: Program) -> None:
    with staging([entry("twin", _id="id1"), entry("twin", _id="id2")]) as (server, env):
        done = program.run("delete", "twin", "--yes", env=env)
        assert done.code == 2
        assert "twin names 2 integrations: id1, id2" in done.err
        assert {request.method for request in server.received} == {"GET"}


# -- update -----------------------------------------------------------------------------------------------------------


def run_update(
    program: Program, *flags: str, existing: dict[str, Any] | None = None
) -> tuple[Finished, list[Received]]:
    """Run one update against a server with one integration; return the run and the write requests."""
    with staging([entry("mail", _id=ENVIRONMENT_ID, **(existing or {}))]) as (server, env):
        done = program.run("update", "mail", *flags, env=env)
        return done, [request for request in server.received if request.method != "GET"]


@pytest.mark.parametrize(
    ("flags", "body"),
    [
        (("--name", "Zoë"), '{"name":"Zoë","check":false}'),
        (("--identifier", "other"), '{"identifier":"other","check":false}'),
        (("--active",), '{"active":true,"check":false}'),
        (("--inactive", "--check"), '{"active":false,"check":true}'),
        (("--extra", 'rules={"a":null}'), '{"check":false,"rules":{"a":null}}'),
        (
            ("--condition", "tenant.identifier=acme"),
            (
                '{"check":false,"conditions":[{"isNegated":false,"type":"GROUP","value":"AND","children":'
                '[{"field":"identifier","value":"acme","operator":"EQUAL","on":"tenant"}]}]}'
            ),
        ),
        (
            ("--replace-credentials", "-C", "apiKey=env:KEY"),
            f'{{"credentials":{{"apiKey":"{SECRET}"}},"check":false}}',
        ),
        (
            tuple(credentials()),
            (
                f'{{"credentials":{{"apiKey":"{SECRET}","user":"u","domain":"mg.acme.io","from":"f@acme.io",'
                '"senderName":"Acme"},"check":false}'
            ),
        ),
    ],
)
def test_update_sends_only_the_given_fields(program: Program, flags: tuple[str, ...], body: str) -> None:
    done, (request,) = run_update(program, *flags)
    assert done.code == 0, done.err
    assert (request.method, request.path) == ("PUT", "/v1/integrations/6b03c66d9567edf1d9ef70d4")
    assert request.body.decode() == body
    assert SECRET not in done.out + done.err


@pytest.mark.parametrize(
    ("flags", "existing", "dropped"),
    [
        (("-C", "apiKey=env:KEY"), {}, "user, domain, from, senderName"),
        (("-C", "user=u"), {"credentials": {"apiKey": "nvsk.x", "domain": "d"}}, "apiKey, domain, from, senderName"),
        (tuple(credentials()), {"credentials": {"ipPoolName": "p"}}, "ipPoolName"),
    ],
)
def test_update_names_credentials_it_would_drop(
    program: Program, flags: tuple[str, ...], existing: dict[str, Any], dropped: str
) -> None:
    done, requests = run_update(program, *flags, existing=existing)
    assert done.code == 2
    assert f"mail would lose {dropped}: servers replace credentials as a whole" in done.err
    assert requests == []


@pytest.mark.parametrize(
    ("flags", "code", "message"),
    [
        ((), 2, "there is nothing to change"),
        (("--check",), 2, "there is nothing to change"),
        (("-C", "apikey=x"), 2, "did you mean apiKey?"),
        (("-n", ""), 2, "--name is empty"),
        (("--no-such-flag",), 2, "--no-such-flag"),
    ],
)
def test_invalid_update_is_rejected_without_a_request(
    program: Program, flags: tuple[str, ...], code: int, message: str
) -> None:
    done, requests = run_update(program, *flags)
    assert done.code == code
    assert message in done.err
    assert requests == []


def test_literal_secret_prints_a_warning(program: Program) -> None:
    done, _ = run_update(program, "--replace-credentials", "-C", f"apiKey={SECRET}")
    assert "on the command line" in done.err
    assert SECRET not in done.out + done.err


def test_update_reports_a_channel_without_primary(program: Program) -> None:
    create(program, "mail", "--active")
    done = ok(program.run("update", "mail", "--inactive"))
    assert "email has no primary integration now" in done.err


def test_plan_detects_credential_changes_made_by_update(program: Program, tmp_path: Path) -> None:
    path = tmp_path / "env.toml"
    path.write_text('version = 1\n[integrations.mail]\nprovider = "expo"\ncredentials = { apiKey = "k-1" }\n')
    ok(program.run("apply", str(path), "--yes"))
    assert program.run("plan", str(path), "--exit-code").code == 0
    ok(program.run("update", "mail", "-C", "apiKey=k-2"))
    assert program.run("plan", str(path), "--exit-code").code == 9
    ok(program.run("update", "mail", "-C", "apiKey=k-1"))
    assert program.run("plan", str(path), "--exit-code").code == 0


def test_update_masks_referenced_credentials_in_output(program: Program) -> None:
    stored = {"user": "abc", "domain": "mg.acme.io"}  # too short to be redacted by its text
    flags = ("update", "mail", "--replace-credentials", "-C", "user=env:ME", "-C", "domain=mg.acme.io")
    with staging([entry("mail", credentials=stored)]) as (_, env):
        masked = ok(program.run(*flags, env={**env, "ME": "abc"})).fields
        shown = ok(program.run(*flags, "--show-secrets", env={**env, "ME": "abc"})).fields
    assert (masked["credentials.user"], masked["credentials.domain"]) == ("********", "mg.acme.io")
    assert (shown["credentials.user"], shown["credentials.domain"]) == ("abc", "mg.acme.io")


def test_update_works_when_environment_is_unknown(program: Program) -> None:
    def respond(request: Received) -> Reply:
        if request.path.endswith("/me"):
            return Reply(404, {"statusCode": 404, "message": "no such route"})
        return Reply(200, {"data": [entry("push", providerId="expo", channel="push")]})

    def updated(request: Received) -> Reply:
        reply = respond(request)
        return reply if request.method == "GET" else Reply(200, {"data": reply.body["data"][0]})

    with scripted(updated) as server:
        env = {"NOVU_SECRET_KEY": "sk-0123456789", "NOVU_API_URL": server.url, "INTEGRATIONS_PROFILE": ""}
        done = ok(program.run("update", "push", "-C", "apiKey=env:KEY", env=env))
    assert done.fields["identifier"] == "push"
    assert done.err == ""


@pytest.mark.skipif(os.name == "nt", reason="Windows writes through links")
def test_update_works_when_fingerprints_cannot_be_saved(program: Program, tmp_path: Path) -> None:
    path = tmp_path / "env.toml"
    path.write_text('version = 1\n[integrations.mail]\nprovider = "expo"\ncredentials = { apiKey = "k-1" }\n')
    ok(program.run("apply", str(path), "--yes"))
    state = Path(program.environ["INTEGRATIONS_STATE"])
    for file in state.glob("*.jsonl"):  # a symbolic link is read, but never written
        file.rename(tmp_path / file.name)
        file.symlink_to(tmp_path / file.name)
    done = ok(program.run("update", "mail", "-C", "apiKey=env:KEY", "--show-secrets"))
    assert f"warning: the new credentials cannot be remembered in {state}: " in done.err
    assert "Traceback" not in done.err


# -- delete and set-primary -------------------------------------------------------------------------------------------


def test_delete_needs_confirmation(program: Program) -> None:
    create(program, "mail", "--active")
    unconfirmed = program.run("delete", "mail")
    assert (unconfirmed.code, "--yes" in unconfirmed.err) == (2, True)
    done = ok(program.run("delete", "mail", "--yes", "--json"))
    assert (done.json["identifier"], done.json["deleted"]) == ("mail", True)
    assert program.run("get", "mail").code == 5
    assert program.run("delete", "mail", "--yes").code == 5


def test_delete_on_terminal_asks_and_accepts_no(program: Program) -> None:
    create(program, "mail", "--active")
    env = {"INTEGRATIONS_ACCESSIBLE": "1", "TERM": "dumb"}
    declined = program.run("delete", "mail", terminal=True, stdin="n\n", env=env)
    assert declined.code == 1
    assert "Delete mail (mailgun, email, primary) from Development?" in declined.err
    accepted = program.run("delete", "mail", "-q", terminal=True, stdin="y\n", env=env)
    assert accepted.code == 0, accepted.err
    assert "email has no primary integration now" in accepted.err


def test_delete_warns_about_built_in_integrations(program: Program) -> None:
    create(program, "mail")
    env = {"INTEGRATIONS_ACCESSIBLE": "1"}
    listed = ok(program.run("list", "--json")).json
    (built_in,) = [entry["identifier"] for entry in listed if entry["providerId"] == "novu"]
    message = "built into the service"
    assert message in program.run("delete", built_in, terminal=True, stdin="n\n", env=env).err
    assert message not in program.run("delete", "mail", terminal=True, stdin="n\n", env=env).err


def test_set_primary_is_idempotent_and_reorders_the_channel(program: Program) -> None:
    create(program, "first", "--active")
    create(program, "second", "--condition", "tenant.identifier=acme")
    done = ok(program.run("set-primary", "second", "--json"))
    assert (done.json["primary"], done.json["active"], done.json["conditions"]) == (True, True, [])
    message = ok(program.run("set-primary", "second")).err
    assert "it was primary already" in message
    assert [line.split("\t")[4] for line in ok(program.run("list", "-c", "email")).out.splitlines()] == [
        "primary",
        "fallback 1",
    ]


def test_set_primary_reports_activation_and_removed_conditions(program: Program) -> None:
    create(program, "first", "--active")
    create(program, "second", "--condition", "tenant.identifier=acme")
    message = ok(program.run("set-primary", "second")).err
    assert "it was inactive and is active now" in message
    assert "its conditions were removed" in message


def test_set_primary_explains_channels_without_primary(program: Program) -> None:
    create(program, "push", provider="expo")
    done = program.run("set-primary", "push")
    assert done.code == 7
    assert "Channel push does not support primary" in done.err
    assert "only email and sms have a primary integration" in done.err
