"""The refresh writes the catalogue from the package, and prints the changes of each provider."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from integrations_cli import catalogue

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).parent.parent


def refresh_module() -> Any:
    spec = importlib.util.spec_from_file_location("refresh_catalogue", ROOT / "scripts" / "refresh_catalogue.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


refresh = refresh_module()

EXPORTS = {
    "version": "3.0.0",
    "secret_keys": ["apiKey"],
    "channels_with_primary": ["email"],
    "providers": [
        {
            "id": "zeta",
            "displayName": "Zeta ",
            "channel": "email",
            "docReference": "https://example.com/a?x&utm_campaign=in-app#b",
            "logoFileName": {"light": "zeta.svg"},
            "credentials": [
                {"key": "apiKey", "displayName": "API Key", "type": "string", "required": True, "description": "…"},
                {
                    "key": "region",
                    "displayName": "Region",
                    "type": "dropdown",
                    "required": False,
                    "value": "eu",
                    "dropdown": [{"name": "Default", "value": None}, {"name": "EU", "value": "eu"}],
                },
                {
                    "key": "token",
                    "displayName": "Token",
                    "type": "string",
                    "required": False,
                    "hidden": True,
                    "links": [{"text": "here", "url": "https://example.com/token"}],
                },
            ],
        },
        {"id": "alpha", "displayName": "Alpha", "channel": "fax", "betaVersion": True, "credentials": []},
    ],
}


def test_the_catalogue_is_made_from_the_exports() -> None:
    assert refresh.catalogue_of(EXPORTS) == {
        "source": {"package": "@novu/shared", "version": "3.0.0"},
        "channels": ["in_app", "email", "sms", "chat", "push", "tool", "fax"],
        "channels_with_primary": ["email"],
        "secret_keys": ["apiKey"],
        "providers": [
            {
                "id": "zeta",
                "name": "Zeta",
                "channel": "email",
                "docs": "https://example.com/a?x#b",
                "beta": False,
                "credentials": [
                    {"key": "apiKey", "label": "API Key", "type": "string", "required": True, "secret": True},
                    {
                        "key": "region",
                        "label": "Region",
                        "type": "dropdown",
                        "required": False,
                        "secret": False,
                        "default": "eu",
                        "choices": [None, "eu"],
                    },
                    {
                        "key": "token",
                        "label": "Token",
                        "type": "string",
                        "required": False,
                        "secret": False,
                        "hidden": True,
                        "links": ["https://example.com/token"],
                    },
                ],
            },
            {"id": "alpha", "name": "Alpha", "channel": "fax", "docs": None, "beta": True, "credentials": []},
        ],
    }


def test_the_committed_file_is_as_refresh_writes_it() -> None:
    content = Path(catalogue.__file__).with_name("providers.json").read_bytes()
    assert refresh.content_of(json.loads(content)) == content


def test_changes_are_listed_by_provider() -> None:
    before = refresh.catalogue_of(EXPORTS)
    after = json.loads(json.dumps(before))
    assert list(refresh.changes(before, after)) == []
    after["source"]["version"] = "3.1.0"
    zeta, alpha = after["providers"]
    alpha["id"] = "beta"
    zeta["name"] = "Zeta 2"
    zeta["credentials"][0]["required"] = False
    zeta["credentials"][1]["choices"].append("us")
    zeta["credentials"][2]["key"] = "secret"
    *others, changed = refresh.changes(before, after)
    assert others == [
        '~ source: {"package": "@novu/shared", "version": "3.0.0"} -> {"package": "@novu/shared", "version": "3.1.0"}',
        "- alpha",
        "+ beta (Alpha, fax); credentials: none",
    ]
    assert changed.split("; ") == [
        '~ zeta: name: "Zeta" -> "Zeta 2"',
        'credentials: ["apiKey", "region", "token"] -> ["apiKey", "region", "secret"]',
        "credentials.apiKey.required: true -> false",
        'credentials.region.choices: [null, "eu"] -> [null, "eu", "us"]',
    ]


def test_check_writes_nothing_and_refresh_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "providers.json"
    monkeypatch.setattr(refresh, "CATALOGUE", target)
    monkeypatch.setattr(refresh, "exported", lambda version: {**EXPORTS, "version": version})
    assert refresh.main(["--check", "--version", "3.0.0"]) == 1
    assert "+ zeta (Zeta, email); credentials: apiKey, region, token" in capsys.readouterr().out
    assert not target.exists()
    assert refresh.main(["--version", "3.0.0"]) == 0
    assert json.loads(target.read_bytes()) == refresh.catalogue_of(EXPORTS)
    assert refresh.main(["--check", "--version", "3.0.0"]) == 0
    assert capsys.readouterr().out.endswith("up to date with @novu/shared 3.0.0: 2 providers\n")


def test_missing_npm_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "")
    assert refresh.main(["--check"]) == 2
    assert capsys.readouterr().err == "cannot read @novu/shared: node and npm are needed\n"
