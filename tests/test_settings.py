"""Which setting wins, its origin, and what is refused."""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from integrations_cli.errors import AuthError, ConfigError, IntegrationsError, UsageError
from integrations_cli.models import Secret
from integrations_cli.settings.resolve import (
    SANDBOX_URL,
    Settings,
    SettingsFlags,
    require_api_key,
    resolve_settings,
    sandbox_path,
)

FILE = """
default_profile = "staging"
[profiles.staging]
api_url = "https://staging.example.com"
api_key = "staging-key"
timeout = 5
ca_bundle = "ca.pem"
[profiles.prod]
region = "eu"
api_key = "prod-key"
[profiles.bare]
[profiles.open]
api_url = "http://10.0.0.5:3000"
allow_http = true
api_key_env = "OPEN_KEY"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return written(tmp_path, FILE)


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "config.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    path.chmod(0o600)
    return path


def resolved(path: Path, environ: Mapping[str, str] | None = None, *, read_key: bool = True, **flags: Any) -> Settings:
    return resolve_settings(SettingsFlags(**flags), environ or {}, config_path=path, read_key=read_key)


def profile(tmp_path: Path, table: str, environ: Mapping[str, str] | None = None) -> Settings:
    return resolved(written(tmp_path, f"[profiles.p]\n{table}\n"), environ, profile="p")


@contextmanager
def refused(error: type[IntegrationsError], *words: str) -> Iterator[pytest.ExceptionInfo[IntegrationsError]]:
    with pytest.raises(error) as raised:
        yield raised
    text = f"{raised.value.message} {raised.value.hint}"
    assert [word for word in words if word not in text] == [], text


ENV = {"NOVU_SECRET_KEY": "env-key", "NOVU_API_URL": "https://env.example.com/v1/"}

PRECEDENCE: dict[str, tuple[Any, ...]] = {
    # name: (flags, environment, profile, url, key, origin of profile, of url, of key)
    "file alone": ({}, {}, "staging", "https://staging.example.com", "staging-key", "default_profile", "@", "@"),
    "environment overrides the default profile": (
        {},
        ENV,
        "staging",
        "https://env.example.com",
        "env-key",
        "default_profile",
        "environment variable NOVU_API_URL",
        "environment variable NOVU_SECRET_KEY",
    ),
    "environment's key with the profile's URL": (
        {},
        {"NOVU_SECRET_KEY": "env-key"},
        "staging",
        "https://staging.example.com",
        "env-key",
        "default_profile",
        "@",
        "environment variable NOVU_SECRET_KEY",
    ),
    "the older name of the key": (
        {},
        {"NOVU_API_KEY": "old-key"},
        "staging",
        "https://staging.example.com",
        "old-key",
        "default_profile",
        "@",
        "environment variable NOVU_API_KEY",
    ),
    "the newer name overrides the older": (
        {},
        {"NOVU_API_KEY": "old-key", "NOVU_SECRET_KEY": "env-key"},
        "staging",
        "https://staging.example.com",
        "env-key",
        "default_profile",
        "@",
        "environment variable NOVU_SECRET_KEY",
    ),
    "--profile overrides the whole environment": (
        {"profile": "prod"},
        {**ENV, "INTEGRATIONS_PROFILE": "staging"},
        "prod",
        "https://eu.api.novu.co",
        "prod-key",
        "flag --profile",
        "@",
        "@",
    ),
    "--profile without an address means the default one": (
        {"profile": "bare"},
        ENV,
        "bare",
        "https://api.novu.co",
        None,
        "flag --profile",
        "default",
        "none",
    ),
    "INTEGRATIONS_PROFILE overrides default_profile": (
        {},
        {"INTEGRATIONS_PROFILE": "prod"},
        "prod",
        "https://eu.api.novu.co",
        "prod-key",
        "environment variable INTEGRATIONS_PROFILE",
        "@",
        "@",
    ),
    "INTEGRATIONS_PROFILE does not override the environment's key": (
        {},
        {"INTEGRATIONS_PROFILE": "prod", **ENV},
        "prod",
        "https://env.example.com",
        "env-key",
        "environment variable INTEGRATIONS_PROFILE",
        "environment variable NOVU_API_URL",
        "environment variable NOVU_SECRET_KEY",
    ),
    "--api-url overrides the profile's": (
        {"profile": "prod", "api_url": "https://flag.example.com/v1"},
        ENV,
        "prod",
        "https://flag.example.com",
        "prod-key",
        "flag --profile",
        "flag --api-url",
        "@",
    ),
    "--api-url overrides the environment's": (
        {"api_url": "https://flag.example.com"},
        ENV,
        "staging",
        "https://flag.example.com",
        "env-key",
        "default_profile",
        "flag --api-url",
        "environment variable NOVU_SECRET_KEY",
    ),
    "empty variables are ignored": (
        {},
        {"INTEGRATIONS_PROFILE": "", "NOVU_API_URL": "", "NOVU_SECRET_KEY": "\n", "NOVU_API_KEY": "old-key"},
        "staging",
        "https://staging.example.com",
        "old-key",
        "default_profile",
        "@",
        "environment variable NOVU_API_KEY",
    ),
    "a blank address is ignored": (
        {},
        {"NOVU_API_URL": " \t\n"},
        "staging",
        "https://staging.example.com",
        "staging-key",
        "default_profile",
        "@",
        "@",
    ),
}


@pytest.mark.parametrize("case", PRECEDENCE)
def test_stronger_source_wins_and_is_named(config: Path, case: str) -> None:
    flags, environ, name, url, key, *origins = PRECEDENCE[case]
    found = resolved(config, environ, **flags)
    label = f"profile {name} in {config}"
    assert (found.profile, found.api_url) == (name, url)
    assert found.api_key == (None if key is None else Secret(key))
    expected = [f"default_profile in {config}" if o == "default_profile" else label if o == "@" else o for o in origins]
    named = [found.origins["profile"], found.origins["api_url"], found.origins["api_key"].removesuffix(": api_key")]
    assert named == expected


def test_other_profile_values_have_their_origin(config: Path) -> None:
    found = resolved(config)
    assert (found.timeout, found.ca_bundle, found.allow_http) == (5.0, str(config.parent / "ca.pem"), False)
    assert found.origins["timeout"] == found.origins["ca_bundle"] == f"profile staging in {config}"
    flagged = resolved(config, timeout=7.5)
    assert (flagged.timeout, flagged.origins["timeout"]) == (7.5, "flag --timeout")
    opened = resolved(config, {"OPEN_KEY": "k"}, profile="open")
    assert opened.allow_http
    assert opened.origins["allow_http"] == f"profile open in {config}"
    assert opened.origins["timeout"] == "default"


def test_ca_bundle_expands_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    found = profile(tmp_path, 'ca_bundle = "~/ca.pem"')
    assert found.ca_bundle is not None
    assert Path(found.ca_bundle) == tmp_path / "ca.pem"


def test_no_settings_mean_default_server_and_no_key(tmp_path: Path) -> None:
    found = resolved(tmp_path / "missing" / "config.toml")
    assert (found.profile, found.api_url, found.api_key, found.timeout) == (None, "https://api.novu.co", None, 30.0)
    assert found.warnings == ()
    with refused(AuthError, "integrations profiles add", "NOVU_SECRET_KEY", "--sandbox"):
        require_api_key(found)


# The sandbox

SANDBOXES = [
    ({"sandbox": True}, {}, "flag --sandbox"),
    ({"profile": "sandbox"}, {}, "flag --profile"),
    ({"sandbox": True, "profile": "sandbox"}, {}, "flag --sandbox"),
    ({"sandbox": True}, {"INTEGRATIONS_PROFILE": "prod", **ENV}, "flag --sandbox"),
    ({}, {"INTEGRATIONS_PROFILE": "sandbox", **ENV}, "environment variable INTEGRATIONS_PROFILE"),
]


@pytest.mark.parametrize(("flags", "environ", "origin"), SANDBOXES)
def test_sandbox_needs_no_settings_file(
    tmp_path: Path, flags: dict[str, Any], environ: dict[str, str], origin: str
) -> None:
    for path in (written(tmp_path, FILE), tmp_path / "missing.toml"):
        found = resolved(path, {**environ, "INTEGRATIONS_SANDBOX": "/s/box.db"}, **flags)
        assert (found.sandbox, found.profile, found.api_url, found.api_key) == (True, "sandbox", SANDBOX_URL, None)
        assert found.sandbox_path == Path("/s/box.db")
        assert found.origins["profile"] == origin
        assert found.origins["sandbox_path"] == "environment variable INTEGRATIONS_SANDBOX"
        assert found.warnings == ()


def test_broken_file_does_not_prevent_the_sandbox(tmp_path: Path) -> None:
    broken = written(tmp_path, "this is [not TOML")
    assert resolved(broken, sandbox=True).warnings == ()
    (warning,) = resolved(broken, profile="sandbox").warnings
    assert f"{broken}, line 1" in warning


def test_default_sandbox_warns_of_ignored_variables(tmp_path: Path) -> None:
    path = written(tmp_path, 'default_profile = "sandbox"\n')
    quiet = resolved(path)
    assert quiet.sandbox
    assert quiet.warnings == ()
    assert quiet.origins["profile"] == f"default_profile in {path}"
    (warning,) = resolved(path, {"NOVU_API_URL": "https://mine.example.com"}).warnings
    assert "NOVU_API_URL" in warning


def test_key_variable_overrides_default_but_not_named_sandbox(tmp_path: Path) -> None:
    path = written(tmp_path, 'default_profile = "sandbox"\n')
    real = resolved(path, ENV)
    assert not real.sandbox
    assert real.api_key == Secret(ENV["NOVU_SECRET_KEY"])
    assert "overrides default_profile" in real.origins["profile"]
    assert resolved(path, {**ENV, "INTEGRATIONS_PROFILE": "sandbox"}).sandbox
    assert resolved(path, ENV, profile="sandbox").sandbox


def test_profile_named_sandbox_is_refused_or_ignored(tmp_path: Path) -> None:
    path = written(tmp_path, '[profiles.sandbox]\napi_url = "https://mine.example.com"\n[profiles.a]\n')
    with refused(ConfigError, "a profile named sandbox", "--sandbox"):
        resolved(path, profile="sandbox")
    assert resolved(path, sandbox=True).sandbox
    found = resolved(path, profile="a")
    assert any("never used" in warning for warning in found.warnings)
    assert found.profiles == ("a",)


def test_sandbox_is_in_the_users_data_folder() -> None:
    path = sandbox_path({})
    assert (path.name, path.is_absolute()) == ("sandbox.db", True)
    assert "integrations-cli" in path.parts


CONTRADICTIONS = [
    ({"sandbox": True, "profile": "prod"}, {}, ["--sandbox and --profile"]),
    ({"sandbox": True, "api_url": "https://x.example.com"}, {}, ["--api-url", "flag --sandbox"]),
    ({"profile": "sandbox", "api_url": "https://x.example.com"}, {}, ["--api-url", "flag --profile"]),
    ({"api_url": "https://x.example.com"}, {"INTEGRATIONS_PROFILE": "sandbox"}, ["--api-url", "INTEGRATIONS_PROFILE"]),
    ({"profile": " "}, {}, ["--profile is empty"]),
    ({"timeout": 0.0}, {}, ["--timeout"]),
    ({"timeout": -1.0}, {}, ["--timeout"]),
    ({"timeout": float("nan")}, {}, ["--timeout"]),
    ({"timeout": float("inf"), "sandbox": True}, {}, ["--timeout"]),
    ({"timeout": 3601.0}, {}, ["--timeout", "3600"]),
    ({"api_url": "api.novu.co"}, {}, ["--api-url", "https://"]),
]


@pytest.mark.parametrize(("flags", "environ", "words"), CONTRADICTIONS)
def test_contradicting_or_invalid_flags_are_refused(
    config: Path, flags: dict[str, Any], environ: dict[str, str], words: list[str]
) -> None:
    with refused(UsageError, *words):
        resolved(config, environ, **flags)


# Missing and invalid profiles


def test_unknown_profile_suggests_the_nearest(config: Path) -> None:
    with refused(ConfigError, "no profile 'stagin'", str(config), "staging"):
        resolved(config, profile="stagin")
    with refused(ConfigError, "no profile 'xyz'", "available: staging, prod, bare, open"):
        resolved(config, profile="xyz")
    with refused(ConfigError, "from environment variable INTEGRATIONS_PROFILE", "prod"):
        resolved(config, {"INTEGRATIONS_PROFILE": "prd"})
    with refused(ConfigError, "did you mean sandbox"):
        resolved(config, profile="sandbx")
    with refused(ConfigError, "integrations profiles add"):
        resolved(config.with_name("missing.toml"), profile="zzz")


def test_missing_default_profile_is_an_error(tmp_path: Path) -> None:
    path = written(tmp_path, 'default_profile = "gone"\n[profiles.here]\n')
    with refused(ConfigError, "'gone' (from default_profile in", "here"):
        resolved(path, ENV)


WRONG = {
    'region = "eu"\napi_url = "https://x.example.com"': ["line 2, column 1: region of profile p", "api_url"],
    'region = "EU"': ["region", '"us" or "eu"'],
    "region = 1": ["region", "text, not a number"],
    "api_url = true": ["api_url", "text, not true"],
    'api_url = ""': ["api_url", "empty"],
    'timeout = "5"': ["line 2, column 1: timeout of profile p", "a number of seconds, not a text"],
    "timeout = true": ["timeout", "a number of seconds, not true"],
    "timeout = 0": ["timeout", "more than 0"],
    "timeout = nan": ["timeout", "more than 0"],
    "timeout = inf": ["timeout", "more than 0"],
    "timeout = 1e9": ["timeout", "at most 3600"],
    "timeout = 1979-05-27": ["timeout", "a date or a time"],
    "allow_http = 1": ["allow_http", "true or false, not a number"],
    'ca_bundle = ["a"]': ["ca_bundle", "text, not a list"],
    "api_key = 123456": ["api_key of profile p", "text, not a number"],
    "api_key = false": ["api_key", "text, not false"],
    'api_key_keyring = "yes"': ["api_key_keyring", "true or false, not a text"],
    "api_key_env = ''": ["api_key_env", "empty"],
    "api_key_command = []": ["api_key_command", "names no program"],
    "api_key_command = ['']": ["api_key_command", "names no program"],
    "api_key_command = ' '": ["api_key_command", "a command line"],
    "api_key_command = ['x', 1]": ["api_key_command", "a list of texts"],
    "api_key_command = {a = 1}": ["api_key_command", "not an object"],
    "api_key = 'a'\napi_key_env = 'B'": ["line 3, column 1: api_key_env of profile p", "api_key", "one source"],
    "api_key_command = 'a'\napi_key_keyring = true": ["api_key_keyring", "api_key_command"],
}


@pytest.mark.parametrize("table", WRONG)
def test_invalid_profile_value_is_reported_with_its_place(tmp_path: Path, table: str) -> None:
    with refused(ConfigError, str(tmp_path / "config.toml"), *WRONG[table]) as raised:
        profile(tmp_path, table)
    assert "123456" not in str(raised.value)


def test_only_the_profile_in_use_is_checked(tmp_path: Path) -> None:
    path = written(tmp_path, "[profiles.good]\n[profiles.bad]\ntimeout = 'x'\n")
    assert resolved(path, profile="good").profile == "good"


def test_only_misspelt_keys_are_noted(tmp_path: Path) -> None:
    (note,) = profile(tmp_path, 'api_ky = "x"\ncolour = "red"').warnings
    assert "line 2, column 1: api_ky of profile p" in note
    assert "did you mean api_key?" in note


def test_keyring_false_is_no_second_source(tmp_path: Path) -> None:
    assert profile(tmp_path, 'api_key_keyring = false\napi_key = "k"').api_key == Secret("k")


# Addresses

ADDRESSES = {
    "https://novu.example.com": "https://novu.example.com",
    "https://novu.example.com/": "https://novu.example.com",
    "https://novu.example.com/v1": "https://novu.example.com",
    "https://novu.example.com/v1/": "https://novu.example.com",
    "https://novu.example.com//v1//": "https://novu.example.com",
    "HTTPS://Novu.Example.COM/Api/v1": "https://novu.example.com/Api",
    "https://example.com/novu/api/": "https://example.com/novu/api",
    "https://example.com:8443/v1": "https://example.com:8443",
    "https://example.com:443": "https://example.com",
    "https://münchen.example": "https://xn--mnchen-3ya.example",
    " https://example.com\n": "https://example.com",
    "https://[2001:db8::1]:3000": "https://[2001:db8::1]:3000",
    "http://localhost:3000/v1": "http://localhost:3000",
    "http://LOCALHOST": "http://localhost",
    "http://127.0.0.1:3000": "http://127.0.0.1:3000",
    "http://127.255.0.3": "http://127.255.0.3",
    "http://[::1]:3000": "http://[::1]:3000",
    "http://[0:0:0:0:0:0:0:1]": "http://[0:0:0:0:0:0:0:1]",
}


@pytest.mark.parametrize("text", ADDRESSES)
def test_addresses_are_normalised(config: Path, text: str) -> None:
    assert resolved(config, api_url=text).api_url == ADDRESSES[text]
    assert resolved(config, {"NOVU_API_URL": text}).api_url == ADDRESSES[text]


BAD_ADDRESSES = [
    "novu.example.com",
    "ftp://example.com",
    "https:/example.com",
    "https://",
    "https:///v1",
    "https://.",
    "https://example.com:0",
    "https://example.com:65536",
    "https://example.com:port",
    "https://exa mple.com",
    "https://example.com\\@evil.example.com",
    "https://example.com\r\nX: y",
    "https://[::1]evil.example.com",
    "http://[:::1]",
    "https://novu.example/ü",
    "https://é..example",
    "https://localhost%2eevil.example.com",
    "file:///etc/passwd",
    "https://user:hunter2@example.com",
    "https://example.com?key=hunter2",
    "https://example.com/#hunter2",
]


@pytest.mark.parametrize("text", BAD_ADDRESSES)
def test_invalid_address_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, "")
    cases: list[tuple[type[IntegrationsError], dict[str, Any], dict[str, str]]] = [
        (UsageError, {"api_url": text}, {}),
        (ConfigError, {}, {"NOVU_API_URL": text}),
    ]
    for error, flags, environ in cases:
        with refused(error) as raised:
            resolved(path, environ, **flags)
        assert "hunter2" not in f"{raised.value.message} {raised.value.hint}"


UNENCRYPTED = [
    "http://example.com",
    "http://10.0.0.1",
    "http://localhost.example.com",
    "http://api.localhost",
    "http://127.0.0.1.example.com",
    "http://127.1",
    "http://0177.0.0.1",
    "http://127.0.0.256",
    "http://0.0.0.0",
    "http://[::]",
    "http://[::ffff:127.0.0.1]",
]


@pytest.mark.parametrize("text", UNENCRYPTED)
def test_plain_http_needs_allow_http(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, f'[profiles.p]\napi_url = "{text}"\n[profiles.q]\nallow_http = true\n[profiles.r]\n')
    cases: list[tuple[dict[str, Any], dict[str, str]]] = [
        ({"profile": "p"}, {}),
        ({"profile": "r", "api_url": text}, {}),
        ({"api_url": text}, {}),
        ({}, {"NOVU_API_URL": text}),
        ({}, {"NOVU_API_URL": text, "INTEGRATIONS_PROFILE": "r"}),
    ]
    for flags, environ in cases:
        with refused(ConfigError, "http://", "allow_http"):
            resolved(path, environ, **flags)
    assert resolved(path, profile="q", api_url=text).api_url == text
    assert resolved(path, {"NOVU_API_URL": text, "INTEGRATIONS_PROFILE": "q"}).api_url == text


# The API key

PYTHON = Path(sys.executable).as_posix()


def test_key_comes_from_text_variable_or_command(tmp_path: Path) -> None:
    say = "import sys; sys.stdout.write('from-command\\\\n')"
    cases = {
        'api_key = "from-text"': ("from-text", "api_key"),
        'api_key = "from-text\\r\\n"': ("from-text", "api_key"),
        'api_key_env = "MY_KEY"': ("from-variable", "environment variable MY_KEY"),
        f'api_key_command = ["{PYTHON}", "-c", "{say}"]': ("from-command", "the output of api_key_command"),
        f"""api_key_command = '"{PYTHON}" -c "print(1234567)"'""": ("1234567", "the output of api_key_command"),
    }
    for table, (key, origin) in cases.items():
        found = profile(tmp_path, table, {"MY_KEY": "from-variable\n"})
        assert require_api_key(found).reveal() == key
        assert found.origins["api_key"] == f"profile p in {tmp_path / 'config.toml'}: {origin}"


def test_nothing_runs_without_read_key(tmp_path: Path) -> None:
    path = written(
        tmp_path, '[profiles.p]\napi_key_command = ["/nonexistent/program"]\n[profiles.k]\napi_key_keyring = true\n'
    )
    found = resolved(path, profile="p", read_key=False)
    assert found.api_key is None
    assert found.origins["api_key"].endswith("the output of api_key_command")
    assert resolved(path, profile="k", read_key=False).origins["api_key"].endswith("the system keyring")


FAILING_COMMANDS = {
    '["/nonexistent/program"]': "cannot be started",
    f'["{PYTHON}", "-c", "raise SystemExit(3)"]': "exit code 3",
    f'["{PYTHON}", "-c", ""]': "is empty",
    "'unfinished \"quote'": "unclosed quote",
}


@pytest.mark.parametrize("command", FAILING_COMMANDS)
def test_failing_key_command_is_a_config_error(tmp_path: Path, command: str) -> None:
    with refused(ConfigError, "api_key_command of profile p", FAILING_COMMANDS[command]):
        profile(tmp_path, f"api_key_command = {command}")


MISSING = [
    ('api_key_env = "GONE"', {}, "environment variable GONE, which is not set"),
    ('api_key_env = "GONE"', {"GONE": ""}, "is empty (environment variable GONE)"),
    ('api_key = ""', {}, "is empty (api_key)"),
    ("timeout = 3", {"NOVU_SECRET_KEY": "other"}, "has no API key"),
]


@pytest.mark.parametrize(("table", "environ", "words"), MISSING)
def test_missing_key_names_its_source(tmp_path: Path, table: str, environ: dict[str, str], words: str) -> None:
    found = profile(tmp_path, table, environ)
    assert found.api_key is None
    with refused(AuthError, words, "--sandbox"):
        require_api_key(found)


def test_empty_variable_is_named(tmp_path: Path, config: Path) -> None:
    found = resolved(tmp_path / "missing.toml", {"NOVU_SECRET_KEY": ""})
    with refused(AuthError, "environment variable NOVU_SECRET_KEY is set but empty"):
        require_api_key(found)
    passed_over = resolved(config, {"NOVU_SECRET_KEY": ""})
    assert require_api_key(passed_over) == Secret("staging-key")
    assert any("NOVU_SECRET_KEY is set but empty" in warning for warning in passed_over.warnings)


def test_missing_key_hint_lists_the_profiles(tmp_path: Path) -> None:
    path = written(tmp_path, "[profiles.a]\n[profiles.b]\n")
    with refused(AuthError, "--profile (a, b)", "--sandbox"):
        require_api_key(resolved(path))


BAD_KEYS = [
    "hunter2 hunter2",
    " hunter2",
    "hunter2\n\n",
    "hun\tter2",
    "hunter2é",
    "hunter2\x1b[0m",
    "hun\nter2",
    "ApiKey hunter2",
]


@pytest.mark.parametrize("key", BAD_KEYS)
def test_invalid_key_is_refused_and_not_shown(tmp_path: Path, key: str) -> None:
    for table, environ in (("", {"NOVU_SECRET_KEY": key}), ('api_key_env = "K"', {"K": key})):
        path = written(tmp_path, f"[profiles.p]\n{table}\n")
        with refused(ConfigError, "contains a space, a line end") as raised:
            resolved(path, {**environ, "INTEGRATIONS_PROFILE": "p"})
        shown = f"{raised.value.message} {raised.value.hint} {raised.value!r}"
        assert "hunter2" not in shown
        assert raised.value.__cause__ is None


def test_settings_repr_hides_the_key(config: Path) -> None:
    assert "staging-key" not in repr(resolved(config))


# The keyring


class FakeKeyring(types.ModuleType):
    """A keyring in memory, or one that fails."""

    def __init__(self, fails: Exception | None = None) -> None:
        super().__init__("keyring")
        self.stored: dict[tuple[str, str], str] = {}
        self.fails = fails

    def get_password(self, service: str, user: str) -> str | None:
        if self.fails is not None:
            raise self.fails
        return self.stored.get((service, user))


class KeyringError(Exception):
    pass


class NoKeyringError(KeyringError, RuntimeError):
    pass


def install(monkeypatch: pytest.MonkeyPatch, keyring: FakeKeyring | None) -> None:
    errors = types.ModuleType("keyring.errors")
    errors.KeyringError = KeyringError  # type: ignore[attr-defined]
    errors.NoKeyringError = NoKeyringError  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", keyring)  # None makes the import fail
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)


def test_keyring_stores_the_key_by_profile_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = FakeKeyring()
    install(monkeypatch, keyring)
    with refused(AuthError, "keyring has no API key for profile p"):
        require_api_key(profile(tmp_path, "api_key_keyring = true"))
    keyring.stored["integrations-cli", "p"] = "ring-key"
    assert require_api_key(profile(tmp_path, "api_key_keyring = true")) == Secret("ring-key")


KEYRING_FAILURES: list[tuple[Exception | None, str]] = [
    (None, "integrations-cli[keyring]"),
    (NoKeyringError("hunter2"), "no usable keyring"),
    (KeyringError("hunter2"), "failed (KeyringError)"),
    (OSError("hunter2"), "failed (OSError)"),
]


@pytest.mark.parametrize(("failure", "words"), KEYRING_FAILURES)
def test_failing_keyring_is_a_config_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception | None, words: str
) -> None:
    install(monkeypatch, FakeKeyring(failure) if failure is not None else None)
    with refused(ConfigError, words) as raised:
        profile(tmp_path, "api_key_keyring = true")
    assert "hunter2" not in f"{raised.value.message} {raised.value.hint}"


# The file


def test_byte_order_mark_and_crlf_are_accepted(tmp_path: Path) -> None:
    path = written(tmp_path, b"\xef\xbb\xbf" + FILE.replace("\n", "\r\n").encode())
    assert resolved(path).api_key == Secret("staging-key")


@pytest.mark.skipif(os.name != "posix", reason="only POSIX files say who may read them")
def test_file_open_to_others_is_warned_about(config: Path) -> None:
    for mode, word in ((0o644, "read"), (0o640, "read"), (0o620, "change"), (0o606, "change"), (0o600, "")):
        config.chmod(mode)
        warnings = resolved(config).warnings
        if word:
            (warning,) = warnings
            assert f"can {word} {config}" in warning
            assert f"chmod 600 {config}" in warning
        else:
            assert warnings == ()
