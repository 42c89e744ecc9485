"""The command line: its commands, imported one at a time, and the place where an error becomes an exit code."""

from __future__ import annotations

import contextlib
import inspect
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO, cast

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException
from typer.main import get_command, get_params_convertors_ctx_param_name_from_function

from integrations_cli import __version__
from integrations_cli.commands.options import COLORS, common_flags
from integrations_cli.context import CommonFlags, Process, RunContext
from integrations_cli.errors import CancelledError, IntegrationsError, UsageError
from integrations_cli.terminal.render import ColorChoice, Renderer
from integrations_cli.terminal.views import View

if TYPE_CHECKING:
    from typer._click import Command as ClickCommand
    from typer._click import Context as ClickContext
    from typer._click import HelpFormatter
    from typer._click import Parameter as ClickParameter

PROGRAM = "integrations"


class Entry(NamedTuple):
    """One command (`target` is its `module:function` in `commands`) or one group of commands (`entries`)."""

    name: str
    help: str
    target: str = ""
    entries: tuple[Entry, ...] = ()


TREE = (
    Entry("create", "Create an integration from flags, a file or prompts.", "create:create"),
    Entry("list", "List the integrations of the environment.", "list:list_integrations"),
    Entry("get", "Show one integration.", "get:get"),
    Entry("update", "Change an integration.", "update:update"),
    Entry("delete", "Delete an integration.", "delete:delete"),
    Entry("set-primary", "Make an integration the primary one of its channel.", "set_primary:set_primary"),
    Entry("plan", "Show what apply would change.", "plan:plan"),
    Entry("apply", "Make the environment match a manifest.", "apply:apply"),
    Entry("export", "Write the environment as a manifest.", "export:export"),
    Entry("diff", "Compare two environments, or a manifest and an environment.", "diff:diff"),
    Entry(
        "providers",
        "Look up providers and the credentials they need.",
        entries=(
            Entry("list", "List the providers that the API supports.", "providers:list_providers"),
            Entry("show", "Show a provider's credentials and an example command.", "providers:show_provider"),
        ),
    ),
    Entry(
        "profiles",
        "Manage profiles: named API keys and servers.",
        entries=(
            Entry("add", "Add a profile after checking its API key.", "profiles:add_profile"),
            Entry("list", "List the profiles.", "profiles:list_profiles"),
            Entry("show", "Show a profile and where each value comes from.", "profiles:show_profile"),
            Entry("use", "Make a profile the default.", "profiles:use_profile"),
            Entry("remove", "Remove a profile.", "profiles:remove_profile"),
        ),
    ),
    Entry(
        "sandbox",
        "Serve or empty the built-in API: no account, no key, no network.",
        entries=(
            Entry("serve", "Serve the sandbox on a loopback socket.", "sandbox:serve"),
            Entry("reset", "Empty the sandbox.", "sandbox:reset"),
        ),
    ),
    Entry("doctor", "Diagnose configuration and connectivity.", "doctor:doctor"),
    Entry("commands", "List every command, flag and exit code.", "commands:commands"),
)

_SETTINGS: dict[str, Any] = {"help_option_names": ["--help", "-h"], "max_content_width": 100}


class _Examples:
    """A command whose help ends with its examples."""

    def format_epilog(self, ctx: ClickContext, formatter: HelpFormatter) -> None:
        from integrations_cli.reference.examples import EXAMPLES

        examples = EXAMPLES.get(ctx.command_path.removeprefix(PROGRAM).strip(), ())
        if examples:
            with formatter.section("Examples"):
                for example in examples:
                    formatter.write(f"{'':>{formatter.current_indent}}{example.line}\n")


class LeafCommand(_Examples, TyperCommand):
    """A command with the common flags; its function gets a `RunContext` and returns a `View`."""

    def __init__(self, name: str | None, **attributes: Any) -> None:
        common, _, _ = get_params_convertors_ctx_param_name_from_function(with_evaluated_annotations(common_flags))
        attributes["params"] = [*(attributes.get("params") or ()), *common]
        super().__init__(name, **attributes)

    def parse_args(self, ctx: ClickContext, args: list[str]) -> list[str]:
        """Refuse surplus arguments without repeating them: they may be credential values."""
        ctx.allow_extra_args = True
        super().parse_args(ctx, args)
        if ctx.args and not ctx.resilient_parsing:
            count = len(ctx.args)
            raise UsageError(
                f"{ctx.command_path} was given {count} argument{'s' if count > 1 else ''} too many",
                hint=f"quote values that contain spaces; see {ctx.command_path} --help",
            )
        return ctx.args

    def invoke(self, ctx: ClickContext) -> Any:
        """Take the common flags out of the parameters, and run the command with its `RunContext`."""
        flags = CommonFlags(*(ctx.params.pop(name) for name in CommonFlags._fields))
        process, renderer = cast("tuple[Process, Renderer]", ctx.obj)
        ctx.obj = RunContext(process, flags, renderer)
        return super().invoke(ctx)


class LazyGroup(_Examples, TyperGroup):
    """A group that lists its commands from the table and imports only the one that is run."""

    def __init__(self, entry: Entry, **attributes: Any) -> None:
        super().__init__(
            name=entry.name, help=entry.help, rich_markup_mode=None, context_settings=dict(_SETTINGS), **attributes
        )
        self.entries = {child.name: child for child in entry.entries}

    def list_commands(self, ctx: ClickContext) -> list[str]:  # noqa: ARG002  # the base class passes it
        """Return the names, in the order of the table."""
        return list(self.entries)

    def get_command(self, ctx: ClickContext, cmd_name: str) -> ClickCommand | None:  # noqa: ARG002  # as above
        """Import the command of this name, or return None if there is none."""
        if cmd_name not in self.commands and cmd_name in self.entries:
            self.commands[cmd_name] = load(self.entries[cmd_name])
        return self.commands.get(cmd_name)

    def resolve_command(self, ctx: ClickContext, args: list[str]) -> tuple[str | None, ClickCommand | None, list[str]]:
        """Find the command, or suggest the nearest one."""
        if args[0] not in self.entries and not args[0].startswith("-"):
            raise UsageError(
                f"unknown command {args[0]!r}{_suggestion(args[0], self.entries)}",
                hint=f"{ctx.command_path} --help lists the commands",
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: ClickContext, formatter: HelpFormatter) -> None:  # noqa: ARG002  # as above
        """Write the list of commands from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(entry.name, entry.help) for entry in self.entries.values()])


def load(entry: Entry) -> ClickCommand:
    """Build the command of an entry. This is the only place that imports a command's module."""
    if entry.entries:
        return LazyGroup(entry)
    from importlib import import_module

    module, _, function = entry.target.partition(":")
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    command = app.command(entry.name, cls=LeafCommand, context_settings=dict(_SETTINGS))
    command(with_evaluated_annotations(getattr(import_module(f"{__package__}.commands.{module}"), function)))
    return get_command(app)


def with_evaluated_annotations(function: Callable[..., Any]) -> Callable[..., Any]:
    """Evaluate the annotations of a function once: Typer reads them four times, and compiles text each time."""
    function.__annotations__ = inspect.get_annotations(function, eval_str=True)
    return function


def _version(context: ClickContext, parameter: ClickParameter, value: bool) -> None:  # noqa: ARG001  # a Typer callback
    if value:
        typer.echo(f"{PROGRAM} {__version__}")
        raise typer.Exit


def root() -> LazyGroup:
    """Build the whole command line."""
    from typer.core import TyperOption

    version = TyperOption(
        param_decls=["--version", "-V"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_version,
        help="Show the version and exit.",
    )
    summary = "Create and manage Novu integrations from flags, files or prompts, exactly once."
    return LazyGroup(Entry(PROGRAM, summary, entries=TREE), params=[version])


def _output_flags(arguments: Sequence[str]) -> tuple[bool, ColorChoice]:
    """Find --json and --color in the raw arguments: errors need them even where the line cannot be parsed."""
    flags = list(arguments[: arguments.index("--")] if "--" in arguments else arguments)
    color = "auto"
    for index, argument in enumerate(flags):
        if argument == "--color" and index + 1 < len(flags):
            color = flags[index + 1]
        elif argument.startswith("--color="):
            color = argument.removeprefix("--color=")
    return "--json" in flags, cast("ColorChoice", color if color in COLORS else "auto")


def run(arguments: Sequence[str], process: Process | None = None) -> int:
    """Run one command line and return its exit code. Failures are reported on standard error, never raised."""
    if process is None:
        process = Process(os.environ, sys.stdin, sys.stdout, sys.stderr)
        import signal

        # SIGTERM is handled like Ctrl-C, so that the program says what it has sent.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    json, color = _output_flags(arguments)
    renderer = Renderer(process.stdout, process.stderr, process.environ, json=json, color=color)
    try:
        code = _run(list(arguments) or ["--help"], process, renderer)
        renderer.finish()
    except IntegrationsError as error:
        failure = error
    except BrokenPipeError:  # the reader has gone: there is nobody to tell
        _discard_output(process.stdout)
        return 1
    except OSError as error:
        _discard_output(process.stdout)
        failure = IntegrationsError(f"system error: {error.strerror or type(error).__name__}")
    except Exception as error:  # noqa: BLE001  # the outermost boundary: a traceback could show secret values
        failure = _bug(error)
    else:
        return code
    try:
        return renderer.error(failure)
    except OSError:  # standard error cannot be written either: the exit code still says what happened
        return failure.exit_code


def _run(arguments: list[str], process: Process, renderer: Renderer) -> int:
    # Typer's main() would turn a broken pipe into SystemExit.
    try:
        with root().make_context(PROGRAM, arguments, obj=(process, renderer)) as context:
            view = context.command.invoke(context)
        return _show(view, renderer, process.stdout)
    except typer.Exit as end:  # after --help and --version
        return end.exit_code
    except TyperException as error:
        raise _usage_error(error) from None
    except (KeyboardInterrupt, EOFError):
        raise CancelledError(f"interrupted{_done(renderer)}") from None


def _show(view: View, renderer: Renderer, stdout: TextIO | None) -> int:
    """Print what a command returned. If that fails, the error says what the command has done."""
    try:
        return renderer.show(view)
    except OSError as error:
        if renderer.done is None and isinstance(error, BrokenPipeError):
            raise
        _discard_output(stdout)
        raise IntegrationsError(f"the output could not be written: {error.strerror}{_done(renderer)}") from None


def _done(renderer: Renderer) -> str:
    """Return the end of an error message: what the command has done, although it cannot be shown."""
    return f"; {renderer.done}" if renderer.done is not None else ""


def _usage_error(error: TyperException) -> UsageError:
    from typer._click.exceptions import NoSuchOption
    from typer._click.exceptions import UsageError as ClickUsageError

    message = " ".join(error.format_message().split()).rstrip(".")
    if isinstance(error, NoSuchOption):
        message = f"unknown option {error.option_name}{_suggestion(error.option_name, error.possibilities or ())}"
    context = error.ctx if isinstance(error, ClickUsageError) else None
    path = context.command_path if context is not None else PROGRAM
    return UsageError(message[:1].lower() + message[1:], hint=f"see {path} --help")


def _suggestion(word: str, candidates: Iterable[str]) -> str:
    from integrations_cli.catalogue.suggest import nearest

    near = nearest(word, candidates, limit=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _bug(error: Exception) -> IntegrationsError:
    """Report the type and the place of an unexpected error, never its text, which could hold a secret."""
    from traceback import walk_tb

    place = "an unknown place"
    for frame, line in walk_tb(error.__traceback__):
        code = frame.f_code
        if f"{os.sep}integrations_cli{os.sep}" in code.co_filename:
            place = f"{os.path.basename(code.co_filename)}:{line} ({code.co_name})"  # noqa: PTH119  # no import
    return IntegrationsError(
        f"this is a bug in {PROGRAM} {__version__}: {type(error).__name__} at {place}",
        hint="please report this line; if a request was being sent, check with integrations list before you retry",
    )


def _discard_output(stream: TextIO | None) -> None:
    """Point the stream at the null device: what is left in its buffer would fail again at exit."""
    with contextlib.suppress(OSError, ValueError):  # not a real file
        if stream is not None:
            descriptor = os.open(os.devnull, os.O_WRONLY)
            os.dup2(descriptor, stream.fileno())
            os.close(descriptor)
