"""Writes the completion for PowerShell: tables, and a function that reads the line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from completion_tables import comment, every_key, keys_of, kind_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from completion_tables import Tables

LOGIC = r"""
function global:__IntegrationsComplete {
    param([string]$Typed, [string[]]$Words, [string]$Program)

    $tables = $global:__IntegrationsTables
    $path = ''
    $provider = ''
    $pending = ''
    $flag = ''
    $nth = 0
    $only = $false
    $settings = @()

    # The kind of a flag's value; '' for an unknown flag and for one without a value.
    $kindOf = {
        param([string]$Name)
        foreach ($row in $tables.Flags[$path]) {
            if ($row[0] -ceq $Name) { return $row[1] }
        }
        return ''
    }
    # Short flags in one word (-vp, -pmailgun): the first that takes a value, its kind, and the word up to its value.
    $cluster = {
        param([string]$Word)
        for ($index = 1; $index -lt $Word.Length; $index++) {
            $kind = & $kindOf "-$($Word[$index])"
            if ($kind) { return @("-$($Word[$index])", $kind, $Word.Substring(0, $index + 1)) }
        }
        return @()
    }

    foreach ($word in $Words) {
        $noted = $null
        if ($pending) {
            $noted = @($flag, $word)
            $pending = ''
        }
        elseif (-not $only -and $word -eq '--') { $only = $true }
        elseif (-not $only -and $word -like '--*=*') { $noted = $word.Split('=', 2) }
        elseif (-not $only -and $word -like '--*') {
            $flag = $word
            $pending = & $kindOf $word
            if ($tables.Switches -ccontains $word) { $settings += $word }
        }
        elseif (-not $only -and $word -like '-?*') {
            $found = @(& $cluster $word)
            if ($found.Count -gt 0) {
                $flag = $found[0]
                if ($word.Length -eq $found[2].Length) { $pending = $found[1] }
                else { $noted = @($flag, $word.Substring($found[2].Length)) }
            }
        }
        elseif (@($tables.Groups[$path] | Where-Object { $_ } | ForEach-Object { $_[0] }) -ccontains $word) {
            $path = "$path $word".Trim()
        }
        else { $nth++ }
        if ($noted) {
            if ($tables.ProviderFlags -ccontains $noted[0]) { $provider = $noted[1] }
            if ($tables.SettingsFlags -ccontains $noted[0]) { $settings += $noted }
        }
    }

    # Each candidate: the whole word, the text in the list, and the description.
    $candidates = [System.Collections.Generic.List[object]]::new()
    $each = {
        param($Pairs, [string]$Before)
        foreach ($pair in $Pairs) { $candidates.Add(@(($Before + $pair[0]), $pair[0], $pair[1])) }
    }
    $files = {
        param([string]$Before)
        $name = $Typed.Substring($Before.Length)
        $folder = if ($name -match '^(.*[\\/])') { $Matches[1] } else { '' }
        $where = if ($folder) { $folder } else { '.' }
        foreach ($item in Get-ChildItem -LiteralPath $where -ErrorAction SilentlyContinue) {
            $end = if ($item.PSIsContainer) { [System.IO.Path]::DirectorySeparatorChar } else { '' }
            $candidates.Add(@("$Before$folder$($item.Name)$end", $item.Name, $item.FullName))
        }
    }
    $providers = { $tables.Providers.GetEnumerator() | ForEach-Object { , @($_.Key, $_.Value[0]) } }
    $variables = { Get-ChildItem -Path Env: | ForEach-Object { , @($_.Name, 'environment variable') } }
    # Offers what the program prints: one name a line, with a TAB before the description.
    $ask = {
        param([string]$What, [string]$Before)
        $lines = try { & $Program __complete $What @settings 2>$null } catch { @() }
        foreach ($line in $lines) {
            $name, $about = ([string]$line).Split("`t", 2)
            $candidates.Add(@(($Before + $name), $name, $(if ($about) { $about } else { $name })))
        }
    }
    $values = {
        param([string]$Kind, [string]$Before)
        switch -Wildcard ($Kind) {
            'file' { & $files $Before }
            'profile' { & $ask 'profiles' $Before }
            'identifier' { & $ask 'identifiers' $Before }
            'variable' { & $each (& $variables) $Before }
            'provider' { & $each (& $providers) $Before }
            '=*' { & $each @($Kind.Substring(1).Split(' ') | ForEach-Object { , @($_, $_) }) $Before }
            'credential' {
                $rest = $Typed.Substring($Before.Length)
                $key = $rest.Split('=', 2)[0]
                if ($rest -like '*=@*') { & $files "$Before$key=@" }
                elseif ($rest -like '*=env:*') { & $each (& $variables) "$Before$key=env:" }
                elseif ($rest -like '*=*') {
                    $listed = $tables.Values["${provider}:$key"]
                    if (-not $listed) { $listed = $tables.Values["*:$key"] }
                    & $each @($listed | Where-Object { $_ } | ForEach-Object { , @($_, $_) }) "$Before$key="
                }
                else {
                    $keys = $tables.Keys
                    if ($tables.Providers.Contains($provider)) { $keys = $tables.Providers[$provider][1] }
                    & $each @($keys | ForEach-Object { , @("$_=", $_) }) $Before
                }
            }
        }
    }

    $short = @()
    if (-not $only -and $Typed -match '^-[^-]') { $short = @(& $cluster $Typed) }
    if ($pending) { & $values $pending '' }
    elseif (-not $only -and $Typed -like '--*=*') {
        $name = $Typed.Split('=', 2)[0]
        & $values (& $kindOf $name) "$name="
    }
    elseif ($short.Count -gt 0 -and $Typed.Length -gt $short[2].Length) { & $values $short[1] $short[2] }
    elseif (-not $only -and $Typed -like '-*') {
        & $each @($tables.Flags[$path] | ForEach-Object { , @($_[0], $_[2]) }) ''
    }
    elseif ($tables.Groups.ContainsKey($path)) { & $each $tables.Groups[$path] '' }
    else {
        $kinds = $tables.Arguments[$path]
        if ($kinds) {
            if ($nth -lt $kinds.Count) { & $values $kinds[$nth].TrimEnd('*') '' }
            elseif ($kinds[-1].EndsWith('*')) { & $values $kinds[-1].TrimEnd('*') '' }
        }
    }

    foreach ($candidate in $candidates) {
        if (-not $candidate[0].StartsWith($Typed, [System.StringComparison]::Ordinal)) { continue }
        $text = $candidate[0]
        # Other words go into single quotes, where PowerShell expands nothing.
        if ($text -notmatch '^[A-Za-z0-9_./\\=:+-]+$') { $text = "'" + $text.Replace("'", "''") + "'" }
        [System.Management.Automation.CompletionResult]::new($text, $candidate[1], 'ParameterValue', $candidate[2])
    }
}

Register-ArgumentCompleter -Native -CommandName 'integrations' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @(
        foreach ($element in $commandAst.CommandElements | Select-Object -Skip 1) {
            if ($element.Extent.EndOffset -lt $cursorPosition -or
                ($element.Extent.EndOffset -eq $cursorPosition -and -not $wordToComplete)) {
                if ($element -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $element.Value }
                else { $element.Extent.Text }
            }
        }
    )
    $typed = ([string]$wordToComplete).Trim("'", '"')
    __IntegrationsComplete -Typed $typed -Words $words -Program $commandAst.GetCommandName()
}
"""


def powershell(tables: Tables) -> str:
    """Return the whole file."""
    with_value, switches = tables.settings_flags()
    lines = [comment(), "", "$global:__IntegrationsTables = @{", "    Groups = @{"]
    for path, group in tables.groups.items():
        rows = [f"            , {_row([child.path[-1], child.summary])}" for child in group.commands]
        lines += [f"        {_quoted(path)} = @(", *rows, "        )"]
    lines += ["    }", "    Flags = @{"]
    for path, command in tables.commands.items():
        lines.append(f"        {_quoted(path)} = @(")
        for flag in command.flags:
            kind = "" if flag.kind == "none" else kind_text(flag)
            lines += [f"            , {_row([name, kind, flag.help])}" for name in (*flag.names, *flag.off)]
        lines.append("        )")
    lines += ["    }", "    Arguments = @{"]
    for path, leaf in tables.leaves.items():
        if leaf.arguments:
            kinds = [kind_text(one) + ("*" if one.repeatable else "") for one in leaf.arguments]
            lines.append(f"        {_quoted(path)} = {_row(kinds)}")
    lines += ["    }", "    Providers = [ordered]@{"]
    for one in tables.providers:
        keys = _row(key.name for key in keys_of(one))
        lines.append(f"        {_quoted(one.id)} = @({_quoted(f'{one.name} ({one.channel})')}, {keys})")
    lines += ["    }", f"    Keys = {_row(key.name for key in every_key())}", "    Values = @{"]
    for provider, key in tables.keys_with_choices():
        lines.append(f"        {_quoted(f'{provider}:{key.name}')} = {_row(key.values)}")
    lines += [f"        {_quoted(f'*:{key.name}')} = {_row(key.values)}" for key in every_key() if key.values]
    lines += ["    }", f"    ProviderFlags = {_row(tables.names('provider'))}"]
    lines += [f"    SettingsFlags = {_row(with_value)}", f"    Switches = {_row(switches)}", "}"]
    return "\n".join(lines) + "\n" + LOGIC


def _row(words: Iterable[str]) -> str:
    return f"@({', '.join(_quoted(word) for word in words)})"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
