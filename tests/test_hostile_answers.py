"""Whatever a server answers: no traceback, no hang, an exit code of the table, and nothing that a terminal obeys."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import ENVIRONMENT, NETWORK, Call, Scene, calls_of, flags_of, scene_in
from conftest import Figures
from echoes import STATUSES
from hostile import STEERERS, STEERING, assert_sane, assert_unhurt, checked, integrations, texts, values
from integrations_cli.api.client import Client, integration_from
from integrations_cli.api.responses import decode, error_from
from integrations_cli.api.transport.interface import Request, Response
from integrations_cli.commands import complete as completion
from integrations_cli.create.exactly_once import create_exactly_once, prepare_create
from integrations_cli.errors import IntegrationsError
from integrations_cli.models import Draft
from integrations_cli.terminal.views import Fields, integration_view
from raw_server import Request as Received
from raw_server import http

TITLE: Final = "Hostile answers: cases without a traceback, a hang or a steered terminal"

MODES: Final[Sequence[tuple[tuple[str, ...], bool]]] = (
    ((), False),
    (("--json",), False),
    ((), True),
    (("--verbose",), False),
    (("--verbose", "--color", "always"), True),
)

CALLS: Final = {
    "create": Call(("-p", "mailgun", "--if-not-exists", "-i", "mailgun-main", "--retries", "0")),
    "apply": Call(("{inputs}/manifest.toml", "--yes", "--prune", "--retries", "0")),
}

# -- every endpoint, without a socket ---------------------------------------------------------------------------------

statuses = st.sampled_from(STATUSES) | st.integers(100, 999)

header_values = st.text(st.characters(max_codepoint=255), max_size=30) | st.sampled_from(
    [
        "Wed, 21 Oct 2115 07:28:00 GMT",
        "Wed, 99 Foo 99999 99:99:99 +9999",
        "99999999999999999999",
        "1e400",
        "-1",
        "0",
        "application/json; charset=utf-16",
        "text/plain",
        "text/html",
        "http://[::1",
        "//user:word@[x]/",
        "true",
    ]
)

headers = st.dictionaries(
    st.sampled_from(
        ["retry-after", "date", "location", "content-type", "ratelimit-reset", "idempotency-key", "idempotency-replay"]
    )
    | st.text(st.characters(max_codepoint=127), min_size=1, max_size=10),
    header_values,
    max_size=5,
)


def encoded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=True).encode()


documents = st.one_of(
    integrations,
    integrations.map(lambda one: {"data": one}),
    st.lists(integrations, max_size=4),
    st.lists(integrations, max_size=4).map(lambda many: {"data": many}),
    values,
    values.map(lambda value: {"data": value}),
    st.fixed_dictionaries({"message": values}, optional={"errors": values, "error": values, "errorId": values}),
    st.fixed_dictionaries({"_id": st.just(ENVIRONMENT), "name": texts}),
).map(encoded)

bodies = st.one_of(
    documents,
    documents.flatmap(lambda body: st.integers(0, len(body)).map(lambda end: body[:end])),
    documents.map(lambda body: body.decode().encode("utf-16")),
    documents.map(lambda body: b"\xef\xbb\xbf" + body),
    documents.map(lambda body: body.replace(b"\\u", b"\\x")),
    st.binary(max_size=200),
    st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")),
)

answers = st.builds(Response, statuses, headers, bodies, st.floats(0, 10), st.booleans())


class Scripted:
    """A transport that gives the answers by turns."""

    base_url = "https://api.example"

    def __init__(self, given: Sequence[Response]) -> None:
        self._answers = itertools.cycle(given)

    def send(self, request: Request, timeout: float) -> Response:
        return next(self._answers)

    def close(self) -> None:
        """Nothing is open."""


class Still:
    """A clock on which an hour passes whenever it is looked at, so that no deadline is waited for."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def now(self) -> float:
        self._seconds += 20.0
        return self._seconds

    def wall(self) -> float:
        return 1_800_000_000.0

    def sleep(self, seconds: float) -> None:
        assert 0 <= seconds <= 60


def ask_everything(api: Client) -> list[Callable[[], object]]:
    draft = Draft("mailgun", "email", identifier="mailgun-main")
    return [
        api.environment,
        api.list,
        lambda: api.list(ENVIRONMENT),
        lambda: api.update("x", b"{}"),
        lambda: api.set_primary("x"),
        lambda: api.delete("x"),
        lambda: create_exactly_once(api, prepare_create(draft, "key")),
    ]


def shown(answer: Response) -> Fields:
    return integration_view(integration_from(answer))


def error_of(ask: Callable[[], object]) -> IntegrationsError | None:
    try:
        ask()
    except IntegrationsError as error:
        return error
    return None


def test_every_endpoint_returns_or_raises_known_errors(figures: Figures) -> None:
    cases = 0

    @checked(150)
    @given(st.lists(answers, min_size=1, max_size=5))
    def check(given_answers: Sequence[Response]) -> None:
        nonlocal cases
        api = Client(Scripted(given_answers), clock=Still(), random=lambda: 0.5)
        for ask in ask_everything(api):
            cases += 1
            error = error_of(ask)
            assert error is None or (len(error.message) < 5000 and error.exit_code in {4, 5, 6, 7, 8, 10})
        for answer in given_answers:
            error_from(answer)
            error_of(partial(decode, answer))
            error_of(partial(shown, answer))

    check()
    figures(TITLE, [("endpoints, without a socket", f"{cases} cases")])


# -- every command, over a socket -------------------------------------------------------------------------------------

raw_answers = st.one_of(
    st.builds(lambda status, body, pairs: http(status, body, pairs.items()), statuses, bodies, headers),
    st.builds(lambda body, cut: http(200, body)[:-cut], bodies, st.integers(1, 60)),
    st.builds(lambda body, extra: http(200, body) + extra, bodies, st.binary(max_size=20)),
    st.builds(lambda body: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body, bodies),
    st.builds(lambda head, body: b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + body, st.binary(max_size=40), bodies),
    st.binary(max_size=80),
)


def sane(scene: Scene, command: str, mode: tuple[tuple[str, ...], bool]) -> None:
    call = CALLS.get(command) or calls_of(scene)[command][0]
    words = [word.replace("{inputs}", str(scene.inputs)) for word in call.arguments]
    arguments = (*command.split(), *words, *mode[0], "--no-input", "--timeout", "10")
    assert_sane(scene.program.run(*arguments, stdin=call.stdin, terminal=mode[1]), arguments, terminal=mode[1])


def always(answer: bytes, _: Received) -> bytes:
    return answer


def environment_or(answer: bytes) -> Callable[[Received], bytes]:
    def respond(request: Received) -> bytes:
        if request.target.endswith("/me"):
            return http(200, {"data": {"_id": ENVIRONMENT, "name": "Dev"}})
        return answer

    return respond


@pytest.mark.parametrize("command", sorted(NETWORK))
def test_every_command_survives_every_answer(command: str, tmp_path: Path, figures: Figures) -> None:
    cases = 0
    turns = itertools.cycle(MODES)
    with scene_in(tmp_path) as scene:

        @checked(12)
        @given(st.lists(raw_answers, min_size=1, max_size=4))
        def check(replies: Sequence[bytes]) -> None:
            nonlocal cases
            cases += 1
            cycled = itertools.cycle(replies)
            scene.server.answer = lambda _: next(cycled)
            sane(scene, command, next(turns))

        check()

        @checked(12)
        @given(st.lists(integrations, max_size=4), raw_answers, st.booleans())
        def check_list(listed: Sequence[Any], other: bytes, changing: bool) -> None:
            nonlocal cases
            cases += 1
            fine = environment_or(http(200, encoded({"data": listed})))
            scene.server.answer = lambda request: fine(request) if request.method == "GET" or changing else other
            sane(scene, command, next(turns))

        check_list()
    figures(TITLE, [("commands, over a socket", f"{cases} cases")])


NUMERAL: Final = b"9" * 5000
NASTY: Final[dict[str, bytes]] = {
    "nothing": b"",
    "deep lists": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"data":' * 100_000 + b"1" + b"}" * 100_000,
    "half as deep as Python goes": b'{"data":' + b"[" * 500 + b"]" * 500 + b"}",
    "just too deep": b'{"data":[' + b"[" * 61 + b"]" * 61 + b"]}",
    "duplicate keys": b'{"data":{"_id":"a","_id":"b","identifier":"x","identifier":null}}',
    "NaN": b'{"data":{"_id":"a","priority":NaN,"x":[Infinity,-Infinity]}}',
    "beyond a float": b'{"data":{"_id":"a","priority":1e999}}',
    "beyond the digits of an int": b'{"data":{"_id":"a","priority":' + NUMERAL + b"}}",
    "a float of many digits": b'{"data":{"_id":"a","priority":0.' + NUMERAL + b"}}",
    "lone surrogates": b'{"data":{"_id":"\\ud800","name":"\\udfff\\ud800","\\udead":["\\udead"]}}',
    "broken UTF-8": b'{"data":{"_id":"\xff\xfe\xc0\x80","name":"\xed\xa0\x80"}}',
    "UTF-16": '{"data":{"_id":"a","name":"é"}}'.encode("utf-16"),
    "UTF-32": '{"data":{"_id":"a","name":"é"}}'.encode("utf-32"),
    "Latin-1": '{"data":{"_id":"a","name":"é"}}'.encode("latin-1"),
    "a mark before it": b'\xef\xbb\xbf{"data":{"_id":"a"}}',
    "NUL": b'{"data":{"_id":"a\\u0000b","name":"\\u0000"}}',
    "many keys": b'{"data":{' + b",".join(b'"k%d":1' % n for n in range(5_000)) + b"}}",
    "too many values": b"[" + b"{}," * 200_000 + b"{}]",
    "one long text": b'{"data":{"_id":"a","name":"' + b"x" * 300_000 + b'"}}',
    "long message": b'{"message":"' + b"x " * 100_000 + b'"}',
    "many messages": b'{"message":[' + b'"x",' * 10_000 + b'"x"]}',
    "messages that are none": b'{"message":[[["x"]],{"a":1},null,5],"errors":{"a":{"messages":{"b":1}},"c":[[]]}}',
    "wrong types": b'{"data":{"_id":5,"identifier":[],"name":{},"credentials":"x","conditions":{},"active":"yes"}}',
    "a list of everything": b'{"data":[{"_id":"a"},[],null,"x",5]}',
    "null": b"null",
    "a text": b'"data"',
    "data within data": b'{"data":{"data":{"data":{}}}}',
    "not JSON": b"{'data': None}",
    "two documents": b'{"data":[]}{"data":[]}',
    "HTML": b"<html><script>alert(1)</script>",
    "bytes": bytes(range(256)),
}


@pytest.mark.parametrize("command", sorted(NETWORK))
def test_every_command_survives_the_worst_answers(command: str, tmp_path: Path, figures: Figures) -> None:
    cases = 0
    with scene_in(tmp_path) as scene:
        turns = itertools.cycle(MODES)
        for body in NASTY.values():
            fine, refused = http(200, body), http(400, body)
            for scene.server.answer in (partial(always, fine), environment_or(fine), partial(always, refused)):
                cases += 1
                sane(scene, command, next(turns))
    figures(TITLE, [("the worst bodies", f"{cases} cases")])


# -- terminals --------------------------------------------------------------------------------------------------------


def steering(text: str) -> Callable[[Received], bytes]:
    """A server that says this text wherever a text can be."""
    one = {
        "_id": f"1{text}",
        "_environmentId": ENVIRONMENT,
        "identifier": f"mailgun-main{text}",
        "name": text,
        "providerId": text,
        "channel": f"email{text}",
        "active": True,
        "credentials": {"domain": text, text: text},
        "conditions": [{text: text}],
        text or "empty": {text: [text]},
    }
    known = {**one, "_id": "2", "identifier": "mailgun-main", "providerId": "mailgun", "channel": "email"}

    def answer(request: Received) -> bytes:
        if request.target.endswith("/me"):
            return http(200, {"data": {"_id": ENVIRONMENT, "name": text}})
        return http(200, encoded({"data": [one, known] if request.method in {"GET", "DELETE"} else known}))

    return answer


def refusing(text: str) -> Callable[[Received], bytes]:
    """A server that refuses in such words."""
    body = {"message": [text, text], "error": text, "errorId": text, "errors": {text: {"messages": [text]}}}
    safe = "".join(character for character in text if 0x20 < ord(character) < 0x7F or ord(character) == 0x1B)
    pairs = [("Location", f"https://{safe}/"), ("Retry-After", safe), ("X-Other", safe)]
    return lambda request: http(
        302 if request.method == "GET" and len(text) % 2 else 400, encoded(body), pairs, reason=safe
    )


@pytest.mark.parametrize("command", sorted(NETWORK))
def test_no_server_text_steers_the_terminal(command: str, tmp_path: Path, figures: Figures) -> None:
    cases = 0
    special = [((flag,), False) for flag in ("--quiet", "--all", "--show-secrets") if flag in flags_of(command)]
    with scene_in(tmp_path) as scene:
        turns = itertools.cycle([*MODES, *special])
        for text in STEERERS:
            for scene.server.answer in (steering(text), steering(text), refusing(text)):
                cases += 1
                sane(scene, command, next(turns))
    figures(TITLE, [("steering texts", f"{cases} cases")])


@pytest.mark.parametrize("command", ["delete", "apply"])
def test_no_server_text_steers_a_question(command: str, tmp_path: Path, figures: Figures) -> None:
    cases = 0
    with scene_in(tmp_path) as scene:
        words = ["2"] if command == "delete" else [str(scene.inputs / "manifest.toml"), "--prune"]
        for text in filter(None, STEERERS):
            cases += 1
            scene.server.answer = steering(text)
            done = scene.program.run(
                command, *words, stdin="n\n", terminal=True, env={"INTEGRATIONS_ACCESSIBLE": "1", "TERM": "xterm"}
            )
            assert_unhurt(done, text, terminal=True, bar=True)
            assert done.code == 1, done.err
            assert "[y/N]" in done.err
    figures(TITLE, [("questions", f"{cases} cases")])


def test_no_server_text_steers_a_completion(tmp_path: Path, figures: Figures) -> None:
    cases = 0
    with scene_in(tmp_path) as scene:
        for text in STEERERS:
            cases += 1
            scene.server.answer = steering(text)
            lines = completion.completions(["identifiers"], scene.program.environ).splitlines()
            assert len(lines) == 2, (text, lines)
            for line in lines:
                assert STEERING.search(line) is None, line
                assert line.count("\t") == 1
    figures(TITLE, [("completions", f"{cases} cases")])


def test_server_text_adds_no_row_or_field(tmp_path: Path, figures: Figures) -> None:
    """In a pipe a row is one line and a TAB ends a field, whatever the names hold; JSON says what the server said."""
    cases = 0
    with scene_in(tmp_path) as scene:
        for text in STEERERS:
            cases += 1
            scene.server.answer = steering(text)
            rows = scene.program.run("list").out.split("\n")
            assert [row.count("\t") for row in rows] == [5, 5, 0], rows
            rows = scene.program.run("get", "2").out.split("\n")
            assert {row.count("\t") for row in rows[:-1]} == {1}, rows
            document = scene.program.run("get", "2", "--json").json
            assert document["name"] == text.replace("\ud800", "\ufffd")
    figures(TITLE, [("rows and fields", f"{cases} cases")])
