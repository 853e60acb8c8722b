"""Who may send and start what where: what ssm:SendCommand and ssm:StartAutomationExecution are checked against.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-setup-identity-based-policies.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.ssm.models import SimpleSystemManagerBackend

from lab.aws import iam
from lab.aws.ssm.support import allow, error
from lab.aws.ssm.targets import instances, tags_of

SEND, START, SERVICE = "ssm:SendCommand", "ssm:StartAutomationExecution", "ssm.amazonaws.com"


def document_arn(backend: SimpleSystemManagerBackend, found: Any) -> str:
    """Return a document's ARN; Amazon's own belong to no account."""
    account = "" if found.owner == "Amazon" else backend.account_id
    return f"arn:aws:ssm:{backend.region_name}:{account}:document/{found.name}"


def instance_arn(backend: SimpleSystemManagerBackend, instance_id: str) -> str:
    """Return an instance's ARN."""
    return f"arn:aws:ec2:{backend.region_name}:{backend.account_id}:instance/{instance_id}"


def instance_facts(instance: Any) -> dict[str, str | list[str]]:
    """Return what a policy's conditions may say of an instance."""
    tags = tags_of(instance)
    facts: dict[str, str | list[str]] = {
        f"{prefix}/{key}": value
        for prefix in ("ssm:resourceTag", "aws:ResourceTag", "ec2:ResourceTag")
        for key, value in tags.items()
    }
    # EventBridge's console writes this key, with the star, into the policies it makes: any tag with one of the values.
    return facts | {"ec2:ResourceTag/*": sorted(set(tags.values()))}


def check_role(role: str, principal: str, code: str) -> None:
    """Refuse a role that does not let Systems Manager in, and one that the caller may not pass."""
    if not iam.trusts(role, SERVICE):
        raise error(code, f"The role {role} does not exist, or does not trust {SERVICE}.")
    try:
        iam.pass_role(principal, role, SERVICE)
    except iam.Denied as denied:
        raise error(denied.code, denied.message) from denied


def check_document(
    backend: SimpleSystemManagerBackend,
    principal: str,
    found: Any,
    action: str = SEND,
    facts: Mapping[str, str] | None = None,
) -> None:
    """Refuse a principal who may not send, or start, this document."""
    tags = backend._resource_tags["Document"].get(found.name) or {}
    context = {f"aws:ResourceTag/{key}": tags[key] for key in tags} | dict(facts or {})
    allow(principal, action, document_arn(backend, found), context)


def check_automation(
    backend: SimpleSystemManagerBackend, principal: str, found: Any, execution: str, tags: Mapping[str, str]
) -> None:
    """Refuse a principal who may not start this document, or no execution of it.

    The former resource, automation-definition/NAME:VERSION, is being deprecated: a policy that knows it alone is what
    the user guide says to update.
    """
    facts = {"ssm:DocumentVersion": str(found.document_version)}
    check_document(backend, principal, found, START, facts | {f"aws:RequestTag/{key}": tags[key] for key in tags})
    arn = f"arn:aws:ssm:{backend.region_name}:{backend.account_id}:automation-execution/{execution}"
    given = {f"aws:{kind}/{key}": tags[key] for key in tags for kind in ("RequestTag", "ResourceTag")}
    allow(principal, START, arn, given)


def check_instance(backend: SimpleSystemManagerBackend, principal: str, instance: Any) -> None:
    """Refuse a principal who may not send anything to this instance."""
    allow(principal, SEND, instance_arn(backend, instance.id), instance_facts(instance))


def denied(backend: SimpleSystemManagerBackend, principal: str, instance_ids: list[str]) -> list[str]:
    """Return the instances the principal may send nothing to."""
    known, found = instances(backend), []
    for instance_id in instance_ids:
        try:
            one = known[instance_id]
            iam.check(principal, SEND, instance_arn(backend, instance_id), instance_facts(one))
        except iam.Denied:
            found.append(instance_id)
    return found
