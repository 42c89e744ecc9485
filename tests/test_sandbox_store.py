"""The sandbox's file is private, survives concurrency and `kill -9`, and reports files that are not its own."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import Figures
from integrations_cli.sandbox.open import StoreError, open_sandbox, reset
from integrations_cli.sandbox.store import APPLICATION_ID, Store
from sandboxed import Caller, Clock, Response

WRITER = """
import json, sys, pathlib
from integrations_cli.sandbox.open import open_sandbox

path, name, count = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
with open_sandbox(path) as sandbox:
    key = f"ApiKey {sandbox.api_keys['Development']}"
    for number in range(count):
        identifier = f"{name}-{number}"
        body = {"providerId": "mailgun", "channel": "email", "active": True, "identifier": identifier}
        headers = {"authorization": key, "content-type": "application/json", "idempotency-key": identifier}
        response = sandbox.api.handle("POST", "/v1/integrations", headers, json.dumps(body).encode())
        # One write to a pipe: what was acknowledged arrives whole even if the next moment is the last.
        sys.stdout.write(f"{identifier} {response.status}\\n")
        sys.stdout.flush()
"""

WITHOUT_RIGHTS = """
import os, pathlib, sqlite3, tempfile
from integrations_cli.sandbox import api  # imported while the files can still be read
from integrations_cli.sandbox.open import StoreError, open_sandbox

if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    path = folder / "sandbox.db"
    open_sandbox(path).close()
    for folder_mode, file_mode in ((0o500, 0o600), (0o700, 0o400), (0o700, 0), (0, 0o600)):
        path.chmod(file_mode)
        folder.chmod(folder_mode)
        try:
            open_sandbox(path).close()
        except StoreError as error:
            print(error.message)
        folder.chmod(0o700)
"""


def writer(path: Path, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name, str(count)], stdout=subprocess.PIPE, text=True
    )


def identifiers(path: Path) -> list[str]:
    caller = Caller(path, clock=Clock(time.time()))
    try:
        return [entry["identifier"] for entry in caller.listed()]
    finally:
        caller.store.close()


class TestConcurrency:
    def test_threads_lose_nothing_and_duplicate_nothing(self, tmp_path: Path) -> None:
        caller = Caller(tmp_path / "sandbox.db")
        responses: list[Response] = []

        def run(name: int) -> None:
            responses.extend(caller.create(identifier=f"{name}-{number}", active=True) for number in range(25))
            responses.extend(caller.create(identifier=f"shared-{number}") for number in range(10))

        threads = [threading.Thread(target=run, args=(name,)) for name in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        listed = caller.listed()
        caller.store.close()
        assert sorted(response.status for response in responses) == [201] * 210 + [409] * 70
        assert len({entry["identifier"] for entry in listed}) == len(listed) == 210
        ranked = [entry for entry in listed if entry["active"]]
        assert [entry["primary"] for entry in ranked].count(True) == 1
        assert sorted(entry["priority"] for entry in ranked) == list(range(1, 201))

    def test_processes_lose_nothing(self, tmp_path: Path, figures: Figures) -> None:
        """Eight of them, which also race for making the file."""
        path = tmp_path / "deep" / "sandbox.db"
        running = [writer(path, f"w{number}", 40) for number in range(8)]
        lines = [line for process in running for line in process.communicate()[0].splitlines()]
        assert [process.returncode for process in running] == [0] * 8
        assert lines
        assert {line.split()[1] for line in lines} == {"201"}
        found = identifiers(path)
        figures(
            "sandbox: eight processes writing at once",
            [["acknowledged", "found", "duplicates"], [len(lines), len(found), len(found) - len(set(found))]],
        )
        assert sorted(found) == sorted(line.split()[0] for line in lines)
        assert len(found) == 320

    def test_processes_share_idempotency(self, tmp_path: Path) -> None:
        path = tmp_path / "sandbox.db"
        running = [writer(path, "same", 20) for _ in range(4)]
        lines = [line for process in running for line in process.communicate()[0].splitlines()]
        assert {line.split()[1] for line in lines} == {"201"}
        assert len(lines) == 80
        assert len(identifiers(path)) == 20

    @pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no kill -9")
    def test_kill_9_loses_no_acknowledged_create(self, tmp_path: Path, figures: Figures) -> None:
        """Eight write at once, and are killed one after the other at ever other moments, three times over."""
        path = tmp_path / "sandbox.db"
        chance = random.Random(9)
        acknowledged: set[str] = set()
        kills = 0
        for turn in range(3):
            running = [writer(path, f"t{turn}w{number}", 100_000) for number in range(8)]
            first = [process.stdout.readline() for process in running if process.stdout]  # now all are at work
            for line, process in zip(first, running, strict=True):
                assert process.stdout is not None
                seen = [line, *(process.stdout.readline() for _ in range(chance.randrange(4)))]
                process.kill()
                rest = process.stdout.read().splitlines(keepends=True)
                process.stdout.close()
                assert process.wait() == -signal.SIGKILL
                kills += 1
                whole = [line.split() for line in [*seen, *rest] if line.endswith("\n")]
                assert all(status == "201" for _, status in whole)
                acknowledged |= {identifier for identifier, _ in whole}
        found = identifiers(path)
        figures(
            "sandbox: kill -9 under load",
            [
                ["kills", "acknowledged creates", "lost", "duplicates"],
                [kills, len(acknowledged), len(acknowledged - set(found)), len(found) - len(set(found))],
            ],
        )
        assert kills >= 20
        assert len(acknowledged) > 100
        assert acknowledged <= set(found)
        assert len(found) == len(set(found))
        connection = sqlite3.connect(path)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()

    def test_long_lock_is_reported(self, tmp_path: Path) -> None:
        path = tmp_path / "sandbox.db"
        open_sandbox(path).close()
        store = Store(path, max_wait=0.01)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError) as caught, store.writing():
            pass
        assert "was locked by another program for 0.01 seconds" in caught.value.message
        other.execute("ROLLBACK")
        with store.writing():
            pass
        other.close()
        store.close()


class TestTheFile:
    def test_new_file_has_in_app_integrations_and_keys(self, tmp_path: Path) -> None:
        path = tmp_path / "a" / "b" / "sandbox.db"
        with open_sandbox(path) as sandbox:
            keys = sandbox.api_keys
        with open_sandbox(path) as sandbox:
            assert sandbox.api_keys == keys
            assert list(keys) == ["Development", "Production"]
        caller = Caller(path)
        listed = caller.send("GET", "/v1/integrations").data
        caller.store.close()
        assert [(entry["name"], entry["active"], entry["channel"]) for entry in listed] == [
            ("Novu In-App", True, "in_app"),
            ("Novu In-App", True, "in_app"),
        ]

    @pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
    def test_file_is_private(self, tmp_path: Path) -> None:
        path = tmp_path / "data" / "sandbox.db"
        before = os.umask(0)
        try:
            with open_sandbox(path) as sandbox:
                sandbox.api.handle("GET", "/", {}, b"")
                modes = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in path.parent.iterdir()}
        finally:
            os.umask(before)
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert set(modes) >= {"sandbox.db", "sandbox.db-wal"}
        assert set(modes.values()) == {0o600}

    def test_closing_leaves_one_file(self, tmp_path: Path) -> None:
        open_sandbox(tmp_path / "sandbox.db").close()
        assert [entry.name for entry in tmp_path.iterdir()] == ["sandbox.db"]

    def test_closing_twice_works(self, tmp_path: Path) -> None:
        sandbox = open_sandbox(tmp_path / "sandbox.db")
        sandbox.close()
        sandbox.close()


def overwritten(start: int, data: bytes) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        with path.open("r+b") as file:
            file.seek(start)
            file.write(data)

    return spoil


def altered(statement: str) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute(statement)
        connection.close()

    return spoil


class TestUnusableFiles:
    @pytest.mark.parametrize(
        ("spoil", "message"),
        [
            (lambda path: path.write_text("my diary\n"), "is not a sandbox's database"),
            (overwritten(100, os.urandom(4000)), "is damaged"),
            (lambda path: path.write_bytes(path.read_bytes()[:5000]), "is damaged"),
            (altered("PRAGMA user_version = 2"), "was written by another version of this program: format 2, not 1"),
            (altered("PRAGMA application_id = 7"), "is a database of another program, not a sandbox"),
            (altered("DROP TABLE environment"), "is damaged"),
        ],
        ids=["text", "overwritten", "cut", "newer", "foreign", "without a table"],
    )
    def test_unusable_file_is_reported(self, tmp_path: Path, spoil: Callable[[Path], Any], message: str) -> None:
        path = tmp_path / "sandbox.db"
        open_sandbox(path).close()
        spoil(path)
        with pytest.raises(StoreError) as caught:
            open_sandbox(path)
        assert message in caught.value.message
        assert str(path) in caught.value.message
        assert "\n" not in caught.value.message + caught.value.hint
        assert caught.value.hint

    @pytest.mark.parametrize("column", ["body_hash", "status", "answer", "begun"])
    def test_damaged_idempotency_key_is_reported(self, tmp_path: Path, column: str) -> None:
        """SQLite keeps any kind of value in any column, so that only the program can see it."""
        path = tmp_path / "sandbox.db"
        caller = Caller(path)
        try:
            assert caller.create(key="k").status == 201
            altered(f"UPDATE idempotency SET {column} = 'x'")(path)
            with pytest.raises(StoreError) as caught:
                caller.create(key="k")
            assert caught.value.message == f"the sandbox's database {path} is damaged"
            assert "sandbox reset" in caught.value.hint
            assert len(caller.listed()) == 1
        finally:
            caller.store.close()

    def test_empty_file_becomes_a_sandbox(self, tmp_path: Path) -> None:
        path = tmp_path / "sandbox.db"
        path.touch()
        open_sandbox(path).close()
        assert path.read_bytes()[:6] == b"SQLite"

    def test_folder_instead_of_file_is_reported(self, tmp_path: Path) -> None:
        file = tmp_path / "file"
        file.touch()
        for path in (tmp_path, file / "sandbox.db"):
            with pytest.raises(StoreError, match="the sandbox cannot use"):
                open_sandbox(path)

    @pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
    def test_missing_permissions_are_reported(self) -> None:
        """As a user who may not write everywhere: the superuser steps down for it."""
        finished = subprocess.run([sys.executable, "-c", WITHOUT_RIGHTS], capture_output=True, text=True, check=True)
        assert [line.partition(" /")[0] for line in finished.stdout.splitlines()] == [
            "the sandbox cannot write",
            "the sandbox cannot use",
            "the sandbox cannot use",
            "the sandbox cannot use",
        ]

    def test_damaged_bytes_raise_only_store_errors(self, tmp_path: Path, figures: Figures) -> None:
        """Whatever bytes are changed, nothing but StoreError comes out."""
        path = tmp_path / "sandbox.db"
        caller = Caller(path)
        for number in range(40):
            caller.create(identifier=f"i{number}", credentials={"domain": "d" * 50}, key=f"k{number}", active=True)
        caller.store.close()
        whole = path.read_bytes()
        chance = random.Random(4)
        named = harmless = 0
        for _ in range(250):
            spoiled = bytearray(whole)
            for _ in range(chance.choice([1, 10, 200])):
                spoiled[chance.randrange(16, len(spoiled))] = chance.randrange(256)
            path.write_bytes(spoiled[: chance.choice([len(spoiled), len(spoiled) - chance.randrange(len(spoiled))])])
            for leftover in ("sandbox.db-wal", "sandbox.db-shm", "sandbox.db-journal"):
                (tmp_path / leftover).unlink(missing_ok=True)
            try:
                used(path)
                harmless += 1
            except StoreError:
                named += 1
        figures("sandbox: damaged files", [["tried", "named", "still usable"], [250, named, harmless]])
        assert named > 50


def used(path: Path) -> None:
    """Open the sandbox and do a little of everything."""
    with open_sandbox(path) as sandbox:
        headers = {"authorization": f"ApiKey {sandbox.api_keys['Development']}", "content-type": "application/json"}
        body = b'{"providerId":"mailgun","channel":"email","active":true}'
        for number in range(3):
            sandbox.api.handle("POST", "/v1/integrations", {**headers, "idempotency-key": f"k{number}"}, body)
        sandbox.api.handle("POST", "/v1/integrations", {**headers, "idempotency-key": "new"}, body)
        for tail in ("integrations", "integrations/active", "environments/me"):
            sandbox.api.handle("GET", f"/v1/{tail}", headers, b"")


class TestReset:
    def test_reset_empties_and_keeps_the_keys(self, tmp_path: Path) -> None:
        path = tmp_path / "sandbox.db"
        caller = Caller(path)
        caller.create(key="k")
        caller.store.close()
        assert reset(path)
        caller = Caller(path)
        assert caller.listed() == []
        assert "idempotency-replay" not in caller.create(key="k").headers
        caller.store.close()
        with open_sandbox(path) as sandbox:
            assert sandbox.api_keys["Development"] == caller.development.api_key

    def test_reset_without_a_file_does_nothing(self, tmp_path: Path) -> None:
        assert not reset(tmp_path / "sandbox.db")
        assert list(tmp_path.iterdir()) == []

    def test_running_server_survives_reset(self, tmp_path: Path) -> None:
        caller = Caller(tmp_path / "sandbox.db")
        caller.create()
        assert reset(tmp_path / "sandbox.db")
        assert caller.listed() == []
        assert caller.create().status == 201
        caller.store.close()

    def test_reset_replaces_a_damaged_file(self, tmp_path: Path) -> None:
        path = tmp_path / "sandbox.db"
        open_sandbox(path).close()
        overwritten(100, os.urandom(4000))(path)
        assert reset(path)
        open_sandbox(path).close()

    def test_reset_never_changes_foreign_files(self, tmp_path: Path) -> None:
        diary = tmp_path / "diary"
        diary.write_text("dear diary")
        other = tmp_path / "other.db"
        altered("CREATE TABLE precious (a)")(other)
        spoiled = tmp_path / "spoiled.db"
        spoiled.write_bytes(other.read_bytes()[:100] + os.urandom(4000))
        for path in (diary, other, spoiled):
            before = path.read_bytes()
            with pytest.raises(StoreError):
                reset(path)
            assert path.read_bytes() == before

    def test_application_id_is_in_the_header(self, tmp_path: Path) -> None:
        path = tmp_path / "sandbox.db"
        open_sandbox(path).close()
        assert path.read_bytes()[68:72] == APPLICATION_ID.to_bytes(4, "big")
