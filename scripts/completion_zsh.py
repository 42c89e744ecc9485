"""Writes the completion for zsh: a function for each command, with its flags as `_arguments` wants them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from completion_tables import boolean_keys, comment, every_key, keys_of, with_flags

if TYPE_CHECKING:
    from collections.abc import Iterable

    from completion_tables import Key, Tables
    from integrations_cli.reference.describe import Command, Flag

LOGIC = r"""
# Offers the profiles or identifiers that the program prints: one a line, with a TAB before the description.
_integrations_ask() {
  local program=${${(Q)integrations_program}/#\~\//$HOME/} line flag expl
  local -a settings names shown
  (( $+commands[$program] )) || [[ -x $program ]] || program=integrations
  for flag in @SETTINGS@; do
    (( $+opt_args[$flag] )) && settings+=($flag "${(Q)opt_args[$flag]}")
  done
  for flag in @SWITCHES@; do
    (( $+opt_args[$flag] )) && settings+=($flag)
  done
  for line in ${(f)"$("$program" __complete $1 $settings 2>/dev/null </dev/null)"}; do
    names+=("${line%%$'\t'*}")
    shown+=("${line/$'\t'/  -- }")
  done
  _wanted $1 expl $2 compadd -d shown -a names
}

_integrations_profiles() { _integrations_ask profiles profile }

_integrations_identifiers() { _integrations_ask identifiers identifier }

_integrations_nothing() { return 1 }

_integrations_variables() { _parameters -g '*export*' }

_integrations_credentials() {
  local key=${PREFIX%%=*} flag provider expl REPLY
  local -a reply
  for flag in @PROVIDER@; do
    provider=${${(Q)opt_args[$flag]}:-$provider}
  done
  if compset -P 1 '*='; then
    if compset -P '@'; then
      _files
    elif compset -P 'env:'; then
      _integrations_variables
    else
      _integrations_key_values $provider $key
      _wanted values expl value compadd -a reply
    fi
  else
    _integrations_keys $provider
    _describe -t credentials credential reply -S = -q
  fi
}
"""


def zsh(tables: Tables) -> str:
    """Return the whole file."""
    lines = ["#compdef integrations", comment(), with_flags(LOGIC, tables, " ")]
    lines += ["_integrations_providers() {", "  local -a providers=("]
    lines += [f"    {_item(one.id, f'{one.name} ({one.channel})')}" for one in tables.providers]
    lines += ["  )", "  _describe -t providers provider providers", "}", ""]
    lines += ["# The credential keys of the provider $1.", "_integrations_keys() {", "  case $1 in"]
    lines += [f"    {one.id}) reply=({_items(keys_of(one))}) ;;" for one in tables.providers]
    lines += [f"    *) reply=({_items(every_key())}) ;;", "  esac", "}", ""]
    lines += ["# The choices for the credential $2 of the provider $1."]
    lines += ["_integrations_key_values() {", '  case "$1:$2" in']
    for provider, key in tables.keys_with_choices():
        lines.append(f"    {provider}:{key.name}) reply=({' '.join(key.values)}) ;;")
    booleans = " | ".join(f"*:{name}" for name in boolean_keys())
    lines += [f"    {booleans}) reply=(true false) ;;", "    *) reply=() ;;", "  esac", "}", ""]
    for path, command in tables.leaves.items():
        lines += [f"{_function(path)}() {{", "  _arguments -s -S : \\", *_specifications(command), "}", ""]
    for path, group in tables.groups.items():
        lines += _group(path, group)
    lines += ['if [[ $funcstack[1] == _integrations ]]; then\n  _integrations "$@"']
    lines += ["else\n  compdef _integrations integrations\nfi"]
    return "\n".join(lines) + "\n"


def _group(path: str, group: Command) -> list[str]:
    lines = [f"{_function(path)}() {{", "  local context state state_descr line curcontext=$curcontext"]
    if not path:
        lines.append("  local integrations_program=$words[1]")
    lines += ["  local -A opt_args", "  local -a commands=("]
    lines += [f"    {_item(child.path[-1], child.summary)}" for child in group.commands]
    lines += ["  )", "  _arguments -s -S -C : \\", *(f"    {one} \\" for one in _flags(group.flags))]
    lines += ["    '1: :->command' \\", "    '*:: :->arguments'", "  case $state in"]
    lines += ["    command) _describe -t commands command commands ;;", "    arguments)"]
    lines += ['      curcontext="${curcontext%:*:*}:integrations-$words[1]:"', "      case $words[1] in"]
    lines += [f"        {child.path[-1]}) {_function(' '.join(child.path[1:]))} ;;" for child in group.commands]
    return [*lines, "      esac", "      ;;", "  esac", "}", ""]


def _specifications(command: Command) -> list[str]:
    lines = _flags(command.flags)
    for number, argument in enumerate(command.arguments, 1):
        place = "*" if argument.repeatable else str(number)
        # An empty action would prevent flags from being offered here.
        action = "_integrations_nothing" if argument.kind == "text" else _action(argument.kind, argument.choices)
        lines.append(_quoted(f"{place}:{_message(argument.name)}:{action}"))
    return [f"    {one} \\" for one in lines[:-1]] + [f"    {lines[-1]}"]


def _flags(flags: Iterable[Flag]) -> list[str]:
    lines: list[str] = []
    for flag in flags:
        names = (*flag.names, *flag.off)
        excludes = "(- *)" if {"--help", "--version"} & {*names} else f"({' '.join(names)})"
        first = "*" if flag.repeatable else excludes
        about = f"[{_bracketed(flag.help)}]"
        for name in names:
            if flag.kind == "none":
                lines.append(_quoted(f"{first}{name}{about}"))
            else:
                value = f":{_message(flag.metavar or 'value')}:{_action(flag.kind, flag.choices)}"
                lines.append(_quoted(f"{first}{name}{'=' if name.startswith('--') else '+'}{about}{value}"))
    return lines


def _action(kind: str, choices: tuple[str, ...]) -> str:
    if choices:
        return f"({' '.join(choices)})"
    if kind == "file":
        return "_files"
    return " " if kind == "text" else f"_integrations_{kind}s"


def _function(path: str) -> str:
    return "_".join(["_integrations", *(["command", *path.replace("-", "_").split()] if path else [])])


def _items(keys: Iterable[Key]) -> str:
    return " ".join(_item(key.name, key.about) for key in keys)


def _item(name: str, about: str) -> str:
    return _quoted(f"{name}:{about}")


def _message(text: str) -> str:
    return text.replace("\\", "\\\\").replace(":", "\\:")


def _bracketed(text: str) -> str:
    for letter in "\\[]:":
        text = text.replace(letter, f"\\{letter}")
    return text


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
