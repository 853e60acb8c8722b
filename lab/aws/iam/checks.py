"""Roles and policies: what IAM refuses, and moto takes.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from typing import Any

import botocore.loaders
from moto.core.utils import camelcase_to_underscores, get_service_model
from moto.iam.exceptions import EntityAlreadyExists, InvalidInput, MalformedPolicyDocument, ValidationError
from moto.iam.models import iam_backends
from moto.iam.policy_validation import IAMPolicyDocumentValidator, IAMTrustPolicyDocumentValidator
from moto.iam.responses import IamResponse

from lab import settings
from lab.aws.iam import limits
from lab.aws.iam.policy import many

CHECKED = (
    *("CreateRole", "UpdateAssumeRolePolicy", "TagRole"),
    *("CreatePolicy", "CreatePolicyVersion", "PutRolePolicy", "CreateInstanceProfile", "CreateServiceLinkedRole"),
)
_SID = re.compile(r"[0-9A-Za-z]*")
_ACTION = re.compile(r"[^:]+:.+", re.DOTALL)
# Names of services, as principals, that the client's models do not go by.
OTHER_SERVICES = (
    *("aps", "airflow", "billing", "continuousexport", "delivery", "edgelambda", "elasticfilesystem", "inspector"),
    *("monitoring", "opsworks", "replicator", "resource", "sagemaker", "spot", "spotfleet", "states", "storagegateway"),
    *(
        "tagpolicies",
        "transitgateway",
        "vmie",
        "vpc",
        "elasticloadbalancing",
        "elasticmapreduce",
        "application-autoscaling",
    ),
)
_SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?")
_ACCOUNT = re.compile(r"\*|\d{12}|arn:[\w-]+:(iam|sts)::\d{12}:(root|(role|user|assumed-role|federated-user)/.+)")
_plain: dict[str, Callable[..., Any]] = {}


def _statements(text: str) -> list[dict[str, Any]]:
    """Return a document's statements; what is no document at all is moto's to refuse."""
    try:
        found = json.loads(text)["Statement"]
    except (ValueError, KeyError, TypeError):
        return []
    return [one for one in many(found) if isinstance(one, dict)]


def _check_sid(statement: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html."""
    if not _SID.fullmatch(str(statement.get("Sid") or "")):
        raise MalformedPolicyDocument(
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression "
            "[0-9A-Za-z]*"
        )


def check_policy(text: str) -> None:
    """Refuse an identity's policy that names principals, or an action that is none."""
    IAMPolicyDocumentValidator(text).validate()
    for one in _statements(text):
        _check_sid(one)
        if "Principal" in one or "NotPrincipal" in one:
            raise MalformedPolicyDocument("Policy document should not specify a principal.")
        for action in many(one.get("Action", "*")) + many(one.get("NotAction", "*")):
            if action != "*" and not _ACTION.fullmatch(str(action)):
                raise MalformedPolicyDocument(
                    "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
                )


def check_trust(text: str) -> None:
    """Refuse a trust policy that trusts nobody there could be."""
    IAMTrustPolicyDocumentValidator(text).validate()
    for one in _statements(text):
        _check_sid(one)
        if "Principal" in one and "NotPrincipal" in one:
            raise MalformedPolicyDocument("A statement has either Principal or NotPrincipal.")
        principal = one.get("Principal", one.get("NotPrincipal"))
        if principal is None:
            raise MalformedPolicyDocument("Missing required field Principal")
        if principal != "*":
            _check_principal(principal)


def _check_principal(principal: Any) -> None:
    if not isinstance(principal, dict) or not principal:
        raise MalformedPolicyDocument("Invalid principal in policy.")
    for kind, names in principal.items():
        form = {"Service": _SERVICE, "AWS": _ACCOUNT, "Federated": None, "CanonicalUser": None}.get(kind, "")
        if form == "":
            raise MalformedPolicyDocument(f"Invalid principal in policy: {kind!r}")
        if not many(names):
            raise MalformedPolicyDocument("Invalid principal in policy.")
        for name in many(names):
            right = form.fullmatch(str(name)) if isinstance(form, re.Pattern) else bool(name)
            if not right or (kind == "Service" and not _is_service(name)) or (kind == "AWS" and _is_gone(name)):
                raise MalformedPolicyDocument(f'Invalid principal in policy: "{kind.upper()}":"{name}"')


def _is_service(name: str) -> bool:
    """Tell whether a service goes by this name: its own, or one that starts with it, as ecs-tasks does with ecs."""
    labels = name.split(".amazonaws.com")[0].split(".")
    return any({label, label.partition("-")[0]} & _services() for label in labels)


@functools.cache
def _services() -> set[str]:
    return {*botocore.loaders.create_loader().list_available_services("service-2"), *OTHER_SERVICES}


def _is_gone(arn: str) -> bool:
    """Tell whether a role or user of this account is named that is not there."""
    if not re.fullmatch(rf"arn:[\w-]+:iam::{settings.ACCOUNT}:(role|user)/.+", arn):
        return False
    backend = iam_backends[settings.ACCOUNT][arn.split(":")[1]]
    return all(one.arn != arn for one in [*backend.roles.values(), *backend.users.values()])


def _guarded(operation: str, method: str) -> Callable[..., Any]:
    def respond(self: IamResponse) -> Any:
        params = self._get_params()
        if any(str(tag.get("Key", "")).lower().startswith("aws:") for tag in params.get("Tags") or []):
            raise InvalidInput("Tag keys that start with aws: are reserved.")
        keys = [str(tag.get("Key", "")).lower() for tag in params.get("Tags") or []]
        if len(set(keys)) < len(keys):
            raise InvalidInput("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
        if operation == "CreateServiceLinkedRole" and not _SERVICE.fullmatch(params["AWSServiceName"]):
            raise InvalidInput(f"Service-linked role is not supported for {params['AWSServiceName']}.")
        if not str(params.get("Marker", "0")).isdecimal():
            raise ValidationError("Invalid Marker.")
        if operation in limits.PROTECTED:
            limits.protect(self.backend, params)
        if operation in ("CreateRole", "UpdateAssumeRolePolicy"):
            check_trust(params.get("AssumeRolePolicyDocument") or params.get("PolicyDocument") or "")
        elif "PolicyDocument" in params:
            check_policy(params["PolicyDocument"])
        if operation in limits.CHECKS:
            limits.CHECKS[operation](self.backend, params)
        try:
            return _plain[method](self)
        except EntityAlreadyExists as taken:
            if operation != "CreateServiceLinkedRole":
                raise
            # https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceLinkedRole.html knows no such error.
            raise InvalidInput(
                "Service role name has been taken in this account, please try a different suffix."
            ) from taken

    return respond


def install() -> None:
    """Check these requests before moto answers them."""
    if _plain:
        return
    model = get_service_model("iam")
    shapes = {name: model.operation_model(name).input_shape for name in model.operation_names}
    paged = {name for name, shape in shapes.items() if shape and "Marker" in shape.members}
    for operation in {*CHECKED, *limits.CHECKS, *limits.PROTECTED, *paged}:
        method = camelcase_to_underscores(operation)
        if hasattr(IamResponse, method):
            _plain[method] = getattr(IamResponse, method)
            setattr(IamResponse, method, _guarded(operation, method))
