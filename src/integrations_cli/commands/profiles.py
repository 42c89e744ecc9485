"""`integrations profiles`: API keys and servers under names, kept in the settings file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from integrations_cli.commands.options import one_of, run_context
from integrations_cli.context import RunContext
from integrations_cli.errors import AuthError, ConfigError, IntegrationsError, UsageError
from integrations_cli.models import MASK, Environment, Json, Secret
from integrations_cli.settings.api_key import parse_api_key, read_keyring, remove_from_keyring, write_keyring
from integrations_cli.settings.config_file import ConfigFile, config_path, edit_config
from integrations_cli.settings.profile import (
    REGIONS,
    SANDBOX,
    check_name,
    check_timeout,
    normalize_url,
    refuse_plain_http,
)
from integrations_cli.settings.resolve import Settings, SettingsFlags, resolve_settings, resolve_unsaved
from integrations_cli.terminal.views import Fields, Row, Table, Text, View

NewName = Annotated[str, typer.Argument(metavar="NAME", help="The name of the profile.")]
Name = Annotated[str, typer.Argument(metavar="PROFILE", help="The name of the profile.")]


@dataclass(frozen=True)
class AddOptions:
    """What the flags of `profiles add` say."""

    name: str
    api_key_stdin: bool = False
    api_key_env: str | None = None
    api_key_command: str | None = None
    keyring: bool = False
    region: str | None = None
    ca_bundle: Path | None = None
    allow_http: bool = False
    use: bool = False
    force: bool = False
    verify: bool = True


@dataclass(frozen=True)
class Opened:
    """What a key was seen to open: the environment, if the server tells, and how many integrations are in it."""

    environment: Environment | None
    integrations: int


def add_profile(
    context: typer.Context,
    name: NewName,
    api_key_stdin: Annotated[bool, typer.Option("--api-key-stdin", help="Read the key from standard input.")] = False,
    api_key_env: Annotated[
        str | None, typer.Option("--api-key-env", metavar="VAR", help="Take the key from this variable at each run.")
    ] = None,
    api_key_command: Annotated[
        str | None,
        typer.Option("--api-key-command", metavar="COMMAND", help="Take the key from what this writes, at each run."),
    ] = None,
    keyring: Annotated[bool, typer.Option("--keyring", help="Keep the key in the system's keyring.")] = False,
    region: Annotated[
        str | None,
        typer.Option("--region", metavar="|".join(REGIONS), callback=one_of(tuple(REGIONS)), help="Novu's own server."),
    ] = None,
    ca_bundle: Annotated[
        Path | None, typer.Option("--ca-bundle", metavar="FILE", help="Certificates to trust for this server.")
    ] = None,
    allow_http: Annotated[
        bool, typer.Option("--allow-http", help="Let the key go over the network unencrypted.")
    ] = False,
    use: Annotated[bool, typer.Option("--use", "--default", help="Make it the default.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the profile of this name.")] = False,
    verify: Annotated[bool, typer.Option("--verify/--no-verify", help="Whether to try the key first.")] = True,
) -> View:
    """Add a profile, after trying its key.

    The key is asked for, and not shown. --api-url and --timeout are kept in the profile.
    """
    options = AddOptions(
        name, api_key_stdin, api_key_env, api_key_command, keyring, region, ca_bundle, allow_http, use, force, verify
    )
    return _add(run_context(context), options)


def _add(run: RunContext, options: AddOptions) -> View:
    _refuse_contradictions(run, options)
    path = config_path(run.environ)
    draft = ConfigFile.load(path)
    # In memory only: whatever speaks against this name is said before anything is asked.
    draft.add_profile(options.name, {}, make_default=False, replace=options.force)
    table = _table(run, options)
    key = _given_key(run, options)
    if key is not None:
        run.render.redactor.learn([key.reveal()], always=True)
        table["api_key"] = key.reveal()
    draft.add_profile(options.name, table, make_default=False, replace=True)
    opened = _try(run, options, draft) if options.verify else None
    if options.keyring:
        del table["api_key"]
        table["api_key_keyring"] = True
    _save(run, options, path, table, key)
    return _added(options, path, ConfigFile.load(path), opened)


def _refuse_contradictions(run: RunContext, options: AddOptions) -> None:
    flags = run.flags
    if flags.profile is not None or flags.sandbox:
        raise UsageError(
            "profiles add takes neither --profile nor --sandbox", hint="the new profile is named after the command"
        )
    check_name(options.name)
    sources = {
        "--api-key-stdin": options.api_key_stdin,
        "--api-key-env": options.api_key_env is not None,
        "--api-key-command": options.api_key_command is not None,
    }
    given = [flag for flag, said in sources.items() if said]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} exclude each other", hint="a profile has one source for its API key")
    if options.keyring and given and not options.api_key_stdin:
        raise UsageError(
            f"--keyring and {given[0]} exclude each other", hint="the keyring keeps a key that is typed or piped in"
        )
    if options.region is not None and flags.api_url is not None:
        raise UsageError("--region and --api-url exclude each other", hint="--region is for Novu's own servers")
    if not given and not run.interactive:
        raise UsageError(
            "there is no API key, and nobody can be asked for it here",
            hint="give it with --api-key-stdin, --api-key-env VAR or --api-key-command COMMAND",
        )


def _table(run: RunContext, options: AddOptions) -> dict[str, Json]:
    """What the flags say, as the table that the settings file will have; the key is not in it yet."""
    table: dict[str, Json] = {}
    if options.region is not None:
        table["region"] = options.region
    if run.flags.api_url is not None:
        table["api_url"] = normalize_url(run.flags.api_url, "the flag --api-url", UsageError)
        refuse_plain_http(table["api_url"], "the flag --api-url", allowed=options.allow_http)
    if options.api_key_env is not None:
        if not options.api_key_env.isidentifier():
            raise UsageError("--api-key-env takes the name of a variable, without a $")
        table["api_key_env"] = options.api_key_env
    if options.api_key_command is not None:
        table["api_key_command"] = options.api_key_command
    if run.flags.timeout is not None:
        table["timeout"] = check_timeout(run.flags.timeout, "the flag --timeout", UsageError)
    if options.ca_bundle is not None:
        table["ca_bundle"] = str(options.ca_bundle.absolute())
    if options.allow_http:
        table["allow_http"] = True
    return table


def _given_key(run: RunContext, options: AddOptions) -> Secret | None:
    """The key that is piped in or typed; None where the profile names another source."""
    if options.api_key_env is not None or options.api_key_command is not None:
        return None
    if options.api_key_stdin:
        from integrations_cli.inputs.credential_text import decode_text

        text, where = (
            decode_text(run.values.read_stdin("--api-key-stdin"), "the API key", "standard input"),
            "standard input",
        )
    else:
        from integrations_cli.terminal.prompts import open_prompter

        text, where = open_prompter(run).ask_secret("API key").strip(), "the prompt"
    key = parse_api_key(text, where)
    if key is None:
        raise UsageError(f"the API key from {where} is empty")
    return key


def _try(run: RunContext, options: AddOptions, draft: ConfigFile) -> Opened:
    """See what the key opens, before anything is saved."""
    from integrations_cli.context import open_client

    settings = resolve_unsaved(draft, options.name, run.environ)
    if settings.api_key is not None:
        run.render.redactor.learn([settings.api_key.reveal()], always=True)
    log = run.render.log if run.flags.verbose else None
    try:
        with open_client(settings, run.environ, clock=run.clock, random=run.random, log=log) as api:
            environment = api.environment()
            return Opened(environment, len(api.list(environment.id if environment is not None else None)))
    except IntegrationsError as error:
        if isinstance(error, AuthError) and settings.origins["api_url"] == "default" and error.status is not None:
            error.hint = "for an account in the EU add --region eu, for a server of your own --api-url"
        error.message += "; the profile was not saved"
        error.hint = f"{error.hint}; --no-verify saves it untried" if error.hint else "--no-verify saves it untried"
        raise


def _save(run: RunContext, options: AddOptions, path: Path, table: Mapping[str, Json], key: Secret | None) -> None:
    """Put the key into the keyring, if that is wanted, and the profile into the file: both or neither."""
    replaced = False

    def change(file: ConfigFile) -> None:
        nonlocal replaced
        replaced = _uses_keyring(file, options.name)
        first = file.default_profile is None
        file.add_profile(options.name, table, make_default=options.use or first, replace=options.force)

    before = None
    if options.keyring:
        assert key is not None
        before = read_keyring(options.name)
        write_keyring(options.name, key)
    try:
        notes = edit_config(path, change)
    except IntegrationsError:
        if options.keyring and before is not None:
            write_keyring(options.name, Secret(before))
        elif options.keyring:
            remove_from_keyring(options.name)
        raise
    for note in notes:
        run.render.note(note)
    if replaced and not options.keyring:
        _forget(run, options.name)


def _uses_keyring(file: ConfigFile, name: str) -> bool:
    return name in file.profiles and file.table(name).get("api_key_keyring") is True


def _forget(run: RunContext, name: str) -> None:
    """Take the key of a profile that is gone out of the keyring; that the keyring refuses is said, and no failure."""
    try:
        remove_from_keyring(name)
    except ConfigError as error:
        run.render.warn(f"the key of {name} may still be in the keyring: {error.message}")


def _added(options: AddOptions, path: Path, file: ConfigFile, opened: Opened | None) -> View:
    profile = file.profile(options.name)
    default = file.default_profile == options.name
    api_url = profile.api_url or REGIONS["us"]
    source = profile.key.words if profile.key is not None else "none"
    environment = opened.environment if opened is not None else None
    rows = [("profile", options.name), ("api_url", api_url), ("api_key", f"from {source}")]
    document: dict[str, Json] = {
        "profile": options.name,
        "api_url": api_url,
        "api_key_source": source,
        "verified": opened is not None,
        "environment": None,
        "integrations": opened.integrations if opened is not None else None,
        "default": default,
        "path": str(path),
    }
    if environment is not None:
        rows.append(("environment", f"{environment.name} ({environment.id})"))
        document["environment"] = {"_id": environment.id, "name": environment.name}
    elif opened is not None:
        rows.append(("environment", "the server does not tell"))
    if opened is not None:
        rows.append(("integrations", str(opened.integrations)))
    else:
        rows.append(("verified", "no"))
    rows += [("default", "yes" if default else "no"), ("saved in", str(path))]
    return Fields(rows, document, title=f"Profile {options.name}")


def list_profiles(context: typer.Context) -> View:
    """List the profiles."""
    run = run_context(context)
    path = config_path(run.environ)
    file = ConfigFile.load(path)
    for warning in file.warnings:
        run.render.warn(warning)
    rows, documents = [], []
    for name in (*file.profiles, SANDBOX):
        default = name == file.default_profile
        api_url, source, problem = _summary(file, name)
        if problem is not None:
            run.render.warn(problem)
        rows.append(Row((name, "default" if default else "", api_url or "", source or ""), strong=default))
        documents.append(
            {"profile": name, "default": default, "api_url": api_url, "api_key_source": source, "problem": problem}
        )
    return Table(("profile", "default", "server", "API key"), [rows], documents, caption=f"settings: {path}")


def _summary(file: ConfigFile, name: str) -> tuple[str | None, str | None, str | None]:
    """The server of a profile, where its key is, and what is wrong with it."""
    if name == SANDBOX:
        return "built in", "needs none", None
    try:
        profile = file.profile(name)
    except ConfigError as error:
        return None, None, error.message
    return profile.api_url or REGIONS["us"], profile.key.words if profile.key is not None else "none", None


def show_profile(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="PROFILE", help="The profile; left out: what is in use.")
    ] = None,
) -> View:
    """Show a profile, and where each value comes from.

    Without a name: what a command started now, with these flags, works with.
    """
    run = run_context(context)
    flags = run.flags
    if name is not None and flags.profile not in {None, name}:
        raise UsageError("PROFILE and --profile name two profiles", hint="leave one of them out")
    chosen = SettingsFlags(name or flags.profile, flags.sandbox, flags.api_url, flags.timeout)
    settings = resolve_settings(chosen, run.environ, read_key=False)
    for warning in settings.warnings:
        run.render.warn(warning)
    return _shown(settings, config_path(run.environ))


def _shown(settings: Settings, path: Path) -> View:
    there = settings.api_key is not None or (settings.no_key is None and not settings.sandbox)
    values: dict[str, Json] = {
        "profile": settings.profile,
        "api_url": settings.api_url,
        "api_key": MASK if there else None,
        "timeout": settings.timeout,
        "ca_bundle": settings.ca_bundle,
        "allow_http": settings.allow_http,
    }
    if settings.sandbox:
        values = {name: values[name] for name in ("profile", "timeout")}
        values["sandbox_path"] = str(settings.sandbox_path)
    rows = [Row((name, _words(value), settings.origins.get(name, "default"))) for name, value in values.items()]
    document = {
        **values,
        "sandbox": settings.sandbox,
        "no_key": settings.no_key,
        "path": str(path),
        "origins": {name: settings.origins.get(name, "default") for name in values},
    }
    caption = settings.no_key or ""
    return Table(("setting", "value", "from"), [rows], document, caption=caption)


def _words(value: Json) -> str:
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
        ConfigFile.load(path).table(name)  # said before a folder is made for a file that would be empty
    for note in edit_config(path, lambda file: file.use(name)):
        run.render.note(note)
    if run.environ.get("INTEGRATIONS_PROFILE"):
        run.render.warn("INTEGRATIONS_PROFILE is set in the environment, and beats the default")
    return Text(f"{name} is the default profile", json={"profile": name, "default": True, "path": str(path)})


def remove_profile(
    context: typer.Context, name: Name, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False
) -> View:
    """Remove a profile."""
    run = run_context(context)
    if name == SANDBOX:
        raise UsageError("the sandbox cannot be removed", hint="integrations sandbox reset empties it")
    path = config_path(run.environ)
    file = ConfigFile.load(path)
    file.table(name)
    run.confirm(f"Remove the profile {name} from {path}?", yes=yes or not run.interactive)
    kept = _uses_keyring(file, name)
    for note in edit_config(path, lambda file: file.remove_profile(name)):
        run.render.note(note)
    if kept:
        _forget(run, name)
    if file.default_profile == name:
        run.render.hint("it was the default: integrations profiles use NAME sets another")
    return Text(f"{name} is removed", json={"profile": name, "removed": True, "path": str(path)})
