"""The environment variables and files that the program uses, as data for the manual."""

from __future__ import annotations

from typing import Final, NamedTuple


class Variable(NamedTuple):
    """An environment variable and its effect."""

    name: str
    about: str


class File(NamedTuple):
    """A file or folder that the program writes, and its path on Linux, macOS and Windows."""

    name: str
    linux: str
    macos: str
    windows: str
    about: str


VARIABLES: Final = (
    Variable("NOVU_SECRET_KEY", "The API key. It overrides the key of a profile, unless --profile names the profile."),
    Variable("NOVU_API_KEY", "The API key, if NOVU_SECRET_KEY is not set or empty."),
    Variable(
        "NOVU_API_URL",
        "The address of the API. It overrides the address of a profile, unless --profile names the profile.",
    ),
    Variable("INTEGRATIONS_PROFILE", "The profile to use without --profile."),
    Variable("INTEGRATIONS_CONFIG", "The path of the settings file."),
    Variable("INTEGRATIONS_SANDBOX", "The path of the sandbox's database."),
    Variable("INTEGRATIONS_STATE", "The folder for the fingerprints of applied credentials."),
    Variable("INTEGRATIONS_ACCESSIBLE", "If set to 1, prompts are plain lines and numbered lists instead of menus."),
    Variable("CI", "If set, the program never prompts."),
    Variable("NO_COLOR", "If set, output has no colours; --color overrides it."),
    Variable("FORCE_COLOR", "If set to 1, output has colours even where it is not shown on a terminal."),
    Variable("CLICOLOR_FORCE", "The same as FORCE_COLOR."),
    Variable("CLICOLOR", "If set to 0, output has no colours."),
    Variable("TERM", "The type of the terminal. If it is dumb, there are no colours and no menus."),
    Variable("HTTPS_PROXY", "The proxy for https addresses. The lower-case https_proxy overrides it."),
    Variable("HTTP_PROXY", "The proxy for http addresses. The lower-case http_proxy overrides it."),
    Variable(
        "ALL_PROXY", "The proxy if the variable for the scheme is not set. Proxies can be http, https and socks5."
    ),
    Variable("NO_PROXY", "Hosts, domains, addresses and networks to connect to without a proxy; * means all."),
    Variable(
        "SSL_CERT_FILE", "A file of trusted certificates instead of the system's. A profile's ca_bundle overrides it."
    ),
    Variable("SSL_CERT_DIR", "A folder of trusted certificates, named by their OpenSSL hash."),
)
"""Every variable that changes what the program does, the most important ones first."""


def _file(name: str, folder: str, about: str) -> File:
    """Describe a file that is in `folder` on Linux; a `/` at the end of its name marks a folder."""
    plain = name.removesuffix("/")
    macos = f"~/Library/Application Support/integrations-cli/{name}"
    return File(plain, f"{folder}/integrations-cli/{name}", macos, rf"%LOCALAPPDATA%\integrations-cli\{plain}", about)


FILES: Final = (
    _file(
        "config.toml",
        "~/.config",
        "The settings: the profiles and the default profile. Written by integrations profiles, with mode 0600.",
    ),
    _file("sandbox.db", "~/.local/share", "The sandbox's database. Secret credential values are not stored in it."),
    _file(
        "fingerprints/",
        "~/.local/state",
        "Keyed hashes of applied credentials, which tell plan whether they changed. Only you can read them.",
    ),
)
"""Files that the program writes. On Linux, XDG variables can move their folders."""
