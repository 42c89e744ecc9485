"""Writes the completion for fish: a line for each flag, and functions for their values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from completion_tables import boolean_keys, comment, every_key, keys_of, with_flags

if TYPE_CHECKING:
    from collections.abc import Iterable

    from completion_tables import Key, Tables
    from integrations_cli.reference.describe import Flag

LOGIC = r"""
# Whether the line starts with the command in $argv.
function __integrations_at
    set -l words (commandline -opc)
    set -l last (math 1 + (count $argv))
    test (count $words) -ge $last
    and test "$words[2..$last]" = "$argv"
end

# Whether the line has the group in $argv, and no command of it yet.
function __integrations_group
    set -l words (commandline -opc)
    test (count $words) -eq (math 1 + (count $argv))
    and begin
        test (count $argv) -eq 0
        or test "$words[2..-1]" = "$argv"
    end
end

# Whether the word under the cursor is the argument number $argv[1] of the command in $argv[2..-1]; +N means N or later.
function __integrations_argument
    __integrations_at $argv[2..-1]
    or return
    set -l words (commandline -opc)
    set -l count 1
    set -l skip 0
    set -e words[1..(count $argv)]
    for word in $words
        if test $skip -eq 1
            set skip 0
        else if contains -- $word $__integrations_valued
            set skip 1
        else if not string match -q -- '-*' $word
            set count (math $count + 1)
        end
    end
    if string match -q -- '+*' $argv[1]
        test $count -ge (string sub -s 2 -- $argv[1])
    else
        test $count -eq $argv[1]
    end
end

# Prints the value of the flags in $argv on the line.
function __integrations_value_of
    set -l words (commandline -opc)
    set -l value
    set -l next 0
    for word in $words[2..-1]
        if test $next -eq 1
            set value $word
            set next 0
        else if contains -- $word $argv
            set next 1
        else
            for flag in $argv
                switch $flag
                    case '--*'
                        string match -q -- "$flag=*" $word
                        and set value (string replace -- "$flag=" '' $word)
                    case '*'
                        string match -q -- "$flag*" $word
                        and set value (string sub -s 3 -- $word)
                end
            end
        end
    end
    test -n "$value"
    and echo -- $value
end

# Prints the profiles or identifiers that the program prints: one a line, with a TAB before the description.
function __integrations_ask
    set -l words (commandline -opc)
    set -l program (string replace -r -- '^~/' "$HOME/" $words[1])
    type -q -- $program
    or set program integrations
    set -l settings
    for flags in @SETTINGS@
        set -l value (__integrations_value_of (string split ' ' -- $flags))
        and set -a settings (string split ' ' -- $flags)[1] $value
    end
    for flag in @SWITCHES@
        contains -- $flag $words
        and set -a settings $flag
    end
    $program __complete $argv[1] $settings 2>/dev/null </dev/null
end

function __integrations_credentials
    set -l typed (string replace -r -- '^(--credential=|-C)' '' (commandline -ct))
    set typed (string unescape -- $typed; or echo -- $typed)
    set -l provider (__integrations_value_of @PROVIDER@)
    set -l parts (string split -m 1 -- = $typed)
    if test (count $parts) -lt 2
        __integrations_keys $provider
        return
    end
    switch $parts[2]
        case '@*'
            set -l name (string sub -s 2 -- $parts[2])
            for file in $name*
                test -d $file
                and set file $file/
                echo -- "$parts[1]=@$file"
            end
        case 'env:*'
            for name in (set -nx)
                echo -- "$parts[1]=env:$name"
            end
        case '*'
            for value in (__integrations_key_values $provider $parts[1])
                echo -- "$parts[1]=$value"
            end
    end
end

function __integrations_variables
    set -nx
end
"""


def fish(tables: Tables) -> str:
    """Return the whole file."""
    with_value, _ = tables.settings_flags()
    grouped: dict[str, list[str]] = {}
    for flag in tables.program.shared_flags:
        if names := [name for name in flag.names if name in with_value]:
            grouped.setdefault(flag.names[0], names)
    settings = " ".join(_quoted(" ".join(names)) for names in grouped.values())
    logic = with_flags(LOGIC.replace("@SETTINGS@", settings), tables, " ")
    lines = [comment(), "", f"set -g __integrations_valued {' '.join(tables.valued())}", logic]
    lines += ["function __integrations_providers"]
    lines += [_line(one.id, f"{one.name} ({one.channel})") for one in tables.providers]
    lines += ["end", "", "# The credential keys of a provider.", "function __integrations_keys"]
    lines += ['    switch "$argv"']
    for one in tables.providers:
        lines += [f"        case {one.id}", *_key_lines(keys_of(one))]
    lines += ["        case '*'", *_key_lines(every_key()), "    end", "end", ""]
    lines += ["# The choices for a credential of a provider.", "function __integrations_key_values"]
    lines += ['    switch "$argv[1]:$argv[-1]"']
    for provider, key in tables.keys_with_choices():
        lines += [f"        case {provider}:{key.name}", f"            printf '%s\\n' {' '.join(key.values)}"]
    booleans = " ".join(_quoted(f"*:{name}") for name in boolean_keys())
    lines += [f"        case {booleans}", "            printf '%s\\n' true false", "    end", "end", ""]
    lines += ["complete -c integrations -e", "complete -c integrations -f", ""]
    for path, group in tables.groups.items():
        for child in group.commands:
            condition = _quoted(f"__integrations_group {path}".rstrip())
            lines.append(f"complete -c integrations -n {condition} -a {child.path[-1]} -d {_quoted(child.summary)}")
        condition = f"__integrations_group {path}".rstrip()
        lines += [*(_flag(flag, condition) for flag in group.flags), ""]
    for path, leaf in tables.leaves.items():
        for number, argument in enumerate(leaf.arguments, 1):
            place = f"+{number}" if argument.repeatable else f"{number}"
            offered = _offered(argument.kind, argument.choices)
            if offered:
                lines.append(f"complete -c integrations -n '__integrations_argument {place} {path}' {offered}")
        lines += [*(_flag(flag, f"__integrations_at {path}") for flag in leaf.flags), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _flag(flag: Flag, condition: str) -> str:
    about = f"-d {_quoted(flag.help)}"
    begin = f"complete -c integrations -n {_quoted(condition)}"
    if flag.off:
        on = " ".join(_option(name) for name in flag.names)
        off = " ".join(_option(name) for name in flag.off)
        return f"{begin} {on} {about}\n{begin} {off} {about}"
    value = "" if flag.kind == "none" else f" {_offered(flag.kind, flag.choices) or '-x'}"
    return f"{begin} {' '.join(_option(name) for name in flag.names)}{value} {about}"


def _offered(kind: str, choices: tuple[str, ...]) -> str:
    if choices:
        return f"-x -a {_quoted(' '.join(choices))}"
    if kind == "file":
        return "-r -F"
    if kind in {"profile", "identifier"}:
        return f"-x -a '(__integrations_ask {kind}s)'"
    return "" if kind == "text" else f"-x -a '(__integrations_{kind}s)'"


def _option(name: str) -> str:
    return f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}"


def _key_lines(keys: Iterable[Key]) -> list[str]:
    return [f"        {_line(f'{key.name}=', key.about)}" for key in keys] or ["            true"]


def _line(name: str, about: str) -> str:
    return f"    printf '%s\\t%s\\n' {name} {_quoted(about)}"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
