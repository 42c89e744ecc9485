"""No file, pipe or command line causes a traceback, a hang, an undocumented exit code or terminal control codes."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from audit import flags_of, leaves
from conftest import Figures
from fault_server import FakeClock
from hostile import STEERERS, assert_sane, assert_unhurt, checked, texts, values
from integrations_cli.catalogue import provider_ids
from program import Program

TITLE: Final = "Hostile files and arguments: cases without a traceback, a hang or a terminal control code"

MODES: Final[Sequence[tuple[str, ...]]] = ((), ("--json",), ("--verbose",))

USES: Final[dict[str, tuple[str, ...]]] = {
    "--from-file": ("create", "--from-file", "{}", "--dry-run", "--sandbox"),
    "--credentials-file": ("create", "-p", "nodemailer", "--credentials-file", "{}", "--dry-run", "--sandbox"),
    "--conditions-file": ("create", "-p", "mailgun", "--conditions-file", "{}", "--dry-run", "--sandbox"),
    "plan": ("plan", "{}", "--sandbox"),
    "diff": ("diff", "{}", "--sandbox"),
}
"""The commands that read a file; `{}` is its path."""

SETTINGS_USES: Final[Sequence[tuple[str, ...]]] = (
    ("list",),
    ("list", "--sandbox"),
    ("list", "-P", "staging"),
    ("profiles", "list"),
    ("profiles", "show"),
    ("profiles", "show", "staging"),
    ("profiles", "use", "staging"),
    ("profiles", "remove", "staging", "--yes"),
    ("profiles", "add", "new", "--api-key-env", "X", "--no-verify"),
    ("doctor",),
    ("create", "-p", "mailgun"),
)


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Return a program without commands to run, servers to reach or files to damage."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    environ = {"PATH": str(tmp_path / "nothing"), "NOVU_API_URL": "https://127.0.0.1:1", "NOVU_SECRET_KEY": "key-1234"}
    return Program(tmp_path / "home", environ, clock=FakeClock(), random=lambda: 0.0)


def bodies() -> st.SearchStrategy[dict[str, Any]]:
    """Generate documents in the form of a create body."""
    provider = st.sampled_from(provider_ids()) | texts
    credentials = st.dictionaries(
        st.sampled_from(["apiKey", "port", "secure", "tlsOptions", "user", "serviceAccount"]) | texts,
        texts | values | references(),
        max_size=4,
    )
    return st.fixed_dictionaries(
        {},
        optional={
            "providerId": provider | values,
            "channel": st.sampled_from(["email", "sms"]) | values,
            "name": texts | values,
            "identifier": texts | values,
            "_environmentId": texts | values,
            "credentials": credentials | values,
            "active": st.booleans() | values,
            "check": st.booleans() | values,
            "conditions": st.lists(values, max_size=2) | values,
            "rules": values,
            "credentails": values,
        },
    )


def references() -> st.SearchStrategy[dict[str, Any]]:
    named = texts | values | st.lists(texts, max_size=2)
    return st.dictionaries(st.sampled_from(["env", "file", "command", "json", "text"]), named, max_size=2)


def manifests() -> st.SearchStrategy[dict[str, Any]]:
    """Generate documents in the form of a manifest."""
    entry = bodies().map(
        lambda body: {{"providerId": "provider", "_environmentId": "primary"}.get(k, k): v for k, v in body.items()}
    )
    return st.fixed_dictionaries(
        {"integrations": st.dictionaries(texts, entry | values, max_size=3) | values},
        optional={"version": st.just(1) | st.just(1) | values, "surprise": values},
    )


def settings_files() -> st.SearchStrategy[dict[str, Any]]:
    """Generate documents in the form of the settings file."""
    profile = st.fixed_dictionaries(
        {},
        optional={
            "api_url": st.sampled_from(["http://127.0.0.1:1", "https://127.0.0.1:1/v1"]) | texts | values,
            "region": st.sampled_from(["us", "eu"]) | values,
            "api_key": texts | values,
            "api_key_env": texts | values,
            "api_key_command": texts | st.lists(texts, max_size=2) | values,
            "api_key_keyring": st.booleans() | values,
            "timeout": st.integers(0, 10) | values,
            "ca_bundle": st.sampled_from(["/dev/null", "~/none", "."]) | texts | values,
            "allow_http": st.booleans() | values,
            "surprise": values,
        },
    )
    # A profile without a URL would select the real API, which no test may call.
    local = profile.map(lambda table: {"api_url": "https://127.0.0.1:1", **table} if "region" not in table else table)
    return st.fixed_dictionaries(
        {"profiles": st.dictionaries(st.just("staging") | texts, local | values, max_size=3) | values},
        optional={"default_profile": st.just("staging") | texts | values, "surprise": values},
    ).map(without_regions)


def without_regions(document: Any) -> Any:
    """Replace the regions of the real API servers in a document."""
    text = json.dumps(document)
    return json.loads(text.replace('"region": "us"', '"region": "xx"').replace('"region": "eu"', '"region": "xx"'))


def as_toml(document: Any) -> bytes:
    """Encode a document as TOML, without the values that TOML cannot hold."""
    return tomli_w.dumps(without_nulls(document)).encode("utf-8", "surrogatepass")


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value if item is not None]
    return value


def corrupted(contents: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Generate contents, unchanged or with bytes removed, inserted, repeated or re-encoded."""
    cuts = st.tuples(
        contents, st.integers(0, 400), st.integers(0, 40), st.binary(max_size=6) | st.sampled_from(FRAGMENTS)
    )
    return st.one_of(
        contents,
        cuts.map(lambda cut: cut[0][: cut[1]] + cut[3] + cut[0][cut[1] + cut[2] :]),
        contents.map(lambda content: content * 2),
        contents.map(lambda content: b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n")),
        contents.map(lambda content: content.decode("utf-8", "replace").encode("utf-16")),
        st.binary(max_size=100),
        texts.map(lambda text: text.encode("utf-8", "surrogatepass")),
    )


FRAGMENTS: Final = (
    b'"',
    b"'",
    b"{",
    b"}",
    b"[[",
    b"]",
    b"=",
    b",",
    b"#",
    b"\\",
    b'"""',
    b"\x00",
    b"\xff",
    b"1e999",
    b"nan",
    b"-",
)


@pytest.mark.parametrize("form", ["json", "toml"])
@pytest.mark.parametrize("use", sorted(USES))
def test_every_file_is_accepted_or_rejected_cleanly(use: str, form: str, program: Program, figures: Figures) -> None:
    cases = 0
    modes = itertools.cycle(MODES)
    path = program.home / f"file.{form}"
    shape = manifests() if use in {"plan", "diff"} else bodies() | values
    written = (
        shape.map(lambda document: json.dumps(document).encode()) if form == "json" else shape.map(as_toml_or_json)
    )

    @checked(40)
    @given(corrupted(written), st.booleans())
    def check(content: bytes, piped: bool) -> None:
        nonlocal cases
        cases += 1
        path.write_bytes(content)
        name = "-" if piped and use != "diff" else str(path)
        arguments = (*(word.replace("{}", name) for word in USES[use]), *next(modes), "--no-input")
        assert_sane(program.run(*arguments, stdin=content), arguments)

    check()
    figures(TITLE, [("files of integrations", f"{cases} cases")])


def as_toml_or_json(document: Any) -> bytes:
    return as_toml(document) if isinstance(document, dict) else json.dumps(document).encode()


def test_every_settings_file_is_accepted_or_rejected_cleanly(program: Program, figures: Figures) -> None:
    cases = 0
    program.config.parent.mkdir(mode=0o700)
    modes = itertools.cycle(itertools.product(SETTINGS_USES, MODES))

    @checked(200)
    @given(corrupted(settings_files().map(as_toml)))
    def check(content: bytes) -> None:
        nonlocal cases
        cases += 1
        program.config.write_bytes(content)
        program.config.chmod(0o600)
        use, mode = next(modes)
        arguments = (*use, *mode, "--no-input", "--timeout", "5")
        # Half of the runs have no key in the environment, so that the file decides; no URL in it selects the real API.
        env = {"NOVU_SECRET_KEY": "" if cases % 2 else "key-1234"}
        assert_sane(program.run(*arguments, env=env), arguments)

    check()
    figures(TITLE, [("settings files", f"{cases} cases")])


DEEP: Final = 100_000
MANY: Final = 1_500
"""Below every limit on input size, so that all elements are parsed."""

PATHOLOGICAL: Final[dict[str, bytes]] = {
    "empty": b"",
    "blanks": b" " * 1_000_000,
    "a byte order mark": b"\xef\xbb\xbf",
    "deep lists": b"[" * DEEP,
    "deep objects": b'{"a":' * DEEP,
    "deep conditions": b'{"providerId":"mailgun","conditions":[' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"]}",
    "deep rules": b'{"version":1,"integrations":{"a":{"provider":"mailgun","rules":' + b"[" * 990 + b"]" * 990 + b"}}}",
    "deep options": b'{"tlsOptions":' + b'{"a":' * 950 + b"1" + b"}" * 950 + b"}",
    "deep arrays": b"version = " + b"[" * DEEP,
    "deep tables": b"version = 1\na = " + b"{a=" * DEEP,
    "a key of many names": b"version = 1\nintegrations" + b".a" * DEEP + b" = 1",
    "a table of many names": b"version = 1\n[integrations" + b".a" * DEEP + b"]\nb = 1",
    "a key of 900 names": b"version = 1\nintegrations.b.rules" + b".a" * 900 + b" = 1",
    "many tables": b"version = 1\n" + b"".join(b"[i%x]\n" % n for n in range(MANY)),
    "many entries": b"version = 1\n" + b"".join(b"[integrations.i%x]\n" % n for n in range(MANY)),
    "many arrays of tables": b"version = 1\n" + b"[[a]]\n" * MANY,
    "many keys": b"version = 1\n" + b"".join(b"k%x = 1\n" % n for n in range(MANY)),
    "many members": b"{" + b",".join(b'"k%x":1' % n for n in range(MANY)) + b"}",
    "many members and a duplicate": b"{" + b",".join(b'"k%x":1' % n for n in range(MANY)) + b',"k1":1}',
    "many duplicate members": b"{" + b",".join([b'"a":1'] * MANY) + b"}",
    "many numbers": b"[" + b",".join([b"1"] * MANY) + b"]",
    "many empty objects": b"[" + b",".join([b"{}"] * 200_000) + b"]",
    "a number of 5000 digits": b'{"version":' + b"9" * 5000 + b"}",
    "a TOML number of 5000 digits": b"version = " + b"9" * 5000,
    "dates": b"version = 1979-05-27\n[integrations.a]\nprovider = 07:32:00\nname = 1979-05-27T07:32:00Z",
    "infinity": b"version = inf\n[integrations.a]\nprovider = nan\nrules = [inf, -inf, nan]",
    "a long text": b'{"version":1,"x":"' + b"x" * 1_000_000 + b'"}',
    "a long text in TOML": b'version = 1\nx = "' + b"x" * 300_000 + b'"\nx = 1',
    "a text of many lines": b'version = 1\nx = """' + b'x"\n' * 100_000 + b'"""\nz = 1\nz = 2',
    "an unclosed text": b'version = 1\nx = """' + b'x"' * 150_000,
    "comments": b"# x\n" * 50_000,
    "UTF-16": '{"version": 1}'.encode("utf-16"),
    "NUL": b'{"version": 1, "a\\u0000": "\\u0000"}',
    "lone surrogates": b'{"providerId": "\\ud800", "credentials": {"\\udfff": "\\ud800"}}',
    "bytes": bytes(range(256)),
}


@pytest.mark.parametrize("form", ["json", "toml"])
def test_pathological_files_are_accepted_or_rejected_cleanly(form: str, program: Program, figures: Figures) -> None:
    cases = 0
    modes = itertools.cycle(MODES)
    path = program.home / f"file.{form}"
    for content, use in itertools.product(PATHOLOGICAL.values(), USES.values()):
        if content[:1] in {b"{", b"["} and form == "toml" and use[0] != "plan":
            continue  # TOML fails at the first character: one such command is enough
        cases += 1
        path.write_bytes(content)
        arguments = (*(word.replace("{}", str(path)) for word in use), *next(modes), "--no-input")
        assert_sane(program.run(*arguments), arguments)
    program.config.parent.mkdir(mode=0o700)
    for content, use in zip(PATHOLOGICAL.values(), itertools.cycle(SETTINGS_USES), strict=False):
        cases += 1
        program.config.write_bytes(content)
        program.config.chmod(0o600)
        arguments = (*use, *next(modes), "--no-input")
        assert_sane(program.run(*arguments), arguments)
    figures(TITLE, [("pathological files", f"{cases} cases")])


# -- arguments --------------------------------------------------------------------------------------------------------

SAFE: Final = sorted(set(leaves()) - {"sandbox serve", "export"})
"""All commands, without the one that never ends and the one that writes a file of any name."""

words = st.one_of(
    texts,
    st.sampled_from(["--", "-", "=", "--=", "-=x", "@", "@-", "env:", "text:", "--json=1", "-vv", "-hx", "--no-json"]),
    st.binary(max_size=12).map(lambda raw: raw.decode("utf-8", "surrogateescape").replace("\0", "")),
    st.sampled_from(["x" * 100_000, "\U0001f600" * 1000, "-" * 5000, "a=" * 5000]),
    st.sampled_from(
        ["mailgun", "email", "apiKey=x", "port=1", "tenant.identifier=acme", 'kind="x"', "staging", "1e999"]
    ),
)


def lines(command: str) -> st.SearchStrategy[list[str]]:
    """Generate command lines of a command: its own and other flags, with valid and invalid values."""
    flags = st.sampled_from(sorted(flags_of(command) | {"--unknown", "-Z", "--provider", "--help"}))
    # Generated words must not run commands or select other servers.
    free = words.filter(lambda word: "cmd:" not in word and "://" not in word)
    assigned = st.tuples(flags, free).map("=".join)
    several = st.lists(flags | free | assigned, max_size=6)
    return several.map(lambda line: [*command.split(), *line])


@pytest.mark.parametrize("command", SAFE)
def test_every_command_line_is_accepted_or_rejected_cleanly(command: str, program: Program, figures: Figures) -> None:
    cases = 0

    @checked(25)
    @given(lines(command), texts, st.booleans())
    def check(line: list[str], piped: str, sandbox: bool) -> None:
        nonlocal cases
        cases += 1
        arguments = (*line, "--sandbox") if sandbox and "--" not in line else tuple(line)
        done = program.run(*arguments, stdin=piped.encode("utf-8", "surrogatepass"), env={"CI": "1"})
        assert_unhurt(done, " ".join(arguments))

    check()
    figures(TITLE, [("command lines", f"{cases} cases")])


def test_arbitrary_words_are_accepted_or_rejected_cleanly(program: Program, figures: Figures) -> None:
    cases = 0
    known = st.sampled_from(
        [*(name for name in SAFE if " " not in name), "providers", "profiles", "--help", "--version"]
    )
    safe = words.filter(lambda word: word not in {"sandbox", "export"})

    @checked(150)
    @given(st.lists(known | safe, max_size=5))
    def check(line: list[str]) -> None:
        nonlocal cases
        cases += 1
        assert_unhurt(program.run(*line, env={"CI": "1"}), " ".join(line))

    check()
    figures(TITLE, [("arbitrary words", f"{cases} cases")])


VARIABLES: Final = (
    "CI",
    "COLUMNS",
    "HOME",
    "HTTP_PROXY",
    "INTEGRATIONS_ACCESSIBLE",
    "INTEGRATIONS_PROFILE",
    "NOVU_API_KEY",
    "NOVU_API_URL",
    "NO_COLOR",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "TERM",
)


@pytest.mark.parametrize("variable", VARIABLES)
def test_hostile_environment_variables_never_crash(variable: str, program: Program, figures: Figures) -> None:
    cases = 0
    strange = (*STEERERS, "x" * 10_000, "9" * 30, "-1", "\udcff")
    for value, line in itertools.product(strange, (("list",), ("profiles", "show"))):
        cases += 1
        clean = value.replace("\0", "")
        assert_unhurt(program.run(*line, env={variable: clean}, terminal=True), value, terminal=True)
    figures(TITLE, [("environment variables", f"{cases} cases")])
