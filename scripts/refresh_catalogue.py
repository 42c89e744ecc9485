"""Refresh the provider catalogue from `@novu/shared`, the npm package from which the API takes its providers.

    python scripts/refresh_catalogue.py                     print what changed, write providers.json
    python scripts/refresh_catalogue.py --check             print what changed; exit 1 if anything did
    python scripts/refresh_catalogue.py --version 2.10.0    take this version of the package, not the newest

It needs node and npm. The package is installed into a temporary folder without its install scripts; then node prints
the lists that it exports. Run `tests/test_catalogue.py` afterwards: it checks what the program relies on.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

Read = Callable[[dict[str, Any]], Any]

PACKAGE = "@novu/shared"
CATALOGUE = Path(__file__).parent.parent / "src" / "integrations_cli" / "catalogue" / "providers.json"

CHANNELS = ("in_app", "email", "sms", "chat", "push", "tool")
"""The order in which channels are shown; new ones come after these."""

EXPORTS = """
const shared = require("@novu/shared");
console.log(JSON.stringify({
  version: JSON.parse(require("fs").readFileSync("node_modules/@novu/shared/package.json")).version,
  providers: shared.providers,
  secret_keys: shared.secureCredentials,
  channels_with_primary: [...shared.CHANNELS_WITH_PRIMARY],
}));
"""
"""The script that prints the exported lists."""

PROVIDER: dict[str, Read] = {
    "id": lambda raw: raw["id"],
    "name": lambda raw: raw["displayName"].strip(),
    "channel": lambda raw: raw["channel"],
    "docs": lambda raw: without_campaign(raw.get("docReference")),
    "beta": lambda raw: bool(raw.get("betaVersion")),
}
"""The keys of a provider in the catalogue, and how to read each from the package. `credentials` follows these."""

CREDENTIAL: dict[str, Read] = {
    "key": lambda raw: raw["key"],
    "label": lambda raw: raw["displayName"].strip(),
    "type": lambda raw: raw["type"],
    "required": lambda raw: bool(raw.get("required")),
}
"""The same for a credential. `secret` follows these: the package has one list of secret keys for all providers."""

OPTIONAL: dict[str, Read] = {
    "default": lambda raw: raw.get("value"),
    "choices": lambda raw: [choice["value"] for choice in raw.get("dropdown") or ()],
    "hidden": lambda raw: raw.get("hidden"),
    "links": lambda raw: [link["url"] for link in raw.get("links") or ()],
}
"""Keys that only some credentials have; empty values are left out."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Refresh or check the catalogue; return 1 if it is out of date, 2 if the package cannot be read."""
    parser = argparse.ArgumentParser(description="Refresh the provider catalogue from the npm package @novu/shared.")
    parser.add_argument("--version", default="latest", help="the version of the package (default: the newest)")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the catalogue is out of date")
    options = parser.parse_args(arguments)
    try:
        fresh = catalogue_of(exported(options.version))
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"cannot read {PACKAGE}: {error}", file=sys.stderr)
        return 2
    before = CATALOGUE.read_bytes() if CATALOGUE.exists() else b"{}"
    after = content_of(fresh)
    if before == after:
        print(f"up to date with {PACKAGE} {fresh['source']['version']}: {len(fresh['providers'])} providers")
        return 0
    for line in changes(json.loads(before), fresh):
        print(line)
    if options.check:
        return 1
    CATALOGUE.write_bytes(after)
    print(f"wrote {CATALOGUE.name}")
    return 0


def exported(version: str) -> dict[str, Any]:
    """Return the lists that this version of the package exports.

    Raises:
        OSError: node or npm is missing.
        subprocess.CalledProcessError: The package cannot be installed or evaluated.
    """
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        raise FileNotFoundError("node and npm are needed")
    with tempfile.TemporaryDirectory() as folder:
        quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--loglevel=error"]
        command = [npm, "install", "--prefix", folder, *quiet, f"{PACKAGE}@{version}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        done = subprocess.run([node, "-e", EXPORTS], check=True, cwd=folder, stdout=subprocess.PIPE)
    exports: dict[str, Any] = json.loads(done.stdout)
    return exports


def catalogue_of(exports: dict[str, Any]) -> dict[str, Any]:
    """Return the catalogue made from the exported lists."""
    secret = exports["secret_keys"]
    used = {raw["channel"] for raw in exports["providers"]}
    channels = [*CHANNELS, *sorted(used.difference(CHANNELS))]
    return {
        "source": {"package": PACKAGE, "version": exports["version"]},
        "channels": channels,
        "channels_with_primary": exports["channels_with_primary"],
        "secret_keys": secret,
        "providers": [
            {name: read(raw) for name, read in PROVIDER.items()}
            | {"credentials": [credential_of(field, secret) for field in raw.get("credentials", ())]}
            for raw in sorted(exports["providers"], key=lambda raw: (raw["channel"], raw["id"]))
        ],
    }


def credential_of(raw: dict[str, Any], secret: Sequence[str]) -> dict[str, Any]:
    """Return one credential as the catalogue has it."""
    field = {name: read(raw) for name, read in CREDENTIAL.items()} | {"secret": raw["key"] in secret}
    return field | {name: value for name, read in OPTIONAL.items() if (value := read(raw))}


def without_campaign(url: str | None) -> str | None:
    """Return the link without `utm_` parameters."""
    if not url:
        return None
    parts = urlsplit(url)
    query = "&".join(word for word in parts.query.split("&") if not word.startswith("utm_"))
    return urlunsplit(parts._replace(query=query))


def content_of(catalogue: dict[str, Any]) -> bytes:
    """Return the content of providers.json."""
    return (json.dumps(catalogue, ensure_ascii=False, indent=1) + "\n").encode()


def changes(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    """Return the differences, a line for each provider: `+` added, `-` removed, `~` changed."""
    for name in ("source", "channels", "channels_with_primary", "secret_keys"):
        if before.get(name) != after.get(name):
            yield f"~ {name}: {_shown(before.get(name))} -> {_shown(after.get(name))}"
    old = {provider["id"]: provider for provider in before.get("providers", ())}
    new = {provider["id"]: provider for provider in after.get("providers", ())}
    for provider_id in sorted(old.keys() | new.keys()):
        if provider_id not in old:
            provider = new[provider_id]
            keys = ", ".join(field["key"] for field in provider["credentials"]) or "none"
            yield f"+ {provider_id} ({provider['name']}, {provider['channel']}); credentials: {keys}"
        elif provider_id not in new:
            yield f"- {provider_id}"
        else:
            different = [*_differences(old[provider_id], new[provider_id])]
            if different:
                yield f"~ {provider_id}: {'; '.join(different)}"


def _differences(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    """Return the differences of one provider; its list of keys shows which credentials were added or removed."""
    was, now = ({field["key"]: field for field in provider["credentials"]} for provider in (old, new))
    pairs = [("", old | {"credentials": [*was]}, new | {"credentials": [*now]})]
    pairs += [(f"credentials.{key}.", was[key], now[key]) for key in was if key in now]
    for path, before, after in pairs:
        for name in {**before, **after}:
            if before.get(name) != after.get(name):
                yield f"{path}{name}: {_shown(before.get(name))} -> {_shown(after.get(name))}"


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main())
