"""What the program reads besides its command line: environment variables and files."""

from __future__ import annotations

from typing import Final, NamedTuple


class Variable(NamedTuple):
    """An environment variable, and what it does."""

    name: str
    about: str


class File(NamedTuple):
    """A file that the program keeps: where, on Linux, macOS and Windows, and what for."""

    name: str
    linux: str
    macos: str
    windows: str
    about: str


VARIABLES: Final = (
    Variable(
        "NOVU_SECRET_KEY",
        "The API key, as the API's own tools read it. It beats the key of a profile, unless --profile names one.",
    ),
    Variable("NOVU_API_KEY", "The same; read where NOVU_SECRET_KEY is not set."),
    Variable("NOVU_API_URL", "Where the API answers. It beats the address of a profile, unless --profile names one."),
    Variable("INTEGRATIONS_PROFILE", "The profile to use where --profile names none."),
    Variable("INTEGRATIONS_CONFIG", "Another file for the settings."),
    Variable("INTEGRATIONS_SANDBOX", "Another file for the database of the sandbox."),
    Variable("INTEGRATIONS_STATE", "Another folder for what is remembered of the credentials that were applied."),
    Variable(
        "INTEGRATIONS_ACCESSIBLE", "1 asks by numbered lists and plain lines instead of menus that redraw the screen."
    ),
    Variable("CI", "Where it is set, nothing ever asks."),
    Variable("NO_COLOR", "Where it is set, nothing is coloured; --color beats it."),
    Variable("FORCE_COLOR", "1 colours even what is not shown on a terminal; CLICOLOR_FORCE does the same."),
    Variable("CLICOLOR_FORCE", "The same as FORCE_COLOR."),
    Variable("CLICOLOR", "0 colours nothing."),
    Variable("TERM", "The kind of terminal; on one called dumb nothing is coloured and nothing redraws the screen."),
    Variable("HTTPS_PROXY", "The proxy for https addresses; https_proxy in small letters beats it."),
    Variable("HTTP_PROXY", "The proxy for http addresses; http_proxy in small letters beats it."),
    Variable("ALL_PROXY", "The proxy where neither of those is set; http, https and socks5 are known."),
    Variable("NO_PROXY", "The hosts, domains, addresses and networks that are reached without a proxy; * is all."),
    Variable(
        "SSL_CERT_FILE", "A file of certificates to believe instead of the system's; ca_bundle of a profile wins."
    ),
    Variable("SSL_CERT_DIR", "The same as a folder, hashed as OpenSSL wants it."),
)
"""Every variable that changes what the program does, in the order in which people look for them."""

FILES: Final = (
    File(
        "config.toml",
        "~/.config/integrations-cli/config.toml",
        "~/Library/Application Support/integrations-cli/config.toml",
        r"%LOCALAPPDATA%\integrations-cli\config.toml",
        "The settings: profiles, and which of them is the default. Written by integrations profiles, mode 0600.",
    ),
    File(
        "sandbox.db",
        "~/.local/share/integrations-cli/sandbox.db",
        "~/Library/Application Support/integrations-cli/sandbox.db",
        r"%LOCALAPPDATA%\integrations-cli\sandbox.db",
        "The sandbox. It never holds the value of a secret credential.",
    ),
    File(
        "fingerprints",
        "~/.local/state/integrations-cli/fingerprints/",
        "~/Library/Application Support/integrations-cli/fingerprints/",
        r"%LOCALAPPDATA%\integrations-cli\fingerprints",
        "Keyed hashes of the credentials applied last, so that plan can tell whether they changed. Yours alone.",
    ),
)
"""What it keeps on disk: files, and a folder. The folders are the system's own: XDG variables move them on Linux."""
