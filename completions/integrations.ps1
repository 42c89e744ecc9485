# Made by scripts/generate_docs.py; do not edit.
#
# Commands, flags, choices, channels, providers and the keys of their credentials stand in this file: completing them
# starts no program. Profiles and identifiers are asked of the program itself; what it answers is offered, and never
# run or expanded.

$global:__IntegrationsTables = @{
    Groups = @{
        '' = @(
            , @('create', 'Create an integration from flags, a file or prompts.')
            , @('list', 'List the integrations of the environment.')
            , @('get', 'Show one integration.')
            , @('update', 'Change an integration.')
            , @('delete', 'Delete an integration.')
            , @('set-primary', 'Make an integration the first of its channel.')
            , @('plan', 'Show what apply would change.')
            , @('apply', 'Make the environment what a manifest says.')
            , @('export', 'Write the environment as a manifest.')
            , @('diff', 'Compare two environments, or a manifest and an environment.')
            , @('providers', 'Look up providers and the credentials that they need.')
            , @('profiles', 'Keep API keys and servers under names.')
            , @('sandbox', 'The built-in API: no account, no key, no network.')
            , @('doctor', 'Look for what can be wrong around a call.')
            , @('commands', 'Describe every command, for programs.')
        )
        'providers' = @(
            , @('list', 'List the providers that the API knows.')
            , @('show', 'Show a provider''s credentials and a ready command.')
        )
        'profiles' = @(
            , @('add', 'Add a profile, after trying its key.')
            , @('list', 'List the profiles.')
            , @('show', 'Show a profile, and where each value comes from.')
            , @('use', 'Make a profile the default.')
            , @('remove', 'Remove a profile.')
        )
        'sandbox' = @(
            , @('serve', 'Serve the sandbox on a loopback socket.')
            , @('reset', 'Empty the sandbox.')
        )
    }
    Flags = @{
        '' = @(
            , @('--version', '', 'Show the version and exit.')
            , @('-V', '', 'Show the version and exit.')
            , @('--help', '', 'Show this message and exit.')
            , @('-h', '', 'Show this message and exit.')
        )
        'providers' = @(
            , @('--help', '', 'Show this message and exit.')
            , @('-h', '', 'Show this message and exit.')
        )
        'profiles' = @(
            , @('--help', '', 'Show this message and exit.')
            , @('-h', '', 'Show this message and exit.')
        )
        'sandbox' = @(
            , @('--help', '', 'Show this message and exit.')
            , @('-h', '', 'Show this message and exit.')
        )
        'create' = @(
            , @('--provider', 'provider', 'The provider: mailgun, twilio, …')
            , @('-p', 'provider', 'The provider: mailgun, twilio, …')
            , @('--channel', '=in_app email sms chat push tool', 'The channel; left out where the provider has only one.')
            , @('-c', '=in_app email sms chat push tool', 'The channel; left out where the provider has only one.')
            , @('--name', 'text', 'The name that the dashboard shows.')
            , @('-n', 'text', 'The name that the dashboard shows.')
            , @('--identifier', 'text', 'Its unique identifier; generated if left out.')
            , @('-i', 'text', 'Its unique identifier; generated if left out.')
            , @('--environment-id', 'text', 'The environment, if not the key''s own.')
            , @('--credential', 'credential', 'A credential; VALUE may be @FILE, @- (standard input), env:NAME, cmd:COMMAND or text:VALUE.')
            , @('-C', 'credential', 'A credential; VALUE may be @FILE, @- (standard input), env:NAME, cmd:COMMAND or text:VALUE.')
            , @('--credentials-file', 'file', 'Credentials as a JSON or TOML object.')
            , @('--active', '', 'Whether it delivers at once (default: inactive).')
            , @('--inactive', '', 'Whether it delivers at once (default: inactive).')
            , @('--check', '', 'Whether the server tries the credentials (default: no).')
            , @('--no-check', '', 'Whether the server tries the credentials (default: no).')
            , @('--conditions-file', 'file', 'Conditions as a JSON or TOML list.')
            , @('--condition', 'text', 'Use it only where this holds (!= too); all must.')
            , @('--from-file', 'file', 'All of it from a JSON or TOML file; - is standard input.')
            , @('-f', 'file', 'All of it from a JSON or TOML file; - is standard input.')
            , @('--extra', 'text', 'Another field, sent as it is.')
            , @('--idempotency-key', 'text', 'Send this key; generated if left out.')
            , @('--if-not-exists', '', 'Show the one of this identifier if it is there; create nothing.')
            , @('--dry-run', '', 'Show the request, and send nothing.')
            , @('--skip-validation', '', 'Send what the catalogue does not know.')
            , @('--interactive', '', 'Ask for everything.')
            , @('-I', '', 'Ask for everything.')
            , @('--retries', 'text', 'How often to try again (default: 3).')
            , @('--quiet', '', 'Print the _id alone.')
            , @('-q', '', 'Print the _id alone.')
            , @('--show-secrets', '', 'Do not mask the credentials.')
            , @('--profile', 'profile', 'Use this profile of the settings.')
            , @('-P', 'profile', 'Use this profile of the settings.')
            , @('--sandbox', '', 'Use the built-in API: no account, no key, no network.')
            , @('--api-url', 'text', 'Where the API answers.')
            , @('--timeout', 'text', 'How long one attempt may take.')
            , @('--json', '', 'Print one JSON document; errors too.')
            , @('--no-input', '', 'Never ask; fail where something is missing.')
            , @('--verbose', '', 'Say where each setting comes from, and show every attempt.')
            , @('-v', '', 'Say where each setting comes from, and show every attempt.')
            , @('--color', '=auto always never', 'When to colour.')
            , @('--help', '', 'Show this message and exit.')
            , @('-h', '', 'Show this message and exit.')
        )
        'list' = @(
            , @('--channel', '=in_app email sms chat push tool', 'Only those of this channel.')
            , @('-c', '=in_app email sms chat push tool', 'Only those of this channel.')
            , @('--provider', 'provider', 'Only those of this provider.')
            , @('-p', 'provider', 'Only those of this provider.')
            , @('--active', '', 'Only those that deliver, or only those that do not.')
            , @('--inactive', '', 'Only those that deliver, or only those that do not.')
            , @('--show-secrets', '', 'Do not mask the credentials in --json.')
            , @('--profile', 'profile', 'Use this profile of the settings.')
            , @('-P', 'profile', 'Use this profile of the settings.')
            , @('--sandbox', '', 'Use the built-in API: no account, no key, no network.')
            , @('--api-url', 'text', 'Where the API answers.')
            , @('--timeout', 'text', 'How long one attempt may take.')
            , @('--json', '', 'Print one JSON document; errors too.')
            , @('--no-input', '', 'Never ask; fail where something is missing.')
            , @('--verbose', '', 'Say where each setting comes from, and show every attempt.')
            , @('-v', '', 'Say where each setting comes from, and show every attempt.')
            , @('--color', '=auto always never', 'When to colour.')
            , @('--help', '', 'Show this message and exit.')
            , @('-h', '', 'Show this message and exit.')
        )
        'get' = @(
            , @('--quiet', '', 'Print the _id alone.')
            , @('-q', '', 'Print the _id alone.')
            , @('--show-secrets', '', 'Do not mask the credentials.')
            , @('--profile', 'profile', 'Use this profile of the settings.')
            , @('-P', 'profile', 'Use this profile of the settings.')
            , @('--sandbox', '', 'Use the built-in API: no account, no key, no network.')
            , @('--api-url', 'text', 'Where the API answers.')
            , @('--timeout', 'text', 'How long one attempt may take.')
            , @('--json', '', 'Print one JSON document; errors too.')
            , @('--no-input', '', 'Never ask; fail where something is missing.')
            , @('--verbose', '', 'Say where each setting comes from, and show every attempt.')
            , @('-v', '', 'Say where each setting comes from, and show every attempt.')
            , @('--color', '=auto always never', 'When to colour.')
            , @('--help', '', 'Show this message and exit.')
            , @('-h', '', 'Show this message and exit.')
        )
        'update' = @(
            , @('--name', 'text', 'The name that the dashboard shows.')
            , @('-n', 'text', 'The name that the dashboard shows.')
            , @('--identifier', 'text', 'Another unique identifier.')
            , @('-i', 'text', 'Another unique identifier.')
            , @('--credential', 'credential', 'A credential; VALUE may be @FILE, @- (standard input), env:NAME, cmd:COMMAND or text:VALUE.')
            , @('-C', 'credential', 'A credential; VALUE may be @FILE, @- (standard input), env:NAME, cmd:COMMAND or text:VALUE.')
            , @('--credentials-file', 'file', 'Credentials as a JSON or TOML object.')
            , @('--replace-credentials', '', 'Let go of the credentials that are not given.')
            , @('--active', '', 'Whether it delivers.')
            , @('--inactive', '', 'Whether it delivers.')
            , @('--check', '', 'Whether the server tries the credentials (default: no).')
            , @('--no-check', '', 'Whether the server tries the credentials (default: no).')
            , @('--conditions-file', 'file', 'Conditions as a JSON or TOML list.')
            , @('--condition', 'text', 'Use it only where this holds (!= too); all must.')
            , @('--extra', 'text', 'Another field, sent as it is.')
            , @('--skip-validation', '', 'Send what the catalogue does not know.')
            , @('--quiet', '', 'Print the _id alone.')
            , @('-q', '', 'Print the _id alone.')
            , @('--show-secrets', '', 'Do not mask the credentials.')
            , @('--profile', 'profile', 'Use this profile of the settings.')
            , @('-P', 'profile', 'Use this profile of the settings.')
            , @('--sandbox', '', 'Use the built-in API: no account, no key, no network.')
            , @('--api-url', 'text', 'Where the API answers.')
            , @('--timeout', 'text', 'How long one attempt may take.')
            , @('--json', '', 'Print one JSON document; errors too.')
            , @('--no-input', '', 'Never ask; fail where something is missing.')
            , @('--verbose', '', 'Say where each setting comes from, and show every attempt.')
            , @('-v', '', 'Say where each setting comes from, and show every attempt.')
            , @('--color', '=auto always never', 'When to colour.')
            , @('--help', '', 'Show this message and exit.')
            , @('-h', '', 'Show this message and exit.')
        )
        'delete' = @(
            , @('--yes', '', 'Do not ask.')
            , @('-y', '', 'Do not ask.')
            , @('--quiet', '', 'Print the _id alone.')
            , @('-q', '', 'Print the _id alone.')
            , @('--profile', 'profile', 'Use this profile of the settings.')
            , @('-P', 'profile', 'Use this profile of the settings.')
            , @('--sandbox', '', 'Use the built-in API: no account, no key, no network.')
            , @('--api-url', 'text', 'Where the API answers.')
            , @('--timeout', 'text', 'How long one attempt may take.')
            , @('--json', '', 'Print one JSON document; errors too.')
            , @('--no-input', '', 'Never ask; fail where something is missing.')
            , @('--verbose', '', 'Say where each setting comes from, and show every attempt.')
            , @('-v', '', 'Say where each setting comes from, and show every attempt.')
            , @('--color', '=auto always never', 'When to colour.')
            , @('--help', '', 'Show this message and exit.')
            , @('-h', '', 'Show this message and exit.')
        )
        'set-primary' = @(
            , @('--quiet', '', 'Print the _id alone.')
            , @('-q', '', 'Print the _id alone.')
            , @('--profile', 'profile', 'Use this profile of the settings.')
            , @('-P', 'profile', 'Use this profile of the settings.')
            , @('--sandbox', '', 'Use the built-in API: no account, no key, no network.')
            , @('--api-url', 'text', 'Where the API answers.')
            , @('--timeout', 'text', 'How long one attempt may take.')
            , @('--json', '', 'Print one JSON document; errors too.')
            , @('--no-input', '', 'Never ask; fail where something is missing.')
            , @('--verbose', '', 'Say where each setting comes from, and show every attempt.')
            , @('-v', '', 'Say where each setting comes from, and show every attempt.')
            , @('--color', '=auto always never', 'When to colour.')
            , @('--help', '', 'Show this message and exit.')
            , @('-h', '', 'Show this message and exit.')
        )
        'plan' = @(
            , @('--prune', '', 'Delete what the manifest does not describe.')
            , @('--target', 'text', 'Touch only this one (repeatable).')
            , @('-t', 'text', 'Touch only this one (repeatable).')
            , @('--skip-validation', '', 'Send what the catalogue does not know.')
            , @('--exit-code', '', 'Exit with 9 if there is anything to do, and 0 if not.')
            , @('--profile', 'profile', 'Use this profile of the settings.')
            , @('-P', 'profile', 'Use this profile of the settings.')
            , @('--sandbox', '', 'Use the built-in API: no account, no key, no network.')
            , @('--api-url', 'text', 'Where the API answers.')
            , @('--timeout', 'text', 'How long one attempt may take.')
            , @('--json', '', 'Print one JSON document; errors too.')
            , @('--no-input', '', 'Never ask; fail where something is missing.')
            , @('--verbose', '', 'Say where each setting comes from, and show every attempt.')
            , @('-v', '', 'Say where each setting comes from, and show every attempt.')
            , @('--color', '=auto always never', 'When to colour.')
            , @('--help', '', 'Show this message and exit.')
            , @('-h', '', 'Show this message and exit.')
        )
        'apply' = @(
            , @('--yes', '', 'Do not ask.')
            , @('-y', '', 'Do not ask.')
            , @('--prune', '', 'Delete what the manifest does not describe.')
            , @('--target', 'text', 'Touch only this one (repeatable).')
            , @('-t', 'text', 'Touch only this one (repeatable).')
            , @('--concurrency', 'text', 'How many requests at a time.')
            , @('--retries', 'text', 'How often to try again (default: 3).')
            , @('--skip-validation', '', 'Send what the catalogue does not know.')
            , @('--profile', 'profile', 'Use this profile of the settings.')
            , @('-P', 'profile', 'Use this profile of the settings.')
            , @('--sandbox', '', 'Use the built-in API: no account, no key, no network.')
            , @('--api-url', 'text', 'Where the API answers.')
            , @('--timeout', 'text', 'How long one attempt may take.')
            , @('--json', '', 'Print one JSON document; errors too.')
            , @('--no-input', '', 'Never ask; fail where something is missing.')
            , @('--verbose', '', 'Say where each setting comes from, and show every attempt.')
            , @('-v', '', 'Say where each setting comes from, and show every attempt.')
            , @('--color', '=auto always never', 'When to colour.')
            , @('--help', '', 'Show this message and exit.')
            , @('-h', '', 'Show this message and exit.')
        )
        'export' = @(
            , @('--output', 'file', 'Write to this file; JSON by its ending.')
            , @('-o', 'file', 'Write to this file; JSON by its ending.')
            , @('--profile', 'profile', 'Use this profile of the settings.')
            , @('-P', 'profile', 'Use this profile of the settings.')
            , @('--sandbox', '', 'Use the built-in API: no account, no key, no network.')
            , @('--api-url', 'text', 'Where the API answers.')
            , @('--timeout', 'text', 'How long one attempt may take.')
            , @('--json', '', 'Print one JSON document; errors too.')
            , @('--no-input', '', 'Never ask; fail where something is missing.')
            , @('--verbose', '', 'Say where each setting comes from, and show every attempt.')
            , @('-v', '', 'Say where each setting comes from, and show every attempt.')
            , @('--color', '=auto always never', 'When to colour.')
            , @('--help', '', 'Show this message and exit.')
            , @('-h', '', 'Show this message and exit.')
        )
        'diff' = @(
            , @('--against', 'profile', 'The profile of the other environment.')
            , @('-A', 'profile', 'The profile of the other environment.')
            , @('--all', '', 'Show also what is the same.')
            , @('-a', '', 'Show also what is the same.')
            , @('--exit-code', '', 'Exit with 9 if they differ, and 0 if not.')
            , @('--profile', 'profile', 'Use this profile of the settings.')
            , @('-P', 'profile', 'Use this profile of the settings.')
            , @('--sandbox', '', 'Use the built-in API: no account, no key, no network.')
            , @('--api-url', 'text', 'Where the API answers.')
            , @('--timeout', 'text', 'How long one attempt may take.')
            , @('--json', '', 'Print one JSON document; errors too.')
            , @('--no-input', '', 'Never ask; fail where something is missing.')
            , @('--verbose', '', 'Say where each setting comes from, and show every attempt.')
            , @('-v', '', 'Say where each setting comes from, and show every attempt.')
            , @('--color', '=auto always never', 'When to colour.')
            , @('--help', '', 'Show this message and exit.')
            , @('-h', '', 'Show this message and exit.')
        )
        'providers list' = @(
            , @('--channel', '=in_app email sms chat push tool', 'Only those that deliver for this channel.')
            , @('-c', '=in_app email sms chat push tool', 'Only those that deliver for this channel.')
            , @('--search', 'text', 'Only those with this text in id or name.')
            , @('-s', 'text', 'Only those with this text in id or name.')
            , @('--profile', 'profile', 'Use this profile of the settings.')
            , @('-P', 'profile', 'Use this profile of the settings.')
            , @('--sandbox', '', 'Use the built-in API: no account, no key, no network.')
            , @('--api-url', 'text', 'Where the API answers.')
            , @('--timeout', 'text', 'How long one attempt may take.')
            , @('--json', '', 'Print one JSON document; errors too.')
            , @('--no-input', '', 'Never ask; fail where something is missing.')
            , @('--verbose', '', 'Say where each setting comes from, and show every attempt.')
            , @('-v', '', 'Say where each setting comes from, and show every attempt.')
            , @('--color', '=auto always never', 'When to colour.')
            , @('--help', '', 'Show this message and exit.')
            , @('-h', '', 'Show this message and exit.')
        )
        'providers show' = @(
            , @('--profile', 'profile', 'Use this profile of the settings.')
            , @('-P', 'profile', 'Use this profile of the settings.')
            , @('--sandbox', '', 'Use the built-in API: no account, no key, no network.')
            , @('--api-url', 'text', 'Where the API answers.')
            , @('--timeout', 'text', 'How long one attempt may take.')
            , @('--json', '', 'Print one JSON document; errors too.')
            , @('--no-input', '', 'Never ask; fail where something is missing.')
            , @('--verbose', '', 'Say where each setting comes from, and show every attempt.')
            , @('-v', '', 'Say where each setting comes from, and show every attempt.')
            , @('--color', '=auto always never', 'When to colour.')
            , @('--help', '', 'Show this message and exit.')
            , @('-h', '', 'Show this message and exit.')
        )
        'profiles add' = @(
            , @('--api-key-stdin', '', 'Read the key from standard input.')
            , @('--api-key-env', 'variable', 'Take the key from this variable at each run.')
            , @('--api-key-command', 'text', 'Take the key from what this writes, at each run.')
            , @('--keyring', '', 'Keep the key in the system''s keyring.')
            , @('--region', '=us eu', 'Novu''s own server.')
            , @('--ca-bundle', 'file', 'Certificates to trust for this server.')
            , @('--allow-http', '', 'Let the key go over the network unencrypted.')
            , @('--default', '', 'Make it the default.')
            , @('--use', '', 'Make it the default.')
            , @('--force', '', 'Replace the profile of this name.')
            , @('--verify', '', 'Whether to try the key first.')
            , @('--no-verify', '', 'Whether to try the key first.')
            , @('--profile', 'profile', 'Use this profile of the settings.')
            , @('-P', 'profile', 'Use this profile of the settings.')
            , @('--sandbox', '', 'Use the built-in API: no account, no key, no network.')
            , @('--api-url', 'text', 'Where the API answers.')
            , @('--timeout', 'text', 'How long one attempt may take.')
            , @('--json', '', 'Print one JSON document; errors too.')
            , @('--no-input', '', 'Never ask; fail where something is missing.')
            , @('--verbose', '', 'Say where each setting comes from, and show every attempt.')
            , @('-v', '', 'Say where each setting comes from, and show every attempt.')
            , @('--color', '=auto always never', 'When to colour.')
            , @('--help', '', 'Show this message and exit.')
            , @('-h', '', 'Show this message and exit.')
        )
        'profiles list' = @(
            , @('--profile', 'profile', 'Use this profile of the settings.')
            , @('-P', 'profile', 'Use this profile of the settings.')
            , @('--sandbox', '', 'Use the built-in API: no account, no key, no network.')
            , @('--api-url', 'text', 'Where the API answers.')
            , @('--timeout', 'text', 'How long one attempt may take.')
            , @('--json', '', 'Print one JSON document; errors too.')
            , @('--no-input', '', 'Never ask; fail where something is missing.')
            , @('--verbose', '', 'Say where each setting comes from, and show every attempt.')
            , @('-v', '', 'Say where each setting comes from, and show every attempt.')
            , @('--color', '=auto always never', 'When to colour.')
            , @('--help', '', 'Show this message and exit.')
            , @('-h', '', 'Show this message and exit.')
        )
        'profiles show' = @(
            , @('--profile', 'profile', 'Use this profile of the settings.')
            , @('-P', 'profile', 'Use this profile of the settings.')
            , @('--sandbox', '', 'Use the built-in API: no account, no key, no network.')
            , @('--api-url', 'text', 'Where the API answers.')
            , @('--timeout', 'text', 'How long one attempt may take.')
            , @('--json', '', 'Print one JSON document; errors too.')
            , @('--no-input', '', 'Never ask; fail where something is missing.')
            , @('--verbose', '', 'Say where each setting comes from, and show every attempt.')
            , @('-v', '', 'Say where each setting comes from, and show every attempt.')
            , @('--color', '=auto always never', 'When to colour.')
            , @('--help', '', 'Show this message and exit.')
            , @('-h', '', 'Show this message and exit.')
        )
        'profiles use' = @(
            , @('--profile', 'profile', 'Use this profile of the settings.')
            , @('-P', 'profile', 'Use this profile of the settings.')
            , @('--sandbox', '', 'Use the built-in API: no account, no key, no network.')
            , @('--api-url', 'text', 'Where the API answers.')
            , @('--timeout', 'text', 'How long one attempt may take.')
            , @('--json', '', 'Print one JSON document; errors too.')
            , @('--no-input', '', 'Never ask; fail where something is missing.')
            , @('--verbose', '', 'Say where each setting comes from, and show every attempt.')
            , @('-v', '', 'Say where each setting comes from, and show every attempt.')
            , @('--color', '=auto always never', 'When to colour.')
            , @('--help', '', 'Show this message and exit.')
            , @('-h', '', 'Show this message and exit.')
        )
        'profiles remove' = @(
            , @('--yes', '', 'Do not ask.')
            , @('-y', '', 'Do not ask.')
            , @('--profile', 'profile', 'Use this profile of the settings.')
            , @('-P', 'profile', 'Use this profile of the settings.')
            , @('--sandbox', '', 'Use the built-in API: no account, no key, no network.')
            , @('--api-url', 'text', 'Where the API answers.')
            , @('--timeout', 'text', 'How long one attempt may take.')
            , @('--json', '', 'Print one JSON document; errors too.')
            , @('--no-input', '', 'Never ask; fail where something is missing.')
            , @('--verbose', '', 'Say where each setting comes from, and show every attempt.')
            , @('-v', '', 'Say where each setting comes from, and show every attempt.')
            , @('--color', '=auto always never', 'When to colour.')
            , @('--help', '', 'Show this message and exit.')
            , @('-h', '', 'Show this message and exit.')
        )
        'sandbox serve' = @(
            , @('--port', 'text', 'The port to listen on; 0 picks a free one.')
            , @('--rate-limit', 'text', 'Answer 429 beyond N requests a second.')
            , @('--idempotency', '', 'Whether idempotency keys are honoured.')
            , @('--no-idempotency', '', 'Whether idempotency keys are honoured.')
            , @('--profile', 'profile', 'Use this profile of the settings.')
            , @('-P', 'profile', 'Use this profile of the settings.')
            , @('--sandbox', '', 'Use the built-in API: no account, no key, no network.')
            , @('--api-url', 'text', 'Where the API answers.')
            , @('--timeout', 'text', 'How long one attempt may take.')
            , @('--json', '', 'Print one JSON document; errors too.')
            , @('--no-input', '', 'Never ask; fail where something is missing.')
            , @('--verbose', '', 'Say where each setting comes from, and show every attempt.')
            , @('-v', '', 'Say where each setting comes from, and show every attempt.')
            , @('--color', '=auto always never', 'When to colour.')
            , @('--help', '', 'Show this message and exit.')
            , @('-h', '', 'Show this message and exit.')
        )
        'sandbox reset' = @(
            , @('--yes', '', 'Do not ask.')
            , @('-y', '', 'Do not ask.')
            , @('--profile', 'profile', 'Use this profile of the settings.')
            , @('-P', 'profile', 'Use this profile of the settings.')
            , @('--sandbox', '', 'Use the built-in API: no account, no key, no network.')
            , @('--api-url', 'text', 'Where the API answers.')
            , @('--timeout', 'text', 'How long one attempt may take.')
            , @('--json', '', 'Print one JSON document; errors too.')
            , @('--no-input', '', 'Never ask; fail where something is missing.')
            , @('--verbose', '', 'Say where each setting comes from, and show every attempt.')
            , @('-v', '', 'Say where each setting comes from, and show every attempt.')
            , @('--color', '=auto always never', 'When to colour.')
            , @('--help', '', 'Show this message and exit.')
            , @('-h', '', 'Show this message and exit.')
        )
        'doctor' = @(
            , @('--profile', 'profile', 'Use this profile of the settings.')
            , @('-P', 'profile', 'Use this profile of the settings.')
            , @('--sandbox', '', 'Use the built-in API: no account, no key, no network.')
            , @('--api-url', 'text', 'Where the API answers.')
            , @('--timeout', 'text', 'How long one attempt may take.')
            , @('--json', '', 'Print one JSON document; errors too.')
            , @('--no-input', '', 'Never ask; fail where something is missing.')
            , @('--verbose', '', 'Say where each setting comes from, and show every attempt.')
            , @('-v', '', 'Say where each setting comes from, and show every attempt.')
            , @('--color', '=auto always never', 'When to colour.')
            , @('--help', '', 'Show this message and exit.')
            , @('-h', '', 'Show this message and exit.')
        )
        'commands' = @(
            , @('--profile', 'profile', 'Use this profile of the settings.')
            , @('-P', 'profile', 'Use this profile of the settings.')
            , @('--sandbox', '', 'Use the built-in API: no account, no key, no network.')
            , @('--api-url', 'text', 'Where the API answers.')
            , @('--timeout', 'text', 'How long one attempt may take.')
            , @('--json', '', 'Print one JSON document; errors too.')
            , @('--no-input', '', 'Never ask; fail where something is missing.')
            , @('--verbose', '', 'Say where each setting comes from, and show every attempt.')
            , @('-v', '', 'Say where each setting comes from, and show every attempt.')
            , @('--color', '=auto always never', 'When to colour.')
            , @('--help', '', 'Show this message and exit.')
            , @('-h', '', 'Show this message and exit.')
        )
    }
    Arguments = @{
        'get' = @('identifier')
        'update' = @('identifier')
        'delete' = @('identifier')
        'set-primary' = @('identifier')
        'plan' = @('file*')
        'apply' = @('file*')
        'diff' = @('file*')
        'providers show' = @('provider')
        'profiles add' = @('text')
        'profiles show' = @('profile')
        'profiles use' = @('profile')
        'profiles remove' = @('profile')
    }
    Providers = [ordered]@{
        'chat-webhook' = @('Chat Webhook (chat)', @('secretKey'))
        'discord' = @('Discord (chat)', @())
        'getstream' = @('GetStream (chat)', @('apiKey'))
        'grafana-on-call' = @('Grafana On Call Webhook (chat)', @('alertUid', 'title', 'imageUrl', 'state', 'externalLink'))
        'line' = @('LINE (chat)', @('apiToken'))
        'mattermost' = @('Mattermost (chat)', @())
        'msteams' = @('MSTeams (chat)', @('clientId', 'secretKey', 'tenantId', 'redirectUrl'))
        'novu-slack' = @('Novu Slack (chat)', @())
        'rocket-chat' = @('Rocket.Chat (chat)', @('token', 'user'))
        'ryver' = @('Ryver (chat)', @())
        'sendblue' = @('Sendblue (chat)', @('apiKey', 'secretKey', 'from', 'token'))
        'slack' = @('Slack (chat)', @('applicationId', 'clientId', 'secretKey', 'signingSecret', 'redirectUrl', 'hmac'))
        'telegram' = @('Telegram (chat)', @('apiToken'))
        'webex-messaging' = @('Webex Messaging (chat)', @('clientId', 'secretKey', 'redirectUrl', 'baseUrl'))
        'whatsapp-business' = @('WhatsApp Business (chat)', @('apiToken', 'phoneNumberIdentification', 'businessAccountId', 'secretKey', 'token'))
        'zulip' = @('Zulip (chat)', @())
        'anypost' = @('Anypost (email)', @('apiKey', 'from', 'senderName'))
        'braze' = @('Braze (email)', @('apiKey', 'apiURL', 'appID', 'from', 'senderName'))
        'email-webhook' = @('Email Webhook (email)', @('webhookUrl', 'secretKey', 'from', 'senderName'))
        'infobip-email' = @('Infobip (email)', @('apiKey', 'baseUrl', 'from', 'senderName'))
        'mailersend' = @('MailerSend (email)', @('apiKey', 'from', 'senderName'))
        'mailgun' = @('Mailgun (email)', @('apiKey', 'baseUrl', 'user', 'domain', 'from', 'senderName'))
        'mailjet' = @('Mailjet (email)', @('apiKey', 'secretKey', 'from', 'senderName'))
        'mailtrap' = @('Mailtrap (email)', @('apiKey', 'from', 'senderName'))
        'mandrill' = @('Mandrill (email)', @('apiKey', 'from', 'senderName'))
        'netcore' = @('Netcore (email)', @('apiKey', 'from', 'senderName'))
        'nodemailer' = @('Custom SMTP (email)', @('user', 'password', 'host', 'port', 'secure', 'requireTls', 'ignoreTls', 'tlsOptions', 'domain', 'secretKey', 'accountSid', 'from', 'senderName'))
        'novu-email' = @('Novu Email (email)', @())
        'novu-email-agent' = @('Novu Email (email)', @())
        'outlook365' = @('Microsoft Outlook365 (email)', @('password', 'from', 'senderName'))
        'plunk' = @('Plunk (email)', @('apiKey', 'from', 'senderName'))
        'postmark' = @('Postmark (email)', @('apiKey', 'from', 'senderName'))
        'resend' = @('Resend (email)', @('apiKey', 'from', 'senderName'))
        'sendgrid' = @('SendGrid (email)', @('apiKey', 'region', 'ipPoolName', 'from', 'senderName'))
        'sendinblue' = @('Brevo (formerly Sendinblue) (email)', @('apiKey', 'from', 'senderName'))
        'ses' = @('SES (email)', @('apiKey', 'secretKey', 'region', 'from', 'senderName'))
        'sparkpost' = @('SparkPost (email)', @('apiKey', 'region', 'from', 'senderName'))
        'novu' = @('Novu Inbox (in_app)', @('hmac'))
        'apns' = @('APNs (push)', @('secretKey', 'apiKey', 'projectName', 'applicationId', 'secure'))
        'appio' = @('AppIO (push)', @('AppIOBaseUrl'))
        'expo' = @('Expo Push (push)', @('apiKey'))
        'fcm' = @('Firebase Cloud Messaging (push)', @('serviceAccount'))
        'one-signal' = @('OneSignal (push)', @('applicationId', 'apiKey', 'apiVersion'))
        'push-webhook' = @('Push Webhook (push)', @('webhookUrl', 'secretKey'))
        'pusher-beams' = @('Pusher Beams (push)', @('instanceId', 'secretKey'))
        'pushpad' = @('Pushpad (push)', @('apiKey', 'applicationId'))
        'africas-talking' = @('Africa''s Talking (sms)', @('apiKey', 'user', 'from'))
        'afro-message' = @('Afro Message (sms)', @('apiKey', 'senderName', 'from'))
        'azure-sms' = @('Azure Sms (sms)', @('accessKey', 'from'))
        'bandwidth' = @('Bandwidth (sms)', @('user', 'password', 'accountSid', 'from'))
        'brevo-sms' = @('Brevo (sms)', @('apiKey', 'from'))
        'bulk-sms' = @('BulkSMS (sms)', @('apiToken', 'from'))
        'burst-sms' = @('Kudosity (formerly BurstSMS) (sms)', @('apiKey', 'secretKey'))
        'clickatell' = @('clickatell (sms)', @('apiKey'))
        'clicksend' = @('Clicksend (sms)', @('user', 'apiKey', 'from'))
        'cm-telecom' = @('CM.com (sms)', @('apiToken', 'from'))
        'eazy-sms' = @('Eazy (sms)', @('apiKey', 'channelId'))
        'firetext' = @('Firetext (sms)', @('apiKey', 'from'))
        'forty-six-elks' = @('46elks (sms)', @('user', 'password', 'from'))
        'generic-sms' = @('SMS Webhook (sms)', @('baseUrl', 'apiKeyRequestHeader', 'apiKey', 'secretKeyRequestHeader', 'secretKey', 'idPath', 'datePath', 'authenticateByToken', 'domain', 'authenticationTokenKey', 'from'))
        'gupshup' = @('Gupshup (sms)', @('user', 'password'))
        'imedia' = @('iMedia (sms)', @('token', 'from'))
        'infobip-sms' = @('Infobip (sms)', @('apiKey', 'baseUrl', 'from'))
        'isend-sms' = @('iSend SMS (sms)', @('apiToken', 'from', 'contentType'))
        'isendpro-sms' = @('iSendPro (sms)', @('apiKey', 'from'))
        'kannel' = @('Kannel SMS (sms)', @('host', 'port', 'user', 'password', 'from'))
        'maqsam' = @('Maqsam (sms)', @('apiKey', 'secretKey', 'from'))
        'messagebird' = @('MessageBird (sms)', @('accessKey', 'from'))
        'mobishastra' = @('Mobishastra (sms)', @('baseUrl', 'user', 'password', 'from'))
        'nexmo' = @('Nexmo (sms)', @('apiKey', 'secretKey', 'from'))
        'novu-sms' = @('Novu SMS (sms)', @())
        'plivo' = @('Plivo (sms)', @('accountSid', 'token', 'from'))
        'ring-central' = @('RingCentral (sms)', @('clientId', 'secretKey', 'secure', 'token', 'from'))
        'sendchamp' = @('Sendchamp (sms)', @('apiKey', 'from'))
        'simpletexting' = @('SimpleTexting (sms)', @('apiKey', 'from'))
        'sinch' = @('Sinch (sms)', @('servicePlanId', 'apiToken', 'region', 'from'))
        'sms-central' = @('SMS Central (sms)', @('user', 'password', 'baseUrl', 'from'))
        'sms77' = @('sms77 (sms)', @('apiKey', 'from'))
        'smsmode' = @('smsmode (sms)', @('apiKey', 'from'))
        'sns' = @('SNS (sms)', @('apiKey', 'secretKey', 'region'))
        'telnyx' = @('Telnyx (sms)', @('apiKey', 'messageProfileId', 'from'))
        'termii' = @('Termii (sms)', @('apiKey', 'from'))
        'twilio' = @('Twilio (sms)', @('accountSid', 'token', 'from'))
        'unifonic' = @('Unifonic (sms)', @('appSid', 'senderId', 'from'))
        'opsgenie' = @('Opsgenie (tool)', @())
        'pagerduty' = @('PagerDuty (tool)', @())
        'tool-webhook' = @('Tool webhook (tool)', @('method', 'webhookUrl', 'headers', 'body', 'secretKey'))
    }
    Keys = @('AppIOBaseUrl', 'accessKey', 'accountSid', 'alertUid', 'apiKey', 'apiKeyRequestHeader', 'apiToken', 'apiURL', 'apiVersion', 'appID', 'appSid', 'applicationId', 'authenticateByToken', 'authenticationTokenKey', 'baseUrl', 'body', 'businessAccountId', 'channelId', 'clientId', 'contentType', 'datePath', 'domain', 'externalLink', 'from', 'headers', 'hmac', 'host', 'idPath', 'ignoreTls', 'imageUrl', 'instanceId', 'ipPoolName', 'messageProfileId', 'method', 'password', 'phoneNumberIdentification', 'port', 'projectName', 'redirectUrl', 'region', 'requireTls', 'secretKey', 'secretKeyRequestHeader', 'secure', 'senderId', 'senderName', 'serviceAccount', 'servicePlanId', 'signingSecret', 'state', 'tenantId', 'title', 'tlsOptions', 'token', 'user', 'webhookUrl')
    Values = @{
        'sendgrid:region' = @('global', 'eu')
        'sparkpost:region' = @('eu')
        'one-signal:apiVersion' = @('playerModel', 'externalId')
        'isend-sms:contentType' = @('unicode', 'plain')
        'sinch:region' = @('eu', 'us', 'au', 'br', 'ca')
        'tool-webhook:method' = @('POST', 'PUT', 'PATCH')
        '*:authenticateByToken' = @('true', 'false')
        '*:hmac' = @('true', 'false')
        '*:ignoreTls' = @('true', 'false')
        '*:requireTls' = @('true', 'false')
        '*:secure' = @('true', 'false')
    }
    ProviderFlags = @('--provider', '-p')
    SettingsFlags = @('--profile', '-P', '--api-url')
    Switches = @('--sandbox')
}

function global:__IntegrationsComplete {
    param([string]$Typed, [string[]]$Words, [string]$Program)

    $tables = $global:__IntegrationsTables
    $path = ''
    $provider = ''
    $pending = ''
    $flag = ''
    $nth = 0
    $only = $false
    $meant = @()

    # What a flag of the command takes: '' for a flag that is not known, and for one that takes nothing.
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
            if ($tables.Switches -ccontains $word) { $meant += $word }
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
            if ($tables.SettingsFlags -ccontains $noted[0]) { $meant += $noted }
        }
    }

    # Each candidate: the whole word, what the list shows, and what is said of it.
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
    # What the program itself knows: one on a line, and after a TAB what is said of it.
    $ask = {
        param([string]$What, [string]$Before)
        $lines = try { & $Program __complete $What @meant 2>$null } catch { @() }
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
        # Anything but plain letters goes into single quotes, where PowerShell reads nothing.
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
