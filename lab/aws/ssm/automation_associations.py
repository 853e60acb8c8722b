"""Automation documents run by State Manager: one execution for each target, under rate control."""

from __future__ import annotations

from typing import Any

from lab.aws import iam
from lab.aws.ssm import automation, document_parameters
from lab.aws.ssm.invocations import Invocation
from lab.aws.ssm.runs import POLL_SECONDS, Run
from lab.aws.ssm.support import error
from lab.aws.ssm.targets import matching


def check(found: Any, request: dict[str, Any]) -> None:
    """Refuse parameters the document does not take; each execution's target takes the place of the target's own."""
    target = request.get("AutomationTargetParameterName")
    specs = found.content_json.get("parameters") or {}
    # State Manager takes a role for documents that declare no parameter for it, too.
    free = {target} | {"AutomationAssumeRole"} - {*specs}
    given = {name: value for name, value in (request.get("Parameters") or {}).items() if name not in free}
    content = {"parameters": {name: spec for name, spec in specs.items() if name != target}}
    try:
        document_parameters.check_parameters(content, given)
    except document_parameters.DocumentError as wrong:
        raise error("InvalidParameters", f"Document {found.name}: {wrong}") from wrong


def _targets(backend: Any, request: dict[str, Any]) -> dict[str, dict[str, list[str]]]:
    """Return the executions wanted: what each is called, and the parameters the target gives it."""
    parameter = request.get("AutomationTargetParameterName")
    if not parameter:
        return {"automation": {}}
    if request.get("TargetMaps"):
        return {f"{number}": one for number, one in enumerate(request["TargetMaps"], 1)}
    targets = request.get("Targets") or []
    values = [value for target in targets if target["Key"] == "ParameterValues" for value in target["Values"]]
    others = [target for target in targets if target["Key"] != "ParameterValues"]
    return {value: {parameter: [value]} for value in [*values, *matching(backend, others)]}


class AutomationRun(Run):
    """Executions of an Automation document, seen as answers of their targets."""

    kind = "Automation"

    def __init__(self, backend: Any, document: Any, request: dict[str, Any], association: str) -> None:
        self._wanted = _targets(backend, request)
        super().__init__(backend, document, request, list(self._wanted), association=association)
        self._sources: dict[str, str] = {}

    def source(self, key: str) -> str:
        """Return the execution that answers for a target."""
        return self._sources.get(key, "")

    def _invoke(self, invocation: Invocation) -> None:
        if not invocation.begin():
            return
        key = invocation.instance_id
        specs = self.document.content_json.get("parameters") or {}
        request: dict[str, Any] = {
            "DocumentName": self.document.name,
            "DocumentVersion": self.document.document_version,
            "Parameters": {name: value for name, value in self.parameters.items() if name in specs} | self._wanted[key],
        }
        principal = self.request.get("AssociationDispatchAssumeRole") or iam.ROOT
        started = automation.start(self.backend, request, principal)
        self._sources[key] = started.id
        while not started.wait(POLL_SECONDS):
            if invocation.cancelled.is_set():
                started.stop("Cancel")
        invocation.set(started.status, started.status)
