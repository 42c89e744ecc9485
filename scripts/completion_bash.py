"""Writes the completion for bash: one file without dependencies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from completion_tables import boolean_keys, comment, every_key, keys_of, kind_text, with_flags

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from completion_tables import Tables
    from integrations_cli.reference.describe import Flag

LOGIC = r"""
# Sets "words" to the words up to the cursor, and joins what bash has split at = : or @.
_integrations_split() {
  local line=${COMP_LINE:0:COMP_POINT} part index
  words=()
  for ((index = 0; index <= COMP_CWORD; index++)); do
    part=${COMP_WORDS[index]}
    if [[ $index -eq 0 || $line == [[:space:]]* ]]; then
      line=${line#"${line%%[![:space:]]*}"}
      words+=('')
    fi
    [[ ${#part} -le ${#line} ]] || part=$line
    line=${line:${#part}}
    words[${#words[@]} - 1]+=$part
  done
}

# Sets REPLY to a word without its quotes and backslashes. Nothing is expanded.
_integrations_unquote() {
  local text=$1 head quotes="[\"']"
  REPLY=''
  while [[ $text == *\\?* ]]; do
    head=${text%%\\*}
    text=${text#*\\}
    REPLY+=${head//$quotes/}${text:0:1}
    text=${text:1}
  done
  REPLY+=${text//$quotes/}
}

# Offers a word if it starts with what is typed: quoted, and without the part that readline does not replace.
_integrations_offer() {
  [[ $1 == "$cur"* ]] || return 0
  local shown=${1:skip}
  [[ -n $shown ]] || return 0
  case $quote in
    \") [[ $shown != *[\"\$\`\\!]* ]] || return 0 ;;
    \') [[ $shown != *\'* ]] || return 0 ;;
    *) printf -v shown %q "$shown" ;;
  esac
  COMPREPLY+=("$shown")
}

# Offers file names after the prefix "$1". Where the name starts with readline's own word, readline does it.
_integrations_files() {
  local typed=${cur:${#1}} name
  if [[ $skip -eq ${#1} ]] && compopt -o default 2>/dev/null; then
    return 0
  fi
  while IFS= read -r name; do
    [[ ! -d $name ]] || name+=/
    _integrations_offer "$1$name"
  done < <(compgen -f -- "$typed")
  [[ ${COMPREPLY[0]-} != */ ]] || compopt -o nospace 2>/dev/null
}

# Offers the profiles or identifiers that the program prints: one a line, with a TAB before the description.
_integrations_ask() {
  local name _ program=${words[0]/#\~\//$HOME/}
  type -P -- "$program" >/dev/null || program=integrations
  while IFS=$'\t' read -r name _; do
    _integrations_offer "$2$name"
  done < <("$program" __complete "$1" ${settings[@]+"${settings[@]}"} 2>/dev/null </dev/null)
}

# Offers the values of kind "$1", after the prefix "$2".
_integrations_values() {
  local word key
  case $1 in
    file) _integrations_files "$2" ;;
    profile) _integrations_ask profiles "$2" ;;
    identifier) _integrations_ask identifiers "$2" ;;
    variable) _integrations_each "$(compgen -e)" "$2" ;;
    provider) _integrations_each "$_integrations_providers" "$2" ;;
    =*) _integrations_each "${1#=}" "$2" ;;
    credential)
      key=${cur:${#2}}
      case $key in
        *=@*) _integrations_files "$2${key%%=*}=@" ;;
        *=env:*) _integrations_each "$(compgen -e)" "$2${key%%=*}=env:" ;;
        *=*)
          key=${key%%=*}
          _integrations_key_values "$provider" "$key"
          _integrations_each "$REPLY" "$2$key="
          ;;
        *)
          _integrations_keys "$provider"
          for word in $REPLY; do
            _integrations_offer "$2$word="
          done
          compopt -o nospace 2>/dev/null
          ;;
      esac
      ;;
  esac
}

# Offers each of the words "$1", after the prefix "$2".
_integrations_each() {
  local word
  for word in $1; do
    _integrations_offer "$2$word"
  done
}

# Remembers a flag and its value if other completions depend on them.
_integrations_note() {
  case $1 in
    @PROVIDER@) provider=$2 ;;
    @SETTINGS@) settings+=("$1" "$2") ;;
  esac
}

# Reads short flags in one word (-vp, -pmailgun): sets "flag" to the one that takes a value, "kind" to its kind, and
# "before" to the word up to its value.
_integrations_cluster() {
  local index
  kind=none
  for ((index = 1; index < ${#1}; index++)); do
    flag=-${1:index:1}
    before=${1:0:index+1}
    _integrations_kind "$path" "$flag"
    kind=$REPLY
    [[ $kind == none ]] || return 0
  done
}

_integrations() {
  local IFS=$' \t\n' REPLY cur word quote='' path='' provider='' flag='' before='' kind='' pending='' only=''
  local skip index last nth=0
  local -a words settings=()
  COMPREPLY=()
  _integrations_split
  last=$((${#words[@]} - 1))
  # "$2" is the end of the last word that readline will replace; a quotation mark before it is still open.
  case ${words[last]%"$2"} in
    *\") quote=\" ;;
    *\') quote=\' ;;
  esac
  _integrations_unquote "${words[last]}"
  cur=$REPLY
  _integrations_unquote "$2"
  skip=$((${#cur} - ${#REPLY}))

  for ((index = 1; index < last; index++)); do
    _integrations_unquote "${words[index]}"
    word=$REPLY
    if [[ -n $pending ]]; then
      _integrations_note "$flag" "$word"
      pending=''
    elif [[ -z $only && $word == -- ]]; then
      only=1
    elif [[ -z $only && $word == --*=* ]]; then
      _integrations_note "${word%%=*}" "${word#*=}"
    elif [[ -z $only && $word == --* ]]; then
      flag=$word
      _integrations_kind "$path" "$flag"
      [[ $REPLY == none ]] || pending=$REPLY
      case $flag in
        @SWITCHES@) settings+=("$flag") ;;
      esac
    elif [[ -z $only && $word == -?* ]]; then
      _integrations_cluster "$word"
      if [[ $kind != none && $word == "$before" ]]; then
        pending=$kind
      elif [[ $kind != none ]]; then
        _integrations_note "$flag" "${word#"$before"}"
      fi
    else
      _integrations_commands "$path"
      if [[ " $REPLY " == *" $word "* ]]; then
        path=${path:+$path }$word
      else
        nth=$((nth + 1))
      fi
    fi
  done

  before=''
  if [[ -n $pending ]]; then
    _integrations_values "$pending" ''
  elif [[ -z $only && $cur == --*=* ]]; then
    _integrations_kind "$path" "${cur%%=*}"
    _integrations_values "$REPLY" "${cur%%=*}="
  elif [[ -z $only && $cur == -* ]]; then
    [[ $cur == --* ]] || _integrations_cluster "$cur"
    if [[ -n $before && $kind != none && $cur != "$before" ]]; then
      _integrations_values "$kind" "$before"
    else
      _integrations_flags "$path"
      _integrations_each "$REPLY" ''
    fi
  else
    _integrations_commands "$path"
    if [[ -n $REPLY ]]; then
      _integrations_each "$REPLY" ''
    else
      _integrations_argument "$path" "$nth"
      _integrations_values "$REPLY" ''
    fi
  fi
}

if [[ ${BASH_VERSINFO[0]} -ge 4 ]]; then
  complete -F _integrations integrations
else
  complete -o default -F _integrations integrations
fi
"""


def bash(tables: Tables) -> str:
    """Return the whole file."""
    return (
        "\n".join(
            [
                "# bash completion for integrations                         -*- shell-script -*-",
                comment(),
                "# shellcheck shell=bash disable=SC2034,SC2154",
                "",
                f"_integrations_providers={_quoted(provider.id for provider in tables.providers)}",
                "",
                "# Each function below sets REPLY.",
                "",
                *_function(
                    "commands",
                    "The commands of the group $1.",
                    "$1",
                    {
                        path: " ".join(child.path[-1] for child in group.commands)
                        for path, group in tables.groups.items()
                    },
                    "",
                ),
                *_function(
                    "flags",
                    "The flags of the command $1.",
                    "$1",
                    {path: " ".join(_names(command.flags)) for path, command in tables.commands.items()},
                    "",
                ),
                *_function(
                    "kind", "The kind of value of the flag $2 of the command $1.", "$1:$2", _kinds(tables), "none"
                ),
                *_function(
                    "argument",
                    "The kind of value of the argument number $2 of the command $1.",
                    "$1:$2",
                    _arguments(tables),
                    "",
                ),
                *_function(
                    "keys",
                    "The credential keys of the provider $1.",
                    "$1",
                    {provider.id: " ".join(key.name for key in keys_of(provider)) for provider in tables.providers},
                    " ".join(key.name for key in every_key()),
                ),
                *_function(
                    "key_values",
                    "The choices for the credential $2 of the provider $1.",
                    "$1:$2",
                    _key_values(tables),
                    "",
                ),
            ]
        ).rstrip("\n")
        + "\n"
        + with_flags(LOGIC, tables, "|")
    )


def _names(flags: Iterable[Flag]) -> list[str]:
    return [name for flag in flags for name in (*flag.names, *flag.off)]


def _kinds(tables: Tables) -> dict[str, str]:
    """Return the kind of value by `command:flag`, or by `*:flag` where all commands agree."""
    found: dict[str, dict[str, str]] = {}
    for path, command in tables.commands.items():
        for flag in command.flags:
            for name in flag.names:
                if flag.kind != "none":
                    found.setdefault(name, {})[path] = kind_text(flag)
    kinds: dict[str, str] = {}
    for name, by_path in found.items():
        if len(set(by_path.values())) == 1:
            kinds[f"*:{name}"] = next(iter(by_path.values()))
        else:
            kinds |= {f"{path}:{name}": kind for path, kind in by_path.items()}
    return kinds


def _arguments(tables: Tables) -> dict[str, str]:
    kinds: dict[str, str] = {}
    for path, command in tables.leaves.items():
        for number, argument in enumerate(command.arguments):
            place = "*" if argument.repeatable else number
            kinds[f"{path}:{place}"] = kind_text(argument)
    return kinds


def _key_values(tables: Tables) -> dict[str, str]:
    values = {f"{provider}:{key.name}": " ".join(key.values) for provider, key in tables.keys_with_choices()}
    return values | {f"*:{name}": "true false" for name in boolean_keys()}


def _function(name: str, about: str, subject: str, cases: Mapping[str, str], default: str) -> list[str]:
    """Return a shell function with a `case` of `subject`; keys with the same result share a branch."""
    grouped: dict[str, list[str]] = {}
    for key, result in cases.items():
        grouped.setdefault(result, []).append(key)
    lines = [f"# {about}", f"_integrations_{name}() {{", f'  case "{subject}" in']
    for result, keys in grouped.items():
        if result != default:
            patterns = " | ".join(f"*{_quoted([key[1:]])}" if key.startswith("*") else _pattern(key) for key in keys)
            lines.append(f"    {patterns}) REPLY={_quoted([result])} ;;")
    return [*lines, f"    *) REPLY={_quoted([default])} ;;", "  esac", "}", ""]


def _pattern(key: str) -> str:
    return f"{_quoted([key[:-1]])}*" if key.endswith("*") else _quoted([key])


def _quoted(words: Iterable[str]) -> str:
    text = " ".join(words)
    return f"'{text}'"
