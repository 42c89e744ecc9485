"""`integrations doctor`: everything that can be wrong around a call, and what to do about it."""

from __future__ import annotations

from typing import Final

import typer  # noqa: TC002  # read at run time, out of the annotation

from integrations_cli.checkup import Finding, around, examine, exit_code_of
from integrations_cli.terminal.views import Row, Table, View

from .options import invocation

MARKS: Final = {"ok": "ok", "note": "note", "warning": "WARNING", "error": "ERROR"}


def doctor(context: typer.Context) -> View:
    """Look for what can be wrong around a call.

    Settings and where they come from, the permissions of files, the way to the server, its clock, the API key and what
    it opens, whether idempotency keys are honoured, the rate limit, the catalogue and the sandbox. Nothing is created
    or changed. The exit code is that of the first error.
    """
    run = invocation(context)
    findings = list(examine(run.resolve, around(run.environ, run.clock, run.random)))
    code = exit_code_of(findings)
    return Table(
        columns=("check", "", "what was found", "what to do"),
        groups=(tuple(_row(finding) for finding in findings),),
        json={"exit_code": code, "findings": [finding._asdict() for finding in findings]},
        exit_code=code,
    )


def _row(finding: Finding) -> Row:
    cells = (finding.check, MARKS[finding.state], finding.message, finding.hint or "")
    return Row(cells, strong=finding.state in {"warning", "error"}, dim=finding.state == "note")
