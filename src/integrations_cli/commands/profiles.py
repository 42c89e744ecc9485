"""`integrations profiles`: named API keys and servers in the settings file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from integrations_cli.commands.options import Yes, one_of, run_context
from integrations_cli.context import RunContext
from integrations_cli.errors import AuthError, ConfigError, IntegrationsError, UsageError
from integrations_cli.inputs.endpoint import parse_origin
from integrations_cli.models import MASK, Environment, Json, Secret
from integrations_cli.settings.api_key import parse_api_key, read_keyring, remove_from_keyring, write_keyring
from integrations_cli.settings.config_file import ConfigFile, config_path, edit_config
from integrations_cli.settings.profile import DEFAULT_URL, REGIONS, SANDBOX, check_timeout
from integrations_cli.settings.resolve import Settings, resolve_unsaved
from integrations_cli.terminal.views import Fields, Row, Table, Text, View

NewName = Annotated[str, typer.Argument(metavar="NAME", help="The name of the new profile.")]
Name = Annotated[str, typer.Argument(metavar="PROFILE", help="The name of the profile.")]


class Verified(NamedTuple):
    """The environment that a key opens, if the server names it, and the number of integrations in it."""

    environment: Environment | None
    integrations: int


def add_profile(
    context: typer.Context,
    name: NewName,
    api_key_stdin: Annotated[
        bool, typer.Option("--api-key-stdin", help="Read the API key from standard input.")
    ] = False,
    api_key_env: Annotated[
        str | None,
        typer.Option("--api-key-env", metavar="VAR", help="Read the API key from this variable at each run."),
    ] = None,
    api_key_command: Annotated[
        str | None,
        typer.Option(
            "--api-key-command", metavar="COMMAND", help="Read the API key from this command's output at each run."
        ),
    ] = None,
    keyring: Annotated[bool, typer.Option("--keyring", help="Store the API key in the system keyring.")] = False,
    region: Annotated[
        str | None,
        typer.Option(
            "--region",
            metavar="|".join(REGIONS),
            callback=one_of(tuple(REGIONS)),
            help="Use Novu's own server in this region.",
        ),
    ] = None,
    ca_bundle: Annotated[
        Path | None, typer.Option("--ca-bundle", metavar="FILE", help="Trust the certificates in this file.")
    ] = None,
    allow_http: Annotated[
        bool, typer.Option("--allow-http", help="Allow plain HTTP, which sends the API key unencrypted.")
    ] = False,
    use: Annotated[bool, typer.Option("--use", "--default", help="Make it the default profile.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing profile of this name.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify/--no-verify", help="Check the API key with the server before saving.")
    ] = True,
) -> View:
    """Add a profile after checking its API key.

    Asks for the API key without showing it, unless a flag names another source. --api-url and --timeout are saved in
    the profile.
    """
    run = run_context(context)
    sources = {
        "--api-key-stdin": api_key_stdin or None,
        "--api-key-env": api_key_env,
        "--api-key-command": api_key_command,
    }
    given = [flag for flag, value in sources.items() if value is not None]
    _refuse_contradictions(run, given, keyring=keyring, region=region)
    path = config_path(run.environ)
    draft = ConfigFile.load(path)
    had_keyring = _uses_keyring(draft, name)
    # In memory only: an invalid or existing name is reported before the key is read.
    draft.add_profile(name, {}, make_default=False, replace=force)
    api_url, timeout = run.flags.api_url, run.flags.timeout
    if api_url is not None:
        api_url = parse_origin(api_url, "the flag --api-url", UsageError, allow_http=allow_http).url
    if api_key_env is not None and not api_key_env.isidentifier():
        raise UsageError("--api-key-env takes the name of a variable, without a $")
    values: dict[str, Json] = {
        "region": region,
        "api_url": api_url,
        "api_key_env": api_key_env,
        "api_key_command": api_key_command,
        "timeout": None if timeout is None else check_timeout(timeout, "the flag --timeout", UsageError),
        "ca_bundle": None if ca_bundle is None else str(ca_bundle.absolute()),
        "allow_http": allow_http or None,
    }
    table = {key: value for key, value in values.items() if value is not None}
    key = _read_key(run, piped=api_key_stdin) if api_key_env is None and api_key_command is None else None
    if key is not None:
        run.render.redactor.learn([key.reveal()], always=True)
        table["api_key"] = key.reveal()
    draft.add_profile(name, table, make_default=False, replace=True)
    verified = _verify(run, name, draft) if verify else None
    if key is not None and keyring:
        del table["api_key"]
        table["api_key_keyring"] = True

    def change(file: ConfigFile) -> None:
        file.add_profile(name, table, make_default=use or file.default_profile is None, replace=force)

    with _in_keyring(name, key) if key is not None and keyring else nullcontext():
        _edit(run, path, change)
    if had_keyring and not keyring:
        _remove_keyring_entry(run, name)
    return _added(name, ConfigFile.load(path), verified)


def _refuse_contradictions(run: RunContext, given: Sequence[str], *, keyring: bool, region: str | None) -> None:
    """Check the flags of `profiles add`; `given` are those that name a source of the API key."""
    flags = run.flags
    if flags.profile is not None or flags.sandbox:
        raise UsageError(
            "profiles add takes neither --profile nor --sandbox",
            hint="the argument names the new profile: integrations profiles add NAME",
        )
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} cannot be combined", hint="a profile has one source for its API key")
    if keyring and given and given != ["--api-key-stdin"]:
        raise UsageError(
            f"--keyring and {given[0]} cannot be combined", hint="the keyring stores a key that is typed or piped in"
        )
    if region is not None and flags.api_url is not None:
        raise UsageError("--region and --api-url cannot be combined", hint="--region is for Novu's own servers")
    if not given and not run.interactive:
        raise UsageError(
            "an API key is required, but there is no terminal",
            hint="pass --api-key-stdin, --api-key-env VAR or --api-key-command COMMAND",
        )


def _read_key(run: RunContext, *, piped: bool) -> Secret:
    """Read the API key from standard input or the prompt."""
    if piped:
        from integrations_cli.inputs.credential_text import decode_text

        where = "standard input"
        text = decode_text(run.values.read_stdin("--api-key-stdin"), "the API key", where)
    else:
        from integrations_cli.terminal.prompts import ask_required_secret

        where = "the prompt"
        text = ask_required_secret(run.prompter, "API key").strip()
    key = parse_api_key(text, where)
    if key is None:
        raise UsageError(f"the API key from {where} is empty")
    return key


def _verify(run: RunContext, name: str, draft: ConfigFile) -> Verified:
    """Find out what the key opens, before anything is saved."""
    settings = resolve_unsaved(draft, name, run.environ)
    if settings.api_key is not None:
        run.render.redactor.learn([settings.api_key.reveal()], always=True)
    try:
        with run.api(settings=settings) as api:
            environment = api.environment()
            return Verified(environment, len(api.list(environment.id if environment is not None else None)))
    except IntegrationsError as error:
        if isinstance(error, AuthError) and settings.origins["api_url"] == "default" and error.status is not None:
            error.hint = "for an account in the EU add --region eu, for your own server --api-url"
        error.message += "; the profile was not saved"
        error.hint = "; ".join(filter(None, [error.hint, "--no-verify saves it unchecked"]))
        raise


@contextmanager
def _in_keyring(name: str, key: Secret) -> Iterator[None]:
    """Store the key in the keyring; restore the previous entry if the block fails."""
    before = read_keyring(name)
    write_keyring(name, key)
    try:
        yield
    except IntegrationsError:
        if before is None:
            remove_from_keyring(name)
        else:
            write_keyring(name, Secret(before))
        raise


def _edit(run: RunContext, path: Path, change: Callable[[ConfigFile], None]) -> None:
    for note in edit_config(path, change):
        run.render.note(note)


def _uses_keyring(file: ConfigFile, name: str) -> bool:
    return name in file.profiles and file.table(name).get("api_key_keyring") is True


def _remove_keyring_entry(run: RunContext, name: str) -> None:
    """Remove the key of a deleted profile from the keyring; if that fails, warn."""
    try:
        remove_from_keyring(name)
    except ConfigError as error:
        run.render.warn(f"the key of {name} may still be in the keyring: {error.message}")


def _added(name: str, file: ConfigFile, verified: Verified | None) -> View:
    default = file.default_profile == name
    api_url, source = _server_and_key(file, name)
    environment = verified.environment if verified is not None else None
    rows = [("profile", name), ("api_url", api_url), ("api_key", f"from {source}")]
    if verified is None:
        rows.append(("verified", "no"))
    else:
        shown = f"{environment.name} ({environment.id})" if environment is not None else "not named by the server"
        rows += [("environment", shown), ("integrations", str(verified.integrations))]
    rows += [("default", "yes" if default else "no"), ("saved in", str(file.path))]
    document: dict[str, Json] = {
        "profile": name,
        "api_url": api_url,
        "api_key_source": source,
        "verified": verified is not None,
        "environment": {"_id": environment.id, "name": environment.name} if environment is not None else None,
        "integrations": verified.integrations if verified is not None else None,
        "default": default,
        "path": str(file.path),
    }
    return Fields(rows, document, title=f"Profile {name}")


def list_profiles(context: typer.Context) -> View:
    """List the profiles."""
    run = run_context(context)
    file = ConfigFile.load(config_path(run.environ))
    for warning in file.warnings:
        run.render.warn(warning)
    rows, documents = [], []
    for name in (*file.profiles, SANDBOX):
        default = name == file.default_profile
        api_url, source, problem = "built in", "not needed", ""
        if name != SANDBOX:
            try:
                api_url, source = _server_and_key(file, name)
            except ConfigError as error:
                api_url, source, problem = "", "", error.message
                run.render.warn(problem)
        rows.append(Row((name, "default" if default else "", api_url, source), strong=default))
        known = {"api_url": api_url or None, "api_key_source": source or None, "problem": problem or None}
        documents.append({"profile": name, "default": default, **known})
    return Table(("profile", "default", "server", "API key"), [rows], documents, caption=f"settings: {file.path}")


def _server_and_key(file: ConfigFile, name: str) -> tuple[str, str]:
    """Return the server of a profile and the source of its key."""
    profile = file.profile(name)
    return profile.api_url or DEFAULT_URL, profile.key.words if profile.key is not None else "none"


def show_profile(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="PROFILE", help="The profile; without it, the settings in use.")
    ] = None,
) -> View:
    """Show a profile and where each value comes from.

    Without a name, show the settings that a command with these flags would use now.
    """
    run = run_context(context)
    if name is not None and run.flags.profile not in {None, name}:
        raise UsageError("PROFILE and --profile name different profiles", hint="leave out one of them")
    settings = run.resolve(name, read_key=False)
    for warning in settings.warnings:
        run.render.warn(warning)
    return _shown(settings, config_path(run.environ))


def _shown(settings: Settings, path: Path) -> View:
    values: dict[str, Json] = {"profile": settings.profile}
    if settings.sandbox:
        values |= {"timeout": settings.timeout, "sandbox_path": str(settings.sandbox_path)}
    else:
        values |= {
            "api_url": settings.api_url,
            "api_key": MASK if settings.no_key is None else None,
            "timeout": settings.timeout,
            "ca_bundle": settings.ca_bundle,
            "allow_http": settings.allow_http,
        }
    origins = {name: settings.origins.get(name, "default") for name in values}
    rows = [Row((name, _value_text(value), origins[name])) for name, value in values.items()]
    state = {"sandbox": settings.sandbox, "no_key": settings.no_key, "path": str(path), "origins": origins}
    return Table(("setting", "value", "from"), [rows], {**values, **state}, caption=settings.no_key or "")


def _value_text(value: Json) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def use_profile(context: typer.Context, name: Name) -> View:
    """Make a profile the default."""
    run = run_context(context)
    path = config_path(run.environ)
    if name != SANDBOX:
        ConfigFile.load(path).table(name)  # edit_config would make a folder first
    _edit(run, path, lambda file: file.use(name))
    if run.environ.get("INTEGRATIONS_PROFILE"):
        run.render.warn("INTEGRATIONS_PROFILE is set and overrides the default profile")
    return Text(f"{name} is the default profile", json={"profile": name, "default": True, "path": str(path)})


def remove_profile(context: typer.Context, name: Name, yes: Yes = False) -> View:
    """Remove a profile."""
    run = run_context(context)
    if name == SANDBOX:
        raise UsageError("the sandbox cannot be removed", hint="integrations sandbox reset empties it")
    path = config_path(run.environ)
    file = ConfigFile.load(path)
    file.table(name)
    run.confirm(f"Remove the profile {name} from {path}?", yes=yes or not run.interactive)
    had_keyring = _uses_keyring(file, name)
    _edit(run, path, lambda file: file.remove_profile(name))
    if had_keyring:
        _remove_keyring_entry(run, name)
    if file.default_profile == name:
        run.render.hint("it was the default: choose another with integrations profiles use NAME")
    return Text(f"removed profile {name}", json={"profile": name, "removed": True, "path": str(path)})
