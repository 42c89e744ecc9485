"""One run of one command: its flags, its settings, its streams and its API client."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TextIO

from integrations_cli.errors import IntegrationsError, UsageError
from integrations_cli.terminal.render import ColorChoice, Renderer, is_terminal

if TYPE_CHECKING:
    from integrations_cli.api.client import Client
    from integrations_cli.api.retry import Clock, RetryPolicy
    from integrations_cli.api.transport.interface import Transport
    from integrations_cli.settings.resolve import Settings
    from integrations_cli.terminal.prompts import Prompter
    from integrations_cli.terminal.redaction import Redactor


class CommonFlags(NamedTuple):
    """The flags that every command takes."""

    profile: str | None = None
    sandbox: bool = False
    api_url: str | None = None
    timeout: float | None = None
    json: bool = False
    no_input: bool = False
    verbose: bool = False
    color: ColorChoice = "auto"


class Process(NamedTuple):
    """What the program runs in; passed in, so that tests can replace it."""

    environ: Mapping[str, str]
    stdin: TextIO | None
    stdout: TextIO | None
    stderr: TextIO | None
    clock: Clock | None = None
    random: Callable[[], float] | None = None


class RunContext:
    """One run of one command: its flags, settings, streams and API client."""

    def __init__(self, process: Process, flags: CommonFlags, renderer: Renderer) -> None:
        from integrations_cli.inputs.credential_values import ValueReader

        self.flags = flags
        self.environ = process.environ
        self.render = renderer
        self.clock, self.random = process.clock, process.random
        self._process = process
        self.values = ValueReader(stdin=self._read_stdin, environ=process.environ)

    def _read_stdin(self) -> bytes:
        if self._process.stdin is None:
            raise UsageError("standard input is closed", hint="pipe the value in, or name a file instead of -")
        return self._process.stdin.buffer.read()

    @property
    def interactive(self) -> bool:
        """Return whether prompts are possible: on a terminal, without `--no-input` and without `CI`."""
        allowed = not self.flags.no_input and not self.environ.get("CI")
        return allowed and is_terminal(self._process.stdin) and is_terminal(self._process.stderr)

    @property
    def prompter(self) -> Prompter:
        """Return what prompts; only if `interactive`."""
        from integrations_cli.terminal.prompts import LinePrompter, is_accessible

        stdin, stderr = self._process.stdin, self._process.stderr
        assert stdin is not None
        assert stderr is not None
        if is_accessible(self.environ):
            return LinePrompter(stdin, stderr)
        from integrations_cli.terminal.menu_prompts import open_menu_prompter

        return open_menu_prompter(stdin, stderr, self.environ, self.flags.color)

    @cached_property
    def settings(self) -> Settings:
        """The settings of this run, resolved once; their warnings are printed then."""
        settings = self.resolve()
        for warning in settings.warnings:
            self.render.warn(warning)
        if self.flags.verbose:
            for field, origin in settings.origins.items():
                self.render.log(f"{field}: {origin}")
        return settings

    def resolve(self, profile: str | None = None, *, read_key: bool = True) -> Settings:
        """Resolve the settings, of `profile` if it is given, without printing; the redactor learns their API key."""
        from integrations_cli.settings.resolve import SettingsFlags, resolve_settings

        flags = self.flags
        chosen = SettingsFlags(profile or flags.profile, flags.sandbox, flags.api_url, flags.timeout)
        settings = resolve_settings(chosen, self.environ, read_key=read_key)
        if settings.api_key is not None:
            self.render.redactor.learn([settings.api_key.reveal()], always=True)
        return settings

    def api(
        self,
        policy: RetryPolicy | None = None,
        wrap: Callable[[Transport, Clock], Transport] | None = None,
        settings: Settings | None = None,
    ) -> AbstractContextManager[Client]:
        """Open the API client of these settings (else the run's own) for a block; `wrap` as in `open_client`."""
        self.learn_secrets()
        return open_client(
            settings or self.settings,
            self.environ,
            policy=policy,
            clock=self.clock,
            random=self.random,
            log=self.render.log if self.flags.verbose else None,
            wrap=wrap,
            redactor=self.render.redactor,
        )

    def with_profile(self, profile: str) -> RunContext:
        """Return the same run with another profile."""
        return RunContext(self._process, self.flags._replace(profile=profile, sandbox=False, api_url=None), self.render)

    def shared_words(self) -> list[str]:
        """Return the flags that choose the server, as words of a command line."""
        flags = self.flags
        words = ["--profile", flags.profile] if flags.profile else []
        if flags.sandbox:
            words.append("--sandbox")
        if flags.api_url:
            words += ["--api-url", flags.api_url]
        return words

    def confirm(self, question: str, *, yes: bool) -> None:
        """Ask for confirmation, unless `yes`; raise an error if there is no terminal, or the answer is no."""
        self.require_confirmation(yes=yes)
        if not yes and not self.prompter.confirm(question):
            raise IntegrationsError("declined: nothing was changed")

    def require_confirmation(self, *, yes: bool) -> None:
        """Check early, before anything is sent, that `confirm` can ask or need not."""
        if not yes and not self.interactive:
            raise UsageError("confirmation required, but there is no terminal", hint="pass --yes")

    def learn_secrets(self) -> None:
        """Make the redactor remove the credential values that were read so far."""
        self.render.redactor.learn(self.values.secrets)


@contextmanager
def open_client(
    settings: Settings,
    environ: Mapping[str, str],
    *,
    policy: RetryPolicy | None = None,
    clock: Clock | None = None,
    random: Callable[[], float] | None = None,
    log: Callable[[str], None] | None = None,
    wrap: Callable[[Transport, Clock], Transport] | None = None,
    redactor: Redactor | None = None,
) -> Iterator[Client]:
    """Open the API client of these settings until the end of the block; `log` gets a line about every attempt.

    `wrap` puts another transport around the one that sends, such as one that waits for its turn. `redactor` knows what
    else, besides the key, is to be taken out of what the server says.

    Raises:
        AuthError: There is no API key.
        ConfigError: The address, the key, a proxy or a certificate file cannot be used.
    """
    from integrations_cli.api.client import Client
    from integrations_cli.api.retry import SystemClock, system_random
    from integrations_cli.api.transport.open import open_transport
    from integrations_cli.models import Secret
    from integrations_cli.settings.resolve import require_api_key
    from integrations_cli.terminal.redaction import Redactor

    key = require_api_key(settings) if settings.sandbox_path is None else Secret("")
    clock = clock or SystemClock()
    redactor = redactor or Redactor()
    redactor.learn([key.reveal()], always=True)
    transport = open_transport(
        base_url=settings.api_url,
        api_key=key,
        environ=environ,
        ca_bundle=settings.ca_bundle,
        allow_http=settings.allow_http,
        sandbox_path=settings.sandbox_path,
    )
    with closing(transport):
        yield Client(
            transport if wrap is None else wrap(transport, clock),
            policy=policy,
            clock=clock,
            random=random or system_random,
            timeout=settings.timeout,
            observe=None if log is None else lambda report: log(str(report)),
            redactor=redactor,
        )
