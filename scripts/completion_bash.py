"""Writes the completion for bash: one file that needs no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from completion_tables import comment, every_key, keys_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from completion_tables import Tables
    from integrations_cli.reference.describe import Flag

LOGIC = r"""
# The words of the line up to the cursor into "words": a word that bash has split at = : or @ is put together again.
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

# A word as the shell would read it, into REPLY, as far as that can be said without expanding anything.
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

# Offers a word if it begins with what is typed; without the part of it that readline leaves alone, and quoted.
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

# Offers the names of files after "$1". Where the name begins just where readline's own word begins, readline does it.
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

# Offers what the program itself knows: profiles or identifiers, one on a line, and after a TAB what is said of it.
_integrations_ask() {
  local name _ program=${words[0]/#\~\//$HOME/}
  type -P -- "$program" >/dev/null || program=integrations
  while IFS=$'\t' read -r name _; do
    _integrations_offer "$2$name"
  done < <("$program" __complete "$1" ${meant[@]+"${meant[@]}"} 2>/dev/null </dev/null)
}

# Offers the values that a flag or an argument of kind "$1" can have, after "$2".
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

# Offers each of the words "$1", after "$2".
_integrations_each() {
  local word
  for word in $1; do
    _integrations_offer "$2$word"
  done
}

# Takes note of a flag and its value where others depend on it.
_integrations_note() {
  case $1 in
    @PROVIDER@) provider=$2 ;;
    @SETTINGS@) meant+=("$1" "$2") ;;
  esac
}

# Short flags in one word, as in -vp or -pmailgun: the one that takes a value into "flag", its kind into "kind", and
# the word up to its value into "before".
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
  local -a words meant=()
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
        @SWITCHES@) meant+=("$flag") ;;
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
    """The whole file."""
    with_value, switches = tables.settings_flags()
    logic = LOGIC.replace("@PROVIDER@", "|".join(tables.names("provider")))
    logic = logic.replace("@SETTINGS@", "|".join(with_value)).replace("@SWITCHES@", "|".join(switches))
    return (
        "\n".join(
            [
                "# bash completion for integrations                         -*- shell-script -*-",
                comment(),
                "# shellcheck shell=bash disable=SC2034,SC2154",
                "",
                f"_integrations_providers={_quoted(provider.id for provider in tables.providers)}",
                "",
                "# Below, each function leaves its answer in REPLY.",
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
                *_function("kind", "What the flag $2 of the command $1 takes.", "$1:$2", _kinds(tables), "none"),
                *_function(
                    "argument", "What the argument number $2 of the command $1 is.", "$1:$2", _arguments(tables), ""
                ),
                *_function(
                    "keys",
                    "The keys of the credentials of the provider $1.",
                    "$1",
                    {provider.id: " ".join(key.name for key in keys_of(provider)) for provider in tables.providers},
                    " ".join(key.name for key in every_key()),
                ),
                *_function(
                    "key_values",
                    "The values to choose from for the credential $2 of the provider $1.",
                    "$1:$2",
                    _key_values(tables),
                    "",
                ),
            ]
        ).rstrip("\n")
        + "\n"
        + logic
    )


def _names(flags: Iterable[Flag]) -> list[str]:
    return [name for flag in flags for name in (*flag.names, *flag.off)]


def _kind(kind: str, choices: tuple[str, ...]) -> str:
    return f"={' '.join(choices)}" if choices else kind


def _kinds(tables: Tables) -> dict[str, str]:
    """The kind of value by `command:flag`; `*:flag` where all commands agree."""
    found: dict[str, dict[str, str]] = {}
    for path, command in tables.commands.items():
        for flag in command.flags:
            for name in flag.names:
                if flag.kind != "none":
                    found.setdefault(name, {})[path] = _kind(flag.kind, flag.choices)
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
            kinds[f"{path}:{place}"] = _kind(argument.kind, argument.choices)
    return kinds


def _key_values(tables: Tables) -> dict[str, str]:
    values = {
        f"{provider.id}:{key.name}": " ".join(key.values)
        for provider in tables.providers
        for key in keys_of(provider)
        if key.values and key.values != ("true", "false")
    }
    return values | {f"*:{key.name}": "true false" for key in every_key() if key.values}


def _function(name: str, about: str, subject: str, cases: Mapping[str, str], otherwise: str) -> list[str]:
    """A function that looks `subject` up; keys with the same answer share a branch."""
    grouped: dict[str, list[str]] = {}
    for key, answer in cases.items():
        grouped.setdefault(answer, []).append(key)
    lines = [f"# {about}", f"_integrations_{name}() {{", f'  case "{subject}" in']
    for answer, keys in grouped.items():
        if answer != otherwise:
            patterns = " | ".join(f"*{_quoted([key[1:]])}" if key.startswith("*") else _pattern(key) for key in keys)
            lines.append(f"    {patterns}) REPLY={_quoted([answer])} ;;")
    return [*lines, f"    *) REPLY={_quoted([otherwise])} ;;", "  esac", "}", ""]


def _pattern(key: str) -> str:
    return f"{_quoted([key[:-1]])}*" if key.endswith("*") else _quoted([key])


def _quoted(words: Iterable[str]) -> str:
    text = " ".join(words)
    return f"'{text}'"
