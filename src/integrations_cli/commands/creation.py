"""What `integrations create` does once its flags are read: a draft, its checks, and exactly one integration.

It is a module of its own so that the help of `create` needs nothing of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from integrations_cli.api.client import Client
from integrations_cli.api.retry import RetryPolicy
from integrations_cli.catalogue.checks import check_draft
from integrations_cli.context import RunContext
from integrations_cli.create import exactly_once as creation
from integrations_cli.create.draft import DraftInputs, build_draft
from integrations_cli.create.exactly_once import CreateResult, PreparedCreate
from integrations_cli.create.rerun import create_command
from integrations_cli.errors import (
    CancelledError,
    ConflictError,
    InputError,
    IntegrationsError,
    UnknownOutcomeError,
    UsageError,
)
from integrations_cli.models import MASK, Draft, Integration, Secret
from integrations_cli.settings.resolve import require_api_key
from integrations_cli.terminal.views import Text, View, integration_view, mask_credentials


class CreateOptions(NamedTuple):
    """What the flags of `create` say, apart from the integration itself."""

    idempotency_key: str | None = None
    if_not_exists: bool = False
    dry_run: bool = False
    skip_validation: bool = False
    interactive: bool = False
    retries: int | None = None
    quiet: bool = False
    show_secrets: bool = False


def carry_out(run: RunContext, sources: DraftInputs, options: CreateOptions) -> View:
    """Ask where that is wanted, check, send, and give what there is to show."""
    _refuse_contradictions(sources, options)
    guided = options.interactive or (run.interactive and not (sources.provider or sources.channel or sources.from_file))
    draft, sources = _ask(run, sources, options) if guided else (build_draft(sources, run.values), sources)
    draft, notes = check_draft(draft, skip=options.skip_validation)
    run.learn_secrets()
    run.render.redactor.allow(filter(None, (draft.provider, draft.channel, draft.name, draft.identifier)))
    if run.values.literal_secrets:
        keys = ", ".join(run.values.literal_secrets)
        run.render.warn(f"the value of {keys} stands in the arguments, where process lists and shell history show it")
        run.render.hint(f"{run.values.literal_secrets[0]}=@FILE, =@- (standard input) or =env:NAME keeps it out")
    prepared = creation.prepare_create(draft, options.idempotency_key, random=run.random)
    concealed = {key for key, credential in draft.credentials.items() if credential.concealed}
    if options.dry_run:
        return _dry_run(run, prepared, concealed, options)
    policy = RetryPolicy() if options.retries is None else RetryPolicy(retries=options.retries)
    with _line_for_next_time(run, sources if guided else None), run.api(policy) as api:
        there = _existing(api, draft) if options.if_not_exists else None
        if there is None:
            try:
                created = creation.create_exactly_once(
                    api, prepared, resume=lambda: _resume(run, sources, prepared), tell=run.render.note
                )
            except ConflictError as error:
                if not options.if_not_exists:
                    raise
                there = _existing(api, draft)  # somebody else may have been faster
                if there is None:
                    error.hint = "another environment of the organisation has this identifier: choose another one"
                    raise
        if there is not None:
            run.render.note(f"{there.identifier} is there already: nothing was created")
            return _shown(run, there, options, concealed)
    run.render.done = f"{created.identifier} ({created.integration.id}) is there"
    _tell(run, created)
    for note in notes:
        run.render.hint(note)
    return _shown(run, created.integration, options, concealed)


def _ask(run: RunContext, sources: DraftInputs, options: CreateOptions) -> tuple[Draft, DraftInputs]:
    """Lead the person through what the flags leave open; the sources that come back say it all, without a secret."""
    if not run.interactive:
        raise UsageError(
            "--interactive needs a person at a terminal: not in a pipe, not with --no-input, not with CI set",
            hint="say it with flags: --provider, --channel, --credential KEY=@FILE; or with --from-file",
        )
    from integrations_cli.create.guided import GuidedCreate
    from integrations_cli.terminal.prompts import open_prompter

    settings = run.settings
    if settings.sandbox_path is None and not options.dry_run:
        require_api_key(settings)  # better told now than after all the answers
    run.values.claim_stdin("the conversation")
    draft = build_draft(sources, run.values)
    run.learn_secrets()
    conversation = GuidedCreate(open_prompter(run), draft, sources, run.values, skip=options.skip_validation)
    where = "the sandbox" if settings.sandbox else settings.api_url
    if settings.profile is not None and not settings.sandbox:
        where += f" (profile {settings.profile})"
    return conversation.hold(where=where, purpose="Show the request" if options.dry_run else "Create it")


@contextmanager
def _line_for_next_time(run: RunContext, sources: DraftInputs | None) -> Iterator[None]:
    """After a conversation, say the command line that does the same, also where the server refused it."""
    try:
        yield
    except (UnknownOutcomeError, CancelledError):
        raise  # their hint is the line that goes on without a duplicate; this one would begin anew
    except IntegrationsError:
        if sources is not None:
            run.render.hint(f"the same as one line: {create_command(sources, shared=run.shared_words())}")
        raise
    if sources is not None:
        run.render.hint(f"the next time: {create_command(sources, shared=run.shared_words())}")


def _refuse_contradictions(sources: DraftInputs, options: CreateOptions) -> None:
    if options.if_not_exists and sources.identifier is None and sources.from_file is None:
        raise UsageError(
            "--if-not-exists needs to know which one", hint="name it with --identifier, or in the file of --from-file"
        )
    key = options.idempotency_key
    if key is not None and (not key.strip() or len(key) > 255 or not key.isprintable() or not key.isascii()):
        raise UsageError("--idempotency-key takes 1 to 255 printable ASCII characters")


def _existing(api: Client, draft: Draft) -> Integration | None:
    if draft.identifier is None:
        raise InputError("--if-not-exists needs an identifier, and the file has none", hint="add --identifier")
    there = api.list(draft.environment_id)
    return next((known for known in there if known.identifier == draft.identifier), None)


def _resume(run: RunContext, sources: DraftInputs, prepared: PreparedCreate) -> str:
    """The line that goes on where this run stopped: with the same identifier and key it can be said again and again."""
    return create_command(sources, shared=run.shared_words(), identifier=prepared.identifier, key=prepared.key)


def _tell(run: RunContext, created: CreateResult) -> None:
    if created.confirmed:
        run.render.note(f"confirmed after a lost answer: it is there, once (attempts: {created.attempts})")
    elif created.replayed:
        run.render.note("this had been created before, with this idempotency key: here is the answer of then")
    if run.flags.verbose and not created.idempotency_echoed:
        run.render.log("this server keeps no idempotency keys: the identifier is what prevents a duplicate")


def _shown(run: RunContext, integration: Integration, options: CreateOptions, concealed: Collection[str]) -> View:
    if options.show_secrets:
        run.render.redactor.allow(run.values.secrets)
    if options.quiet:
        return Text(integration.id, json=integration.id)
    return integration_view(integration, concealed=concealed, show_secrets=options.show_secrets)


def _dry_run(run: RunContext, prepared: PreparedCreate, concealed: Collection[str], options: CreateOptions) -> View:
    """The request as it would leave, with the key and the secrets masked."""
    import json

    from integrations_cli.api.client import create_request
    from integrations_cli.api.transport.base import request_headers

    request = create_request(prepared.body, prepared.key)
    url = f"{run.settings.api_url}{request.path}"
    headers = request_headers(request, Secret(MASK))
    body = json.loads(prepared.body)
    if options.show_secrets:
        run.render.redactor.allow(run.values.secrets)
    if "credentials" in body:
        provider = body.get("providerId")
        body["credentials"] = mask_credentials(
            provider, body["credentials"], concealed=concealed, show_secrets=options.show_secrets
        )
    run.render.note("this is what would be sent; nothing was")
    if run.settings.api_key is None and not run.settings.sandbox:
        run.render.note("there is no API key yet: to send it, add a profile or set NOVU_SECRET_KEY")
    lines = [f"{request.method} {url}", *(f"{name}: {value}" for name, value in headers.items()), ""]
    lines.append(json.dumps(body, ensure_ascii=False, indent=2))
    document = {"method": request.method, "url": url, "headers": headers, "body": body}
    return Text("\n".join(lines), json=document, lines=True)
