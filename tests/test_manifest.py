"""Manifests are read strictly: everything that is wrong is said at once, with its file and line."""

from __future__ import annotations

import json
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from integrations_cli.errors import InputError
from integrations_cli.inputs.credential_values import ValueReader
from integrations_cli.inputs.line_numbers import find_keys, first_lines
from integrations_cli.manifests import load as manifest
from integrations_cli.manifests.documents import Source
from integrations_cli.manifests.entries import Entry

WHOLE = """
version = 1

[integrations.mailgun-main]            # the identifier
provider = "mailgun"
name = "Mailgun"
active = true
primary = true
credentials = { apiKey = { env = "MAILGUN_KEY" }, user = "api", domain = "mg.acme.io", from = "f", senderName = "A" }

[integrations."text me"]
provider = "twilio"
credentials.accountSid = "AC1"
credentials.token = { command = ["op", "read", "x"] }
conditions = [
  { isNegated = false, type = "GROUP", value = "AND", children = [] },
]

[integrations.smtp]
provider = "nodemailer"
check = true
rules = { "==" = [{ var = "x" }, 1] }
[integrations.smtp.credentials]
secure = true
port = "587"
tlsOptions = { rejectUnauthorized = false, minVersion = "TLSv1.2" }
password = { file = "password.txt" }
"""


def read(text: str, form: Any = "toml", name: str = "env.toml") -> dict[str, Entry]:
    return manifest.parse([Source(name, text, form)])


def findings(*texts: str, form: Any = "toml") -> list[str]:
    """What is said of one manifest, or of several files that are one."""
    names = ["env.toml"] if len(texts) == 1 else [f"{number}.toml" for number in range(len(texts))]
    with pytest.raises(InputError) as caught:
        manifest.parse([Source(name, text, form) for name, text in zip(names, texts, strict=True)])
    assert "; ".join(caught.value.details) == caught.value.message
    return list(caught.value.details)


def reader(folder: Path | None = None, **environ: str) -> ValueReader:
    return ValueReader(stdin=lambda: b"", environ=environ, folder=folder)


# -- what is read -----------------------------------------------------------------------------------------------------


def test_every_field_is_read() -> None:
    entries = read(WHOLE)
    assert list(entries) == ["mailgun-main", "text me", "smtp"]
    main, phone, smtp = entries.values()
    assert (main.provider, main.channel, main.name, main.active, main.primary) == (
        "mailgun",
        "email",
        "Mailgun",
        True,
        True,
    )
    assert main.credentials is not None
    assert main.credentials["apiKey"] == {"env": "MAILGUN_KEY"}
    assert (phone.channel, phone.active, phone.primary, phone.name, phone.check) == ("sms", None, None, None, False)
    assert phone.values["conditions"] == [{"isNegated": False, "type": "GROUP", "value": "AND", "children": []}]
    assert smtp.check is True
    assert smtp.values["rules"] == {"==": [{"var": "x"}, 1]}
    assert smtp.credentials is not None
    assert smtp.credentials["tlsOptions"] == {"rejectUnauthorized": False, "minVersion": "TLSv1.2"}


def test_json_and_toml_give_the_same_manifest() -> None:
    assert read(json.dumps(tomllib.loads(WHOLE)), "json") == read(WHOLE)


def test_unknown_provider_and_channel_are_accepted() -> None:
    entry = read('version = 1\n[integrations.x]\nprovider = "new-one"\nchannel = "voice"')["x"]
    assert (entry.provider, entry.channel) == ("new-one", "voice")


def test_several_files_are_one_manifest(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('version = 1\n[integrations.a]\nprovider = "expo"\n')
    (tmp_path / "b.json").write_text('{"version": 1, "integrations": {"b": {"provider": "fcm"}}}')
    (tmp_path / "notes.txt").write_text("not a manifest")
    (tmp_path / ".hidden.toml").write_text("not one either")
    (tmp_path / "sub").mkdir()
    assert list(manifest.load([str(tmp_path)], reader())) == ["a", "b"]
    both = [str(tmp_path / "b.json"), str(tmp_path / "a.toml")]
    assert list(manifest.load(both, reader())) == ["b", "a"]


@pytest.mark.parametrize(
    "text", ['version = 1\n[integrations.a]\nprovider = "expo"', '{"version": 1, "integrations": {}}']
)
def test_standard_input_is_toml_or_json(text: str) -> None:
    source = ValueReader(stdin=text.encode, environ={})
    assert set(manifest.load(["-"], source)) <= {"a"}


def test_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "env.toml"
    path.write_bytes(b'\xef\xbb\xbfversion = 1\r\n[integrations.a]\r\nprovider = "expo"\r\n')
    assert list(manifest.load([str(path)], reader())) == ["a"]


# -- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines_", "message"),
    [
        (['nmae = "x"'], "env.toml:4: integrations.a.nmae: there is no such field: did you mean name?"),
        (
            ["credentails = { }"],
            "env.toml:4: integrations.a.credentails: there is no such field: did you mean credentials?",
        ),
        (['providerId = "x"'], "env.toml:4: integrations.a.providerId: there is no such field: did you mean provider?"),
        (['name = ""'], "env.toml:4: integrations.a.name: must be a text that is not empty, not an empty text"),
        (["name = 1"], "env.toml:4: integrations.a.name: must be a text that is not empty, not a number"),
        (['active = "true"'], "env.toml:4: integrations.a.active: must be true or false, not a text"),
        (["primary = 1"], "env.toml:4: integrations.a.primary: must be true or false, not a number"),
        (["credentials = []"], "env.toml:4: integrations.a.credentials: must be an object, not a list"),
        (
            ["credentials = { port = 587 }"],
            ("env.toml:4: integrations.a.credentials.port: must be text in quotes"),
        ),
        (
            ["[integrations.a.credentials]", "", 'secure = "true"'],
            "env.toml:6: integrations.a.credentials.secure: must be true or false, without quotes",
        ),
        (
            ["[integrations.a.credentials]", 'tlsOptions = "{}"'],
            "env.toml:5: integrations.a.credentials.tlsOptions: must be a JSON object, without quotes around it",
        ),
        (
            ["[integrations.a.credentials]", "", 'tlsOptions = { json = "{" }'],
            "env.toml:6: integrations.a.credentials.tlsOptions.json: must hold valid JSON",
        ),
        (
            ["[integrations.a.credentials]", "tlsOptions = { since = 1979-05-27 }"],
            (
                "env.toml:5: integrations.a.credentials.tlsOptions.since: "
                "is a date or a time, which JSON does not have: put it in quotes"
            ),
        ),
        (
            ["[integrations.a.credentials]", 'apiKey = { envv = "X" }'],
            (
                "env.toml:5: integrations.a.credentials.apiKey: "
                'must be text; put an object in quotes, or in a file of its own: {"file": "PATH"}'
            ),
        ),
        (
            ["[integrations.a.credentials.apiKey]", 'command = "op read"'],
            "env.toml:5: integrations.a.credentials.apiKey.command: must be a list of texts, the program first",
        ),
        (
            ["[integrations.a.credentials.apiKey]", 'command = ["op", 1]'],
            "env.toml:5: integrations.a.credentials.apiKey.command: must be a list of texts, the program first",
        ),
        (
            ["[integrations.a.credentials.apiKey]", "env = 1"],
            "env.toml:5: integrations.a.credentials.apiKey.env: must be a text that is not empty, not a number",
        ),
        (["conditions = [1]"], "env.toml:4: integrations.a.conditions[0]: must be an object, not a number"),
        (["conditions = {}"], "env.toml:4: integrations.a.conditions: must be a list, not an object"),
        (
            ["configurations = { since = 1979-05-27 }"],
            (
                "env.toml:4: integrations.a.configurations.since: "
                "is a date or a time, which JSON does not have: put it in quotes"
            ),
        ),
        (["rules = { x = nan }"], "env.toml:4: integrations.a.rules.x: is not a number that JSON has"),
        (['rules = { json = "{" }'], "env.toml:4: integrations.a.rules.json: must hold valid JSON"),
        (
            ["active = false", "primary = true"],
            (
                "env.toml:5: integrations.a.primary: only an active integration can be primary: "
                "set active = true, or leave primary out"
            ),
        ),
        (
            ["primary = true", "conditions = [{}]"],
            (
                "env.toml:4: integrations.a.primary: an integration with conditions cannot be primary: "
                "servers would drop one of the two"
            ),
        ),
        (
            ['channel = "push"', "primary = true"],
            "env.toml:5: integrations.a.primary: the channel push has no primary integration; email and sms have one",
        ),
    ],
)
def test_errors_in_an_integration_name_their_line(lines_: list[str], message: str) -> None:
    text = "\n".join(["version = 1", "[integrations.a]", 'provider = "mailgun"', *lines_])
    assert findings(text) == [message]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "env.toml:1: version is missing: write version = 1 at the top"),
        ("version = 2", "env.toml:1: version: must be 1, the only version that this program reads"),
        ("\nversion = 1.0", "env.toml:2: version: must be 1, the only version that this program reads"),
        ("version = true", "env.toml:1: version: must be 1, the only version that this program reads"),
        ("version = 1\nintegrations = []", "env.toml:2: integrations: must be a table, not a list"),
        ("version = 1\n\n[integration.a]", "env.toml:3: integration: there is no such key: did you mean integrations?"),
        ("version = 1\n[integrations]\na = 1", "env.toml:3: integrations.a: must be a table, not a number"),
        ("version = 1\n[integrations.a]", "env.toml:2: integrations.a: provider is missing"),
        ('version = 1\n[integrations.""]\n', 'env.toml:2: integrations."": the identifier is empty'),
    ],
)
def test_errors_in_the_file_name_their_line(text: str, message: str) -> None:
    assert findings(text) == [message]


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("version = = 1", "env.toml:1:11: not valid TOML: "),
        ("version = 1\n[integrations.a", "env.toml:2:16: not valid TOML: "),
        ('version = 1\nx = "a\n"', "env.toml:2:"),
    ],
)
def test_syntax_errors_name_line_and_column(text: str, begins: str) -> None:
    (message,) = findings(text)  # the rest are the parser's own words
    assert message.startswith(begins)
    assert "(at" not in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "env.toml:1:2: not valid JSON: expecting property name enclosed in double quotes"),
        ('{"version": 1,\n "version": 1}', "env.toml:2: version: is already in env.toml:1"),
        ('{"version": NaN}', "env.toml: not usable: NaN is not a JSON number"),
        ("[]", "env.toml:1: must hold an object, not a list"),
        ("null", "env.toml:1: must hold an object, not null"),
        ('{"version": 1,\n\n"integrations": {"a": {"provider": "expo",\n"active": null}}}',
         "env.toml:4: integrations.a.active: must be true or false, not null"),
        ('{"version": 1, "integrations": {"a\\ud800": {"provider": "expo"}}}',
         'env.toml:1: integrations."a\ud800": the identifier is not valid Unicode text'),
        ('{"version": 1,\n"integrations": {"a": {"provider": "expo",\n"rules": {"b": ["\\ud800"]}}}}',
         "env.toml:3: integrations.a.rules.b[0]: is not valid Unicode text"),
        ('{"version": 1,\n"integrations": {"a": {"provider": "expo",\n"rules": {"\\ud800": 1}}}}',
         "env.toml:3: integrations.a.rules: has a key that is not valid Unicode text"),
        ("[" * 100_000, "env.toml: not usable: it is nested too deeply"),
    ],
)  # fmt: skip
def test_errors_in_json_name_their_line(text: str, message: str) -> None:
    assert findings(text, form="json")[0] == message


def test_all_findings_are_reported_at_once() -> None:
    text = 'version = 2\n[integrations.a]\nnmae = "x"\nactive = 1\n[integrations.b]\nprovider = "expo"\nprimary = true'
    assert [finding.split(" ")[0] for finding in findings(text)] == [
        "env.toml:1:",
        "env.toml:3:",
        "env.toml:4:",
        "env.toml:2:",
        "env.toml:7:",
    ]


def test_message_is_short_for_thousands_of_findings() -> None:
    text = "version = 1\n" + "".join(f"[integrations.i{number}]\n" for number in range(3000))
    with pytest.raises(InputError) as caught:
        read(text)
    assert len(caught.value.details) == 3000
    assert caught.value.message.count("provider is missing") == 20
    assert caught.value.message.endswith("; and 2980 more")


def test_duplicate_identifiers_name_both_places() -> None:
    one = 'version = 1\n[integrations.a]\nprovider = "expo"\n'
    assert findings(f"{one}\n[integrations.a]\nprovider = 'fcm'\n") == [
        "env.toml:5: integrations.a: is already in env.toml:2"
    ]
    assert findings(one, f"\n\n{one}") == ["1.toml:4: integrations.a: is already in 0.toml:2"]
    assert findings(one, "version = 1\n[integrations.a]\nactiv = true") == [
        "1.toml:3: integrations.a.activ: there is no such field: did you mean active?",
        "1.toml:2: integrations.a: provider is missing",
        "1.toml:2: integrations.a: is already in 0.toml:2",
    ]


def test_two_primaries_of_a_channel_name_both_places() -> None:
    one = 'version = 1\n[integrations.a]\nprovider = "mailgun"\nprimary = true\n'
    two = (
        '[integrations.b]\nprovider = "sendgrid"\nprimary = true\n[integrations.c]\nprovider = "twilio"\nprimary = true'
    )
    assert findings(one + two) == [
        "env.toml:7: integrations.b.primary: a (env.toml:4) is already the primary one of email"
    ]


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b"version = 1\n# caf\xe9")
    (tmp_path / "wide.toml").write_bytes("version = 1".encode("utf-16"))
    (tmp_path / "empty").mkdir()
    for name, message in (
        ("latin.toml", f"{tmp_path / 'latin.toml'}:2:6: not UTF-8 text"),
        ("wide.toml", f"{tmp_path / 'wide.toml'}:1:1: not UTF-8 text"),
        ("empty", f"{tmp_path / 'empty'}: no .toml or .json file is in this folder"),
        ("missing.toml", f"{tmp_path / 'missing.toml'}: cannot read it: No such file or directory"),
    ):
        with pytest.raises(InputError) as caught:
            manifest.load([str(tmp_path / name)], reader())
        assert caught.value.message == message


def test_file_beyond_16_mib_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "env.toml"
    largest = 16 * 1024 * 1024
    text = 'version = 1\n[integrations.a]\nprovider = "expo"\n#'
    path.write_text(text.ljust(largest, "x"))
    assert list(manifest.load([str(path)], reader())) == ["a"]
    path.write_text(text.ljust(largest + 1, "x"))
    with pytest.raises(InputError) as caught:
        manifest.load([str(path)], reader())
    assert caught.value.message == f"{path}: it is bigger than 16 MiB"


@given(st.text(max_size=80))
def test_arbitrary_text_raises_only_input_errors(text: str) -> None:
    for form in ("toml", "json"):
        with suppress(InputError):
            read(text, form)


# -- references -------------------------------------------------------------------------------------------------------


def test_each_reference_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "key.txt").write_text("from-the-file\n")
    (tmp_path / "env.toml").write_text(
        'version = 1\n[integrations.a]\nprovider = "mailgun"\n'
        'credentials = { apiKey = { file = "key.txt" }, user = { command = ["say", "it"] }, domain = { env = "D" } }\n'
        '[integrations.b]\nprovider = "mailgun"\ncredentials = { user = { command = ["say", "it"] }, from = "plain" }\n'
    )
    ran: list[Any] = []

    def run(words: Any, _what: str) -> str:
        ran.append(words)
        return "from-the-command"

    opened = ValueReader(stdin=lambda: b"", environ={"D": "from-the-environment"}, run=run)
    one, other = manifest.resolve_references(manifest.load([str(tmp_path / "env.toml")], opened), opened)
    assert one.credentials is not None
    assert other.credentials is not None
    assert {key: credential.value for key, credential in one.credentials.items()} == {
        "apiKey": "from-the-file",
        "user": "from-the-command",
        "domain": "from-the-environment",
    }
    assert all(credential.masked for credential in one.credentials.values())
    assert not other.credentials["from"].masked
    assert ran == [["say", "it"]]
    assert {"from-the-file", "from-the-command", "from-the-environment"} <= opened.secrets


def test_file_references_are_relative_to_their_manifest(tmp_path: Path) -> None:
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "key.txt").write_text(f"of-{name}")
        credentials = 'credentials = { apiKey = { file = "key.txt" } }'
        text = f'version = 1\n[integrations.{name}]\nprovider = "expo"\n{credentials}\n'
        (folder / "env.toml").write_text(text)
    names = [str(tmp_path / name / "env.toml") for name in ("one", "two")]
    opened = manifest.resolve_references(manifest.load(names, reader()), reader())
    values = {want.entry.identifier: (want.credentials or {})["apiKey"].value for want in opened}
    assert values == {"one": "of-one", "two": "of-two"}


def test_one_variable_can_be_text_and_boolean() -> None:
    credentials = 'credentials = { secure = { env = "X" }, password = { env = "X" }, ignoreTls = { env = "X" } }'
    (want,) = manifest.resolve_references(
        read(f'version = 1\n[integrations.a]\nprovider = "nodemailer"\n{credentials}'), reader(X="true")
    )
    values = {key: credential.value for key, credential in (want.credentials or {}).items()}
    assert values == {"secure": True, "password": "true", "ignoreTls": True}


def test_unresolved_reference_is_noted_and_nul_refused() -> None:
    text = (
        'version = 1\n[integrations.a]\nprovider = "mailgun"\ncredentials = { apiKey = { env = "NOPE" }, user = "u" }'
    )
    (want,) = manifest.resolve_references(read(text), reader())
    assert want.unresolved == {"apiKey": "the environment variable NOPE is not set"}
    assert want.credentials is not None
    assert set(want.credentials) == {"user"}
    with pytest.raises(InputError, match=r"^env\.toml:4: integrations\.a\.credentials\.user: .*NUL"):
        manifest.resolve_references(read(text.replace('"u"', '"u\\u0000"')), reader())


# -- lines ------------------------------------------------------------------------------------------------------------

NAMES = st.text("ab.\"' -é\t", min_size=1, max_size=4)
LEAVES = st.one_of(
    st.booleans(),
    st.integers(-9, 9),
    st.text("a\"'\\\n#=[]{},é", max_size=6),
    st.dates(),
    st.floats(allow_nan=False, allow_infinity=False),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=12,
)


@given(st.dictionaries(NAMES, TREES, max_size=4), st.booleans())
def test_every_toml_key_is_found_on_its_line(document: dict[str, Any], multiline: bool) -> None:
    # A mark of its own behind each key tells it from all others.
    marked, paths = mark(document)
    text = tomli_w.dumps(marked, multiline_strings=multiline)
    assert tomllib.loads(text) == marked
    found = first_lines(find_keys(text, "toml"))
    for path, name in paths.items():
        assert name in text.split("\n")[found[path] - 1], (text, path)


@given(st.dictionaries(NAMES, TREES.filter(lambda tree: True), max_size=4), st.sampled_from([None, 0, 2]))
def test_every_json_key_is_found_on_its_line(document: dict[str, Any], indent: int | None) -> None:
    marked, paths = mark(document)
    text = json.dumps(marked, indent=indent, default=str, ensure_ascii=len(paths) % 2 == 0)
    found = first_lines(find_keys(text, "json"))
    for path, name in paths.items():
        assert name[-9:] in text.split("\n")[found[path] - 1], (text, path)


def mark(document: dict[str, Any]) -> tuple[dict[str, Any], dict[tuple[str | int, ...], str]]:
    """The document with a number behind each key, and the paths of all keys with their last name."""
    paths: dict[tuple[str | int, ...], str] = {}

    def walk(value: Any, path: tuple[str | int, ...]) -> Any:
        if isinstance(value, dict):
            marked = {}
            for key, item in value.items():
                name = f"{key}-{len(paths):08}"
                paths[(*path, name)] = name[-9:]
                marked[name] = walk(item, (*path, name))
            return marked
        return [walk(item, (*path, index)) for index, item in enumerate(value)] if isinstance(value, list) else value

    return walk(document, ()), paths
