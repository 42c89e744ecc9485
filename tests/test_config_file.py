"""The settings file: reading it, and that saving it loses nothing."""

from __future__ import annotations

import errno
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations_cli.errors import ConfigError
from integrations_cli.settings import atomic_write, config_file
from integrations_cli.settings.config_file import ConfigFile, config_path, edit_config, has_comments

if TYPE_CHECKING:
    from conftest import Figures

SAVER = Path(__file__).with_name("saver.py")
TABLE = {"api_key": "new-key"}
OLD = b'default_profile = "a"\n[profiles.a]\napi_key = "old-key"\n'

posix = pytest.mark.skipif(os.name != "posix", reason="owners, modes and signals as POSIX has them")


def add(path: Path, name: str = "new", **options: bool) -> tuple[str, ...]:
    return edit_config(path, lambda file: file.add_profile(name, TABLE, make_default=False, **options))


def old_file(folder: Path, content: bytes = OLD) -> Path:
    path = folder / "config.toml"
    path.write_bytes(content)
    path.chmod(0o600)
    return path


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.endswith(".tmp"))


def saver(
    *arguments: object, prefix: tuple[str, ...] = (), options: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    command = [*prefix, sys.executable, *options, str(SAVER), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


# Its path


def test_environment_names_the_file() -> None:
    assert config_path({"INTEGRATIONS_CONFIG": "/x/y.toml"}) == Path("/x/y.toml")
    default = config_path({"INTEGRATIONS_CONFIG": ""})
    assert default == config_path({})
    assert (default.name, default.parent.name, default.is_absolute()) == ("config.toml", "integrations-cli", True)


# Reading

BROKEN = {
    b"x = ": "line 1, column 5: not valid TOML: invalid value at the end of the file",
    b"a = 1\r\nb = [1,\r\n": "line 3, column 1: not valid TOML: invalid value at the end of the file",
    b"a = 1\n\n  b ? 2": "line 3, column 5: not valid TOML: expected '=' after a key",
    b"[profiles.a]\n[profiles.a]": "line 2, column 12: not valid TOML: cannot declare profiles.a twice",
    b'a = "unfinished': "line 1, column 16",
    b"a = 1\na = 2": "line 2, column 6: not valid TOML: cannot overwrite a value",
    b"\xef\xbb\xbfa =": "line 1, column 4",
    b"a = 1\nb = '\xff'": "line 2, column 6: not UTF-8 text",
    "a = 1".encode("utf-16"): "not UTF-8 text | UTF-16",
    b"a = " + b"1" * 5000: "a number in it is too long",
    b"a = " + b"[" * 10_000: "nested too deeply",
    b"a" + b".a" * 100_000 + b" = 1": "nested too deeply",
    b"a = [" + b"[]," * 30_000 + b"]": "too many values",
    b"a = 1 # " + b"x" * (1 << 20): "bigger than 1 MiB",
    b"profiles = 3": "line 1, column 1: profiles must be a table, not a number",
    b"[[profiles]]\na = 1": "line 1, column 3: profiles must be a table, not a list",
    b"[profiles]\na = 'b'": "a profile must be a table, not a text | [profiles.staging]",
    b"x = 1\ndefault_profile = ['a']": "line 2, column 1: default_profile must be text, not a list",
}


@pytest.mark.parametrize("content", BROKEN)
def test_broken_file_is_reported_and_never_overwritten(tmp_path: Path, content: bytes) -> None:
    path = old_file(tmp_path, content)
    for action in (ConfigFile.load, add):
        with pytest.raises(ConfigError) as raised:
            action(path)
        for words in (str(path), *BROKEN[content].split(" | ")):
            assert words in f"{raised.value.message} {raised.value.hint}"
    assert path.read_bytes() == content
    assert leftovers(tmp_path) == []


@settings(deadline=None)  # a slow machine is no failure
@given(st.binary(max_size=200) | st.text("[]{}=.,\"'#\n\\ab1-:T", max_size=60).map(str.encode))
def test_any_content_is_read_or_refused(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = old_file(Path(folder), content)
        try:
            file = ConfigFile.load(path)
            for name in file.profiles:
                file.profile(name)
        except ConfigError as error:
            assert error.message.startswith(str(path))  # noqa: PT017  # either way is right


def test_missing_or_empty_file_is_empty(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "missing.toml", tmp_path / "no" / "folder.toml", tmp_path / "file" / "below.toml"):
        assert ConfigFile.load(path).document == {}
    for content in (b"", b"\n", b"\xef\xbb\xbf"):
        assert ConfigFile.load(old_file(tmp_path, content)).document == {}
    assert ConfigFile.load(Path(os.devnull)).warnings == []


def test_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="it is a folder, not a file"):
        ConfigFile.load(tmp_path)
    with pytest.raises(ConfigError, match="not a regular file"):
        add(tmp_path)


def test_misspelt_top_key_is_noted(tmp_path: Path) -> None:
    file = ConfigFile.load(old_file(tmp_path, b'default-profile = "a"\nother = 1\n'))
    assert [re.sub(r"^.*config.toml, ", "", warning) for warning in file.warnings] == [
        "line 1, column 1: default-profile is an unknown key and has no effect; did you mean default_profile?"
    ]


COMMENTS = {
    "": False,
    "a = 1\n": False,
    "# a": True,
    "a = 1 # b": True,
    "a = '#'": False,
    'a = "#"': False,
    'a = "\\"#"': False,
    'a = "x" # "y"': True,
    "a = '''\n#\n'''": False,
    'a = """\n\\"""#\n"""': False,
    'a = """x""""  # c': True,
    'a = """#""""': False,
    "a = ''  # c": True,
    'a = """"""  # c': True,
    'a = """""" \nb = "#"': False,
    "a = '\\' # c": True,
    '"#" = 1': False,
    "a = [ # c\n1]": True,
}


@pytest.mark.parametrize("text", COMMENTS)
def test_comments_are_distinguished_from_strings(text: str) -> None:
    tomllib.loads(text)
    assert has_comments(text) is COMMENTS[text]


# Changing


def test_new_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "some" / "where" / "config.toml"
    assert edit_config(path, lambda file: file.add_profile("a", {"region": "eu"}, make_default=True)) == ()
    assert tomllib.loads(path.read_text()) == {"default_profile": "a", "profiles": {"a": {"region": "eu"}}}
    if os.name == "posix":
        assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert sorted(entry.name for entry in path.parent.iterdir()) == [".config.toml.lock", "config.toml"]


@posix
def test_saving_makes_the_file_private(tmp_path: Path) -> None:
    path = old_file(tmp_path)
    path.chmod(0o644)
    add(path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_unknown_keys_are_kept(tmp_path: Path) -> None:
    unknown = b"later = 2030-01-01\n[tool]\nx = [1, { y = 2.5 }]\n[[deep.er]]\nz = inf\n"
    unknown += b"[profiles.a]\napi_key = 'k'\ncolour = 'red'\n"
    path = old_file(tmp_path, unknown)
    add(path, "b")
    add(path, "a", replace=True)
    before, after = tomllib.loads(unknown.decode()), tomllib.loads(path.read_text())
    assert after.pop("profiles") == {"a": {"api_key": "new-key", "colour": "red"}, "b": TABLE}
    before.pop("profiles")
    assert after == before


def test_profiles_are_added_used_and_removed(tmp_path: Path) -> None:
    path = old_file(tmp_path)
    add(path, "b")
    edit_config(path, lambda file: file.use("b"))
    assert ConfigFile.load(path).default_profile == "b"
    edit_config(path, lambda file: file.remove_profile("b"))
    file = ConfigFile.load(path)
    assert (file.default_profile, file.profiles) == (None, ("a",))
    edit_config(path, lambda file: file.use("sandbox"))
    edit_config(path, lambda file: file.remove_profile("a"))
    assert tomllib.loads(path.read_text()) == {"default_profile": "sandbox", "profiles": {}}


REFUSED_NAMES = ["", "sandbox", "Sandbox", "a b", "-a", ".a", "a/b", "a\n", "a\x1b[0m", "ä", "a" * 65, 'a"b', "a=b"]


@pytest.mark.parametrize("name", REFUSED_NAMES)
def test_profile_name_must_be_plain(tmp_path: Path, name: str) -> None:
    path = old_file(tmp_path)
    with pytest.raises(ConfigError, match="name"):
        add(path, name)
    assert path.read_bytes() == OLD


def test_names_with_dots_and_digits_are_valid(tmp_path: Path) -> None:
    path = old_file(tmp_path)
    for name in ("eu.prod-1", "7", "A_b"):
        add(path, name)
    assert ConfigFile.load(path).profiles == ("a", "eu.prod-1", "7", "A_b")


def test_invalid_changes_leave_the_file(tmp_path: Path) -> None:
    path = old_file(tmp_path)
    with pytest.raises(ConfigError, match="profile a already exists"):
        add(path, "a")
    for change in (lambda file: file.remove_profile("b"), lambda file: file.use("b")):
        with pytest.raises(ConfigError, match="there is no profile 'b'"):
            edit_config(path, change)
    with pytest.raises(ConfigError, match="not valid Unicode"):
        edit_config(path, lambda file: file.add_profile("b", {"api_key_env": "\udcff"}, make_default=False))
    assert path.read_bytes() == OLD
    assert leftovers(tmp_path) == []


def test_file_with_comments_is_backed_up(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf# mine\r\n" + OLD
    path = old_file(tmp_path, content)
    (note,) = add(path)
    backup = tmp_path / "config.toml.bak"
    assert str(backup) in note
    assert backup.read_bytes() == content
    assert os.name != "posix" or backup.stat().st_mode & 0o777 == 0o600
    assert add(path, "another") == ()
    assert backup.read_bytes() == content


def test_unchanged_content_is_not_saved(tmp_path: Path) -> None:
    content = b"# mine\n" + OLD
    path = old_file(tmp_path, content)
    assert edit_config(path, lambda file: file.use("a")) == ()
    assert path.read_bytes() == content
    assert not (tmp_path / "config.toml.bak").exists()


@posix
def test_symbolic_link_stays_one(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles"
    real.mkdir()
    target = old_file(real, b"# mine\n" + OLD)
    link = tmp_path / "link.toml"
    link.symlink_to(Path("dotfiles") / "config.toml")
    (note,) = add(link)
    assert link.is_symlink()
    assert "new" in ConfigFile.load(target).profiles
    assert str(real / "config.toml.bak") in note
    dangling = tmp_path / "dangling.toml"
    dangling.symlink_to(tmp_path / "later" / "config.toml")
    add(dangling)
    assert dangling.is_symlink()
    assert ConfigFile.load(tmp_path / "later" / "config.toml").profiles == ("new",)


@posix
def test_link_to_itself_is_an_error(tmp_path: Path) -> None:
    loop = tmp_path / "loop.toml"
    loop.symlink_to(loop)
    with pytest.raises(ConfigError, match="cannot save"):
        add(loop)
    with pytest.raises(ConfigError, match="cannot read"):
        ConfigFile.load(loop)


# Failures


@posix
def test_kill_leaves_the_old_file_or_the_new(tmp_path: Path, figures: Figures) -> None:
    done = saver("kill", tmp_path)
    assert done.returncode == 0, done.stderr
    survived = json.loads(done.stdout)
    assert survived["kills"] >= 500
    assert min(survived["old"], survived["new"]) > 0
    figures(
        "Settings: kills survived during a save",
        [
            ("killed before or after a system call", survived["kills"]),
            ("the old file was found whole", survived["old"]),
            ("the new file was found whole", survived["new"]),
        ],
    )


STRACE = shutil.which("strace")


@pytest.mark.skipif(STRACE is None, reason="needs strace to fail system calls")
@pytest.mark.parametrize("call", ["write", "fsync", "rename", "flock"])
@pytest.mark.parametrize("fault", ["signal=KILL", "error=EIO", "error=ENOSPC"])
def test_failing_system_call_loses_nothing(tmp_path: Path, call: str, fault: str) -> None:
    content = b"# mine\n" + OLD
    path = old_file(tmp_path, content)
    codes = []
    for number in itertools.count(1):
        inject = f"inject={call}:{fault}:when={number}"
        trace = (str(STRACE), "-qq", "-o", str(tmp_path / "trace"), "-e", f"trace={call}", "-e", inject)
        # With -B the interpreter writes no files.
        done = saver("add", path, "new", 1, prefix=trace, options=("-B",))
        after = path.read_bytes()
        assert after == content or b"[profiles.new0]" in after
        if "INJECTED" not in (tmp_path / "trace").read_text() and "killed" not in (tmp_path / "trace").read_text():
            break
        codes.append(done.returncode)
        if fault != "signal=KILL":
            assert (done.returncode, "nothing was changed" in done.stdout) in {(0, False), (3, True)}, done
            assert (done.returncode == 0) == (after != content), done
            assert leftovers(tmp_path) == []
        path.write_bytes(content)
    assert any(codes), "no call was failed"


def test_concurrent_saves_lose_no_profile(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    command = [sys.executable, str(SAVER), "add", str(path)]
    processes = [
        subprocess.Popen([*command, f"{writer}-", "40"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for writer in ("left", "right", "third")
    ]
    for process in processes:
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 0, out
    expected = {f"{writer}-{number}" for writer in ("left", "right", "third") for number in range(40)}
    assert set(ConfigFile.load(path).profiles) == expected
    assert leftovers(tmp_path) == []


@posix
def test_file_system_without_locks_uses_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(handle: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", unsupported)
    path = old_file(tmp_path)
    claimed = tmp_path / ".config.toml.claimed"
    add(path, "first")
    assert not claimed.exists()
    claimed.mkdir()
    with pytest.raises(ConfigError, match="another process has locked it"):
        edit_config(path, lambda file: file.use("first"), timeout=0)
    long_ago = time.time() - 2 * atomic_write.STALE
    os.utime(claimed, (long_ago, long_ago))
    waits: list[float] = []
    with atomic_write.file_lock(path, sleep=waits.append):
        assert claimed.exists()
    assert len(waits) == 1
    assert not claimed.exists()


@posix
def test_waiting_for_the_lock_times_out(tmp_path: Path) -> None:
    path = old_file(tmp_path)
    waits: list[float] = []
    with atomic_write.file_lock(path):
        with (
            pytest.raises(TimeoutError, match="another process"),
            atomic_write.file_lock(path, timeout=1, sleep=waits.append),
        ):
            pytest.fail("two had the lock")
        with pytest.raises(ConfigError, match="another process has locked it") as raised:
            edit_config(path, lambda file: file.use("a"), timeout=0)
    assert raised.value.hint is not None
    assert sum(waits) == pytest.approx(1)
    assert path.read_bytes() == OLD


def test_only_unfinished_files_are_removed(tmp_path: Path) -> None:
    path = old_file(tmp_path)
    dead = [".config.toml.12-0123abcd.tmp", ".config.toml.bak.7-ffffffff.tmp"]
    others = [".config.toml.swp", "config.toml.12-0123abcd.tmp", ".other.toml.12-0123abcd.tmp", ".config.toml.x.tmp"]
    for name in (*dead, *others):
        (tmp_path / name).write_bytes(b"")
    add(path)
    names = {entry.name for entry in tmp_path.iterdir()}
    assert names.isdisjoint(dead)
    assert names.issuperset(others)


@pytest.mark.parametrize("failing", ["write", "fsync", "close", "replace"])
def test_failure_at_any_step_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    path = old_file(tmp_path)
    add(path, "before")
    content = path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        if failing == "replace":
            patch.setattr(Path, "replace", fail)
        else:
            patch.setattr(os, failing, fail)
        with pytest.raises(ConfigError, match="no space left on device; nothing was changed") as raised:
            add(path)
    assert "free some disk space" in str(raised.value.hint)
    assert path.read_bytes() == content
    assert leftovers(tmp_path) == []


FULL_DISK = """
set -e
mount -t tmpfs -o size=64k none "$1"
printf 'default_profile = "a"\\n[profiles.a]\\n' > "$1/config.toml"
cp "$1/config.toml" "$2/before"
dd if=/dev/zero of="$1/filler" bs=1k 2>/dev/null || true
code=0
"$3" "$4" add "$1/config.toml" new 1 > "$2/output" || code=$?
cp "$1/config.toml" "$2/after"
ls -A "$1" > "$2/names"
rm "$1/filler"
"$3" "$4" add "$1/config.toml" new 1
cp "$1/config.toml" "$2/room"
exit $code
"""


def test_full_disk_is_reported_and_loses_nothing(tmp_path: Path) -> None:
    unshare = shutil.which("unshare")
    small = ("-rm", "sh", "-c", 'mount -t tmpfs -o size=64k none "$1"', "sh", str(tmp_path))
    if unshare is None or subprocess.run([unshare, *small], capture_output=True, check=False).returncode != 0:
        pytest.skip("this system does not let a test mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    names = (str(disk), str(tmp_path), sys.executable, str(SAVER))
    done = subprocess.run(
        [unshare, "-rm", "sh", "-c", FULL_DISK, "sh", *names], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == ConfigError.exit_code, done.stderr
    output = (tmp_path / "output").read_text()
    assert "no space left on device; nothing was changed" in output
    assert "free some disk space" in output
    assert (tmp_path / "after").read_bytes() == (tmp_path / "before").read_bytes()
    assert ".tmp" not in (tmp_path / "names").read_text()
    assert "new0" in (tmp_path / "room").read_text()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can access, unlike pytest's."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can start a program as another user"
)
NOBODY = 65534


@needs_root
def test_file_of_another_user_is_not_replaced(open_folder: Path) -> None:
    path = old_file(open_folder)
    path.chmod(0o666)
    done = saver("add-as", NOBODY, path, "new")
    assert done.returncode == ConfigError.exit_code, done
    assert "belongs to another user" in done.stdout
    assert (path.read_bytes(), path.stat().st_uid) == (OLD, 0)


@needs_root
def test_unwritable_folder_of_another_user_is_reported(open_folder: Path) -> None:
    path = old_file(open_folder)
    os.chown(path, NOBODY, NOBODY)
    open_folder.chmod(0o755)
    done = saver("add-as", NOBODY, path, "new")
    assert done.returncode == ConfigError.exit_code, done
    assert "permission denied; nothing was changed" in done.stdout
    assert path.read_bytes() == OLD


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_unwritable_folder_is_reported(tmp_path: Path) -> None:
    path = old_file(tmp_path)
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(ConfigError, match="permission denied; nothing was changed"):
            add(path)
    finally:
        tmp_path.chmod(0o700)
    assert path.read_bytes() == OLD


def test_file_instead_of_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigError, match="cannot save"):
        add(tmp_path / "file" / "config.toml")
    assert config_file.ConfigFile.load(tmp_path / "file" / "config.toml").profiles == ()
