"""Fingerprints of credentials: they show changes and no values, and nothing is lost."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_cli.manifests import fingerprints
from integrations_cli.manifests.fingerprints import Fingerprints
from integrations_cli.manifests.record_file import MAX_STALE_LINES

SECRET = "planted-secret-0123456789"


def load(folder: Path, environment: str = "e1", server: str = "https://api.novu.co") -> Fingerprints:
    """What a new process remembers."""
    return fingerprints.load_fingerprints(folder, server=server, environment_id=environment)


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


FIELDS = {"credentials.apiKey": SECRET, "credentials.secure": True, "rules": {"a": [1, SECRET]}}


def test_applied_values_are_same_and_others_are_not(tmp_path: Path) -> None:
    load(tmp_path).remember_applied("id1", FIELDS)
    known = load(tmp_path)
    assert set(known.compare("id1", FIELDS).values()) == {"same"}
    other = {**FIELDS, "credentials.apiKey": "x", "credentials.token": "y"}
    del other["credentials.secure"]
    assert known.compare("id1", other) == {
        "credentials.apiKey": "changed",
        "credentials.token": "added",
        "credentials.secure": "removed",
        "rules": "same",
    }
    assert set(known.compare("id2", FIELDS).values()) == {"unknown"}
    assert set(load(tmp_path, "e2").compare("id1", FIELDS).values()) == {"unknown"}
    assert set(load(tmp_path, server="https://eu.api.novu.co").compare("id1", FIELDS).values()) == {"unknown"}


def test_folder_holds_no_value_and_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    load(folder).remember_applied("id1", FIELDS)
    load(folder).remember_exported({"id2": FIELDS})
    load(folder).remember_pending_create("name", SECRET.encode(), "key-1")
    assert SECRET.encode() not in everything(folder)
    assert SECRET.encode().hex().encode() not in everything(folder)
    if os.name == "posix":
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_unknown_keys_and_ids_are_not_stored(tmp_path: Path) -> None:
    known = load(tmp_path)
    known.remember_applied(SECRET, {f"credentials.{SECRET}": "x", "credentials.apiKey": "y"})
    known.remember_exported({f"id-{SECRET}": {f"credentials.{SECRET}": None}})
    known.remember_pending_create(SECRET, b"body", "key-1")
    assert SECRET.encode() not in everything(tmp_path)
    assert b"credentials.apiKey" in everything(tmp_path)
    known = load(tmp_path)
    assert known.compare(SECRET, {f"credentials.{SECRET}": "x", "credentials.apiKey": "y"}) == {
        f"credentials.{SECRET}": "same",
        "credentials.apiKey": "same",
    }
    (gone,) = (
        path for path, verdict in known.compare(SECRET, {"credentials.apiKey": "y"}).items() if verdict == "removed"
    )
    assert SECRET not in gone


def test_equal_values_have_different_fingerprints(tmp_path: Path) -> None:
    known = load(tmp_path)
    known.remember_applied("id1", {"credentials.apiKey": SECRET, "credentials.token": SECRET})
    known.remember_applied("id2", {"credentials.apiKey": SECRET})
    prints = [line.split(b'":"')[1:] for line in known.path.read_bytes().splitlines()]
    flat = [part[:32] for line in prints for part in line]
    assert len(flat) == 3
    assert len(set(flat)) == 3


def test_text_differs_from_the_json_it_spells(tmp_path: Path) -> None:
    load(tmp_path).remember_applied("id1", {"a": "true", "b": True, "c": '{"x": 1}'})
    assert load(tmp_path).compare("id1", {"a": True, "b": "true", "c": {"x": 1}}) == {
        "a": "changed",
        "b": "changed",
        "c": "changed",
    }


def test_exported_reference_is_unchanged_until_it_has_value(tmp_path: Path) -> None:
    load(tmp_path).remember_exported({"id1": {"credentials.apiKey": None, "credentials.from": "f"}})
    known = load(tmp_path)
    assert set(known.compare("id1", {"credentials.apiKey": None, "credentials.from": "f"}).values()) == {"same"}
    assert known.compare("id1", {"credentials.apiKey": "x"})["credentials.apiKey"] == "changed"
    known.remember_applied("id1", {"credentials.apiKey": "x", "credentials.from": "f"})
    assert known.compare("id1", {"credentials.apiKey": None})["credentials.apiKey"] == "unknown"


def test_applied_and_exported_manifest_are_both_unchanged(tmp_path: Path) -> None:
    known = load(tmp_path)
    known.remember_applied("id1", {"credentials.apiKey": "x", "credentials.domain": "o"})
    known.remember_exported({"id1": {"credentials.apiKey": None}})
    known = load(tmp_path)
    assert set(known.compare("id1", {"credentials.apiKey": None}).values()) == {"same"}
    assert set(known.compare("id1", {"credentials.apiKey": "x", "credentials.domain": "o"}).values()) == {"same"}


def test_applying_other_fields_keeps_credentials(tmp_path: Path) -> None:
    known = load(tmp_path)
    known.remember_applied("id1", {"credentials.apiKey": "x"})
    known.remember_applied("id1", {"rules": 1, "credentials.apiKey": "not sent"}, credentials=False)
    assert set(load(tmp_path).compare("id1", {"credentials.apiKey": "x", "rules": 1}).values()) == {"same"}


def test_nothing_is_written_before_something_is_remembered(tmp_path: Path) -> None:
    known = load(tmp_path / "state")
    known.compare("id1", FIELDS)
    known.remove("id1")
    known.remove_pending_create("name")
    known.remember_exported({})
    assert not (tmp_path / "state").exists()


@given(st.binary(max_size=300), st.sampled_from(["salt", "records", "both"]))
def test_damaged_files_count_as_changed_and_recover(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes, what: str
) -> None:
    folder = tmp_path_factory.mktemp("state")
    known = load(folder)
    known.remember_applied("id1", FIELDS)
    if what != "records":
        (folder / "salt").write_bytes(junk)
    if what != "salt":
        known.path.write_bytes(junk)
    if junk != b"" or what != "records":
        assert "same" not in load(folder).compare("id1", FIELDS).values() or len(junk) == 32
    load(folder).remember_applied("id1", FIELDS)
    assert set(load(folder).compare("id1", FIELDS).values()) == {"same"}


def test_truncated_line_loses_only_that_line(tmp_path: Path) -> None:
    known = load(tmp_path)
    for number in range(3):
        known.remember_applied(f"id{number}", FIELDS)
    known.path.write_bytes(known.path.read_bytes()[:-20])
    again = load(tmp_path)
    assert set(again.compare("id1", FIELDS).values()) == {"same"}
    assert set(again.compare("id2", FIELDS).values()) == {"unknown"}
    again.remember_applied("id3", FIELDS)
    assert set(load(tmp_path).compare("id3", FIELDS).values()) == {"same"}


def test_file_size_is_bounded(tmp_path: Path) -> None:
    known = load(tmp_path)
    for number in range(MAX_STALE_LINES + 20):
        known.remember_applied(f"id{number % 3}", {"credentials.apiKey": str(number)})
    assert len(known.path.read_bytes().splitlines()) < 30
    assert (
        load(tmp_path).compare("id1", {"credentials.apiKey": str(MAX_STALE_LINES + 18)})["credentials.apiKey"]
        != "unknown"
    )


def test_concurrent_processes_lose_nothing(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from integrations_cli.manifests import fingerprints\n"
        "known = fingerprints.load_fingerprints(Path(sys.argv[1]), server='https://api.novu.co', environment_id='e1')\n"
        "for number in range(400):\n"
        "    known.remember_applied(f'{sys.argv[2]}-{number % 150}', {'credentials.apiKey': str(number)})\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), str(name)]) for name in range(3)]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    known = load(tmp_path)
    for name in range(3):
        for number in range(150):
            last = number + 300 if number < 100 else number + 150
            assert known.compare(f"{name}-{number}", {"credentials.apiKey": str(last)}) == {
                "credentials.apiKey": "same"
            }


def test_pending_create_is_kept_for_its_body(tmp_path: Path) -> None:
    load(tmp_path).remember_pending_create("mail", b"body", "key-1")
    assert load(tmp_path).pending_create_key("mail", b"body") == "key-1"
    assert load(tmp_path).pending_create_key("mail", b"other") is None
    assert load(tmp_path).pending_create_key("other", b"body") is None
    load(tmp_path).remove_pending_create("mail")
    assert load(tmp_path).pending_create_key("mail", b"body") is None


@pytest.mark.parametrize("environ", [{"INTEGRATIONS_STATE": "/somewhere"}, {}])
def test_state_folder_follows_the_system_or_the_variable(environ: dict[str, Any]) -> None:
    folder = fingerprints.state_folder(environ)
    assert folder == Path("/somewhere") if environ else "integrations-cli" in str(folder)


# -- the form on disk -------------------------------------------------------------------------------------------------

KEPT = Path(__file__).parent / "state_folder"
"""A state folder as released versions write it, with a salt that is known. It is never written anew: users have such
folders, and a version that reads them otherwise takes every credential for changed."""

KEPT_SERVER, KEPT_ENVIRONMENT = "https://api.novu.co", "6b03c66d9567edf1d9ef70d4"
KEPT_FIELDS: dict[str, Any] = {
    "credentials.apiKey": SECRET,
    "credentials.from": "Grüße ☃ \U0001f600",
    "credentials.secure": True,
    "credentials.tlsOptions": {"rejectUnauthorized": False, "ca": ["é", None], "minVersion": "TLSv1.2"},
    "credentials.no-provider-has-it": "x",
    "configurations": {"b": {"d": 2.5, "c": -1}, "a": [1, None, "☃"]},
    "rules": {"==": [1, 1]},
}
KEPT_PLACEHOLDERS: dict[str, Any] = {"credentials.apiKey": None, "credentials.domain": "mg.acme.io"}
KEPT_BODY = b'{"providerId":"mailgun","channel":"email","check":false}'


def kept() -> Fingerprints:
    return load(KEPT, KEPT_ENVIRONMENT, KEPT_SERVER)


def test_stored_state_folder_is_recognised() -> None:
    known = kept()
    assert known.compare("6b03c66e9567edf1d9ef70e1", KEPT_FIELDS) == dict.fromkeys(KEPT_FIELDS, "same")
    assert known.compare("6b03c66e9567edf1d9ef70e2", KEPT_PLACEHOLDERS) == dict.fromkeys(KEPT_PLACEHOLDERS, "same")
    assert known.pending_create_key("mailgun-main", KEPT_BODY) == "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("credentials.apiKey", f"{SECRET} "),
        ("credentials.secure", "true"),
        ("credentials.tlsOptions", {"rejectUnauthorized": False}),
        ("configurations", {"b": {"d": 2.5, "c": -1}, "a": [1, None]}),
    ],
)
def test_other_values_are_changed_in_stored_folder(path: str, value: Any) -> None:
    assert kept().compare("6b03c66e9567edf1d9ef70e1", {**KEPT_FIELDS, path: value})[path] == "changed"
