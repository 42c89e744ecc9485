"""Remembers what was applied as keyed fingerprints: a change can be seen, a value cannot be read.

Servers do not show secrets. So each apply keeps, in the user's state folder, one fingerprint for each field that a
server may hide: an HMAC of the value under a salt that never leaves the folder. A value without a fingerprint, or with
a damaged file, counts as changed.

    STATE/salt                    32 random bytes, readable by the owner alone
    STATE/<environment>.jsonl     the fingerprints of one environment of one server; see `record_file`

`export` writes references for secrets that it cannot know, and notes here that they stand for what exists. Such a
reference counts as unchanged until it gets a value, or another value than the one that it had then.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from integrations_cli import catalogue
from integrations_cli.manifests.record_file import Record, RecordFile
from integrations_cli.models import Json
from integrations_cli.settings.atomic_write import file_lock, replace_file
from integrations_cli.settings.config_file import APPLICATION

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

SALT_BYTES: Final = 32

FieldStatus = Literal["same", "changed", "unknown", "added", "removed"]
"""How a field differs from what was applied before."""


class Fingerprints:
    """The fingerprints of one environment. No file is made before something is remembered.

    Integrations are named by their `_id`, fields by their paths (`credentials.apiKey`). All that writes raises OSError
    where that is not possible.
    """

    def __init__(self, path: Path) -> None:
        """Read the file `path` and the salt in its folder. What cannot be read is not remembered."""
        self.path = path
        try:
            self._salt = _read_salt(path.parent)
        except OSError:
            self._salt = None
        self._file = RecordFile(path, read=self._salt is not None)

    def is_known(self, integration_id: str) -> bool:
        """Return whether anything is remembered of the integration."""
        return self._record(integration_id) is not None

    def compare(self, integration_id: str, fields: Mapping[str, Json]) -> dict[str, FieldStatus]:
        """Return how the fields differ from those that were applied or exported.

        The value None is a reference without a value.
        """
        record = self._record(integration_id) or Record()
        remembered = [known for known in (record.applied, record.exported) if known is not None]
        if not remembered:
            return dict.fromkeys(fields, "unknown")
        statuses: dict[str, FieldStatus] = {}
        for path, value in fields.items():
            found = [self._status(integration_id, path, value, known) for known in remembered]
            statuses[path] = "same" if "same" in found else found[0]
        given = {self._stored_path(integration_id, path) for path in fields}
        removed = set.intersection(*(set(known) for known in remembered)) - given
        return statuses | dict.fromkeys(sorted(removed), "removed")

    def _status(self, integration_id: str, path: str, value: Json, known: Mapping[str, str | None]) -> FieldStatus:
        stored_path = self._stored_path(integration_id, path)
        if stored_path not in known:
            return "added"
        if value is None:
            return "same" if known[stored_path] is None else "unknown"
        return "same" if known[stored_path] == self._fingerprint(integration_id, path, value) else "changed"

    def remember_applied(self, integration_id: str, fields: Mapping[str, Json], *, credentials: bool = True) -> None:
        """Remember that these fields were sent. With `credentials`, they have all credentials of the integration."""
        before = self._record(integration_id) or Record()
        kept = {
            path: fingerprint
            for path, fingerprint in (before.applied or {}).items()
            if not (credentials and _is_credential(path))
        }
        self._salt = self._salt or _make_salt(self.path.parent)
        sent = {
            self._stored_path(integration_id, path): self._fingerprint(integration_id, path, value)
            for path, value in fields.items()
            if credentials or not _is_credential(path)
        }
        self._put(integration_id, Record(kept | sent, None if credentials else before.exported))

    def remember_exported(self, manifest: Mapping[str, Mapping[str, Json]]) -> None:
        """Remember the credentials of an exported manifest, by integration: they stand for what exists."""
        records: dict[str, Record] = {}
        for integration_id, fields in manifest.items():
            self._salt = self._salt or _make_salt(self.path.parent)
            before = self._record(integration_id) or Record()
            exported = {
                self._stored_path(integration_id, path): None
                if value is None
                else self._fingerprint(integration_id, path, value)
                for path, value in fields.items()
            }
            if before.exported != exported:
                records[self._record_name(integration_id)] = before._replace(exported=exported)
        self._file.put(records)

    def remove(self, integration_id: str) -> None:
        """Forget the integration."""
        if self.is_known(integration_id):
            self._put(integration_id, Record())

    def pending_create_key(self, identifier: str, body: bytes) -> str | None:
        """Return the idempotency key of an earlier create with this body whose outcome is unknown, or None."""
        name = _create_name(identifier)
        pending = (self._record(name) or Record()).pending
        return pending[0] if pending is not None and pending[1] == self._fingerprint(name, "", body.hex()) else None

    def remember_pending_create(self, identifier: str, body: bytes, key: str) -> None:
        """Remember the idempotency key of a create whose outcome is unknown."""
        self._salt = self._salt or _make_salt(self.path.parent)
        name = _create_name(identifier)
        self._put(name, Record(pending=(key, self._fingerprint(name, "", body.hex()))))

    def remove_pending_create(self, identifier: str) -> None:
        """Forget the create of this identifier: its outcome is known."""
        self.remove(_create_name(identifier))

    def batch(self) -> AbstractContextManager[None]:
        """Save what is remembered inside of the block at its end, with one access to the file."""
        return self._file.batch()

    def _record(self, name: str) -> Record | None:
        return None if self._salt is None else self._file.get(self._record_name(name))

    def _put(self, name: str, record: Record) -> None:
        self._file.put({self._record_name(name): record})

    def _record_name(self, name: str) -> str:
        """Return the name of a record: no `_id`, since a server that repeats its input may put a secret there."""
        return self._fingerprint(name, "", None)

    def _stored_path(self, name: str, path: str) -> str:
        """Return the path of a field as it is stored: an unknown key of a credential may come from the server."""
        if not _is_credential(path) or path.removeprefix("credentials.") in catalogue.credential_keys():
            return path
        return f"credentials.({self._fingerprint(name, path, None)[:8]})"

    def _fingerprint(self, name: str, path: str, value: Json) -> str:
        """Return 16 bytes of HMAC-SHA-256 in hex. Name and path are part of it: equal values look different."""
        import hmac

        assert self._salt is not None
        encoded = (
            f"text {value}"
            if isinstance(value, str)
            else f"json {'null' if value is None else json.dumps(value, sort_keys=True)}"
        )
        text = f"{self.path.name}\n{name}\n{path!r}\n{encoded}"
        return hmac.digest(self._salt, text.encode("utf-8", "surrogatepass"), "sha256")[:16].hex()


def load_fingerprints(folder: Path, *, server: str, environment_id: str) -> Fingerprints:
    """Return the fingerprints of an environment of `server` (its URL) in the state folder."""
    import hashlib

    name = hashlib.sha256(json.dumps([server, environment_id]).encode()).hexdigest()[:32]
    return Fingerprints(folder / f"{name}.jsonl")


def state_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder of the fingerprints: `INTEGRATIONS_STATE`, or one in the system's folder for program state."""
    folder = environ.get("INTEGRATIONS_STATE")
    if folder:
        return Path(folder)
    import platformdirs

    return platformdirs.user_state_path(APPLICATION, appauthor=False) / "fingerprints"


def _is_credential(path: str) -> bool:
    return path.startswith("credentials.")


def _create_name(identifier: str) -> str:
    """Return the name under which a create is remembered; no `_id` has a colon."""
    return f"create:{identifier}"


def _read_salt(folder: Path) -> bytes | None:
    try:
        salt = (folder / "salt").read_bytes()
    except FileNotFoundError:
        return None
    return salt if len(salt) == SALT_BYTES else None


def _make_salt(folder: Path) -> bytes:
    """Return the salt of a folder; it is made, with the folder, when it is needed for the first time."""
    import secrets

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with file_lock(folder / "salt"):
        salt = _read_salt(folder)
        if salt is None:
            salt = secrets.token_bytes(SALT_BYTES)
            replace_file(folder / "salt", salt)
    return salt
