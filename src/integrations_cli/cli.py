"""The command line: its tree, loaded one command at a time, and the place where an error becomes an exit code."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeVar, cast

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException
from typer.main import get_command, get_params_convertors_ctx_param_name_from_function

from integrations_cli.commands.options import COLORS, common_flags
from integrations_cli.context import CommonFlags, Process, RunContext
from integrations_cli.terminal.render import ColorChoice, Renderer
from integrations_cli.terminal.views import View

from . import __version__
from .errors import CancelledError, IntegrationsError, UsageError

if TYPE_CHECKING:
    from typer._click import Command as ClickCommand
    from typer._click import Context as ClickContext
    from typer._click import HelpFormatter
    from typer._click import Parameter as ClickParameter

PROGRAM = "integrations"

Function = TypeVar("Function", bound=Callable[..., Any])


class Entry(NamedTuple):
    """One name of the tree: what the list of commands says of it, and where it is, as `module:function`.

    A group has `entries` instead of a place.
    """

    name: str
    help: str
    place: str = ""
    entries: tuple[Entry, ...] = ()


TREE = (
    Entry("create", "Create an integration from flags, a file or prompts.", "create:create"),
    Entry("list", "List the integrations of the environment.", "list:list_integrations"),
    Entry("get", "Show one integration.", "get:get"),
    Entry("update", "Change an integration.", "update:update"),
    Entry("delete", "Delete an integration.", "delete:delete"),
    Entry("set-primary", "Make an integration the first of its channel.", "set_primary:set_primary"),
    Entry("plan", "Show what apply would change.", "plan:plan"),
    Entry("apply", "Make the environment what a manifest says.", "apply:apply"),
    Entry("export", "Write the environment as a manifest.", "export:export"),
    Entry("diff", "Compare two environments, or a manifest and an environment.", "diff:diff"),
    Entry(
        "providers",
        "Look up providers and the credentials that they need.",
        entries=(
            Entry("list", "List the providers that the API knows.", "providers:list_providers"),
            Entry("show", "Show a provider's credentials and a ready command.", "providers:show_provider"),
        ),
    ),
    Entry(
        "profiles",
        "Keep API keys and servers under names.",
        entries=(
            Entry("add", "Add a profile, after trying its key.", "profiles:add_profile"),
            Entry("list", "List the profiles.", "profiles:list_profiles"),
            Entry("show", "Show a profile, and where each value comes from.", "profiles:show_profile"),
            Entry("use", "Make a profile the default.", "profiles:use_profile"),
            Entry("remove", "Remove a profile.", "profiles:remove_profile"),
        ),
    ),
    Entry(
        "sandbox",
        "The built-in API: no account, no key, no network.",
        entries=(
            Entry("serve", "Serve the sandbox on a loopback socket.", "sandbox:serve"),
            Entry("reset", "Empty the sandbox.", "sandbox:reset"),
        ),
    ),
    Entry("doctor", "Look for what can be wrong around a call.", "doctor:doctor"),
    Entry("commands", "Describe every command, for programs.", "commands:commands"),
)

_SETTINGS: dict[str, Any] = {"help_option_names": ["--help", "-h"], "max_content_width": 100}


def _write_examples(ctx: ClickContext, formatter: HelpFormatter) -> None:
    """End the help of a command with lines that can be copied."""
    from integrations_cli.reference.examples import EXAMPLES

    examples = EXAMPLES.get(ctx.command_path.removeprefix(PROGRAM).strip(), ())
    if examples:
        with formatter.section("Examples"):
            for example in examples:
                formatter.write(f"{'':>{formatter.current_indent}}{example.line}\n")


class LeafCommand(TyperCommand):
    """A command with the flags that all share; it is given an `RunContext` and returns what there is to show."""

    def __init__(self, name: str | None, **attributes: Any) -> None:
        """Take what Typer read out of the function, and add the shared flags."""
        common, _, _ = get_params_convertors_ctx_param_name_from_function(evaluated(common_flags))
        attributes["params"] = [*(attributes.get("params") or ()), *common]
        super().__init__(name, **attributes)

    def parse_args(self, ctx: ClickContext, args: list[str]) -> list[str]:
        """Refuse what is left over without repeating it: it may be the value of a credential."""
        ctx.allow_extra_args = True
        super().parse_args(ctx, args)
        if ctx.args and not ctx.resilient_parsing:
            count = len(ctx.args)
            raise UsageError(
                f"{ctx.command_path} was given {count} argument{'s' if count > 1 else ''} too many",
                hint=f"put values with blanks in quotes; {ctx.command_path} --help shows what it takes",
            )
        return ctx.args

    def format_epilog(self, ctx: ClickContext, formatter: HelpFormatter) -> None:
        """Write the examples, which stand where the manual takes them from."""
        _write_examples(ctx, formatter)

    def invoke(self, ctx: ClickContext) -> Any:
        """Run the command with its `RunContext`; Ctrl-C in it becomes an error like others."""
        flags = CommonFlags(*(ctx.params.pop(name) for name in CommonFlags._fields))
        process, renderer = cast("tuple[Process, Renderer]", ctx.obj)
        ctx.obj = RunContext(process, flags, renderer)
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, EOFError):
            raise CancelledError("interrupted") from None


class LazyGroup(TyperGroup):
    """A group that knows its commands by the table alone, and imports the one that is asked for."""

    def __init__(self, entry: Entry, **attributes: Any) -> None:
        """Hold the entries of this table; their modules are not imported yet."""
        super().__init__(
            name=entry.name, help=entry.help, rich_markup_mode=None, context_settings=dict(_SETTINGS), **attributes
        )
        self.entries = {child.name: child for child in entry.entries}

    def list_commands(self, ctx: ClickContext) -> list[str]:  # noqa: ARG002  # the base class gives it
        """The names, in the order of the table."""
        return list(self.entries)

    def get_command(self, ctx: ClickContext, cmd_name: str) -> ClickCommand | None:  # noqa: ARG002  # as above
        """Import the command of this name, or None if there is none."""
        if cmd_name not in self.commands and cmd_name in self.entries:
            self.commands[cmd_name] = load(self.entries[cmd_name])
        return self.commands.get(cmd_name)

    def resolve_command(self, ctx: ClickContext, args: list[str]) -> tuple[str | None, ClickCommand | None, list[str]]:
        """Find the command, or name the nearest one."""
        if args[0] not in self.entries and not args[0].startswith("-"):
            from integrations_cli.catalogue.suggest import nearest

            near = nearest(args[0], self.entries, limit=1)
            meant = f" (did you mean {near[0]}?)" if near else ""
            raise UsageError(f"there is no command {args[0]!r}{meant}", hint=f"{ctx.command_path} --help lists them")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: ClickContext, formatter: HelpFormatter) -> None:  # noqa: ARG002  # as above
        """Write the list of commands from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(entry.name, entry.help) for entry in self.entries.values()])

    def format_epilog(self, ctx: ClickContext, formatter: HelpFormatter) -> None:
        """Write the examples, as a command does."""
        _write_examples(ctx, formatter)


def load(entry: Entry) -> ClickCommand:
    """Build the command of an entry; its module is imported here and nowhere else."""
    if entry.entries:
        return LazyGroup(entry)
    from importlib import import_module

    module, _, function = entry.place.partition(":")
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    command = app.command(entry.name, cls=LeafCommand, context_settings=dict(_SETTINGS))
    command(evaluated(getattr(import_module(f"{__package__}.commands.{module}"), function)))
    return get_command(app)


def evaluated(function: Function) -> Function:
    """The function with its annotations as objects: Typer reads them four times, and compiles text anew each time."""
    function.__annotations__ = inspect.get_annotations(function, eval_str=True)
    return function


def _version(context: ClickContext, parameter: ClickParameter, value: bool) -> None:  # noqa: ARG001  # Typer's form
    if value:
        typer.echo(f"{PROGRAM} {__version__}")
        raise typer.Exit


def root() -> LazyGroup:
    """The whole command line."""
    from typer.core import TyperOption

    version = TyperOption(
        param_decls=["--version", "-V"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_version,
        help="Show the version and exit.",
    )
    summary = "Create and keep Novu integrations: from flags, files or prompts, exactly once."
    return LazyGroup(Entry(PROGRAM, summary, entries=TREE), params=[version])


def _said(arguments: Sequence[str]) -> tuple[bool, ColorChoice]:
    """Whether the command line asks for JSON, and for which colours: needed even where it cannot be parsed."""
    known = list(arguments[: arguments.index("--")] if "--" in arguments else arguments)
    color = "auto"
    for index, argument in enumerate(known):
        if argument == "--color" and index + 1 < len(known):
            color = known[index + 1]
        elif argument.startswith("--color="):
            color = argument.removeprefix("--color=")
    return "--json" in known, cast("ColorChoice", color if color in COLORS else "auto")


def run(arguments: Sequence[str], process: Process | None = None) -> int:
    """Run one command line and give its exit code; nothing that goes wrong leaves here but as a line of text."""
    if process is None:
        _be_told_to_stop()
    around = process or Process(os.environ, sys.stdin, sys.stdout, sys.stderr)
    json, color = _said(arguments)
    renderer = Renderer(around.stdout, around.stderr, around.environ, json=json, color=color)
    try:
        code = _run(list(arguments or ["--help"]), around, renderer)
        renderer.finish()
    except IntegrationsError as error:
        return renderer.error(error)
    except BrokenPipeError:  # the reader went away: nobody is there to be told
        _discard_output()
        return 1
    except OSError as error:
        return renderer.error(IntegrationsError(f"the system refused: {error.strerror or type(error).__name__}"))
    except Exception as error:  # noqa: BLE001  # the outermost boundary: a bug may not show values in a traceback
        return renderer.error(_bug(error))
    return code


def _run(arguments: list[str], around: Process, renderer: Renderer) -> int:
    try:
        shown = root().main(arguments, prog_name=PROGRAM, standalone_mode=False, obj=(around, renderer))
    except TyperException as error:
        _raise_usage(error)
    except typer.Abort:
        raise CancelledError("interrupted") from None
    return shown if isinstance(shown, int) else 0 if shown is None else _show(shown, renderer)


def _show(view: View, renderer: Renderer) -> int:
    """Print what a command returned. What it has done is not lost where that cannot be written."""
    try:
        return renderer.show(view)
    except OSError as error:
        if renderer.done is None and isinstance(error, BrokenPipeError):
            raise
        _discard_output()
        done = f"; {renderer.done}" if renderer.done is not None else ""
        raise IntegrationsError(f"the output could not be written: {error.strerror}{done}") from None


def _raise_usage(error: TyperException) -> NoReturn:
    from typer._click.exceptions import NoSuchOption

    message = " ".join(error.format_message().split()).rstrip(".")
    if isinstance(error, NoSuchOption):
        from integrations_cli.catalogue.suggest import nearest

        near = nearest(error.option_name, error.possibilities or (), limit=1)
        meant = f" (did you mean {near[0]}?)" if near else ""
        message = f"there is no option {error.option_name}{meant}"
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else PROGRAM
    raise UsageError(message[:1].lower() + message[1:], hint=f"{path} --help shows what it takes") from None


def _bug(error: Exception) -> IntegrationsError:
    """What may be said of an error that nobody foresaw: its kind and its place, never its text."""
    trace, place = error.__traceback__, "an unknown place"
    while trace is not None:
        code = trace.tb_frame.f_code
        if f"{os.sep}integrations_cli{os.sep}" in code.co_filename:
            place = f"{os.path.basename(code.co_filename)}:{trace.tb_lineno} ({code.co_name})"  # noqa: PTH119  # no import
        trace = trace.tb_next
    return IntegrationsError(
        f"this is a bug in {PROGRAM} {__version__}: {type(error).__name__} at {place}",
        hint="please report this line; if something was being sent, look with integrations list before trying again",
    )


def _be_told_to_stop() -> None:
    """Take a SIGTERM, with which others end a job, as Ctrl-C: what was sent is said in either case."""
    import signal

    signal.signal(signal.SIGTERM, signal.default_int_handler)


def _discard_output() -> None:
    try:
        descriptor = os.open(os.devnull, os.O_WRONLY)
        os.dup2(descriptor, sys.stdout.fileno())
        os.close(descriptor)
    except (OSError, ValueError, AttributeError):
        return  # the stream is not a real file: there is nothing to flush to it at exit
