"""Operations on things that the lab has none of: none is found by its id, and listing them lists nothing.

Which error each operation has is botocore's model.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any

from moto.core.base_backend import BaseBackend
from moto.core.exceptions import JsonRESTError
from moto.core.responses import BaseResponse
from moto.core.utils import camelcase_to_underscores
from moto.events.models import EventsBackend
from moto.events.responses import EventsHandler
from moto.iam.exceptions import NotFoundException
from moto.iam.responses import IamResponse
from moto.ssm.models import SimpleSystemManagerBackend
from moto.ssm.responses import SimpleSystemManagerResponse

HANDLERS: dict[str, type[BaseResponse]] = {
    "ssm": SimpleSystemManagerResponse,
    "events": EventsHandler,
    "iam": IamResponse,
}
# The error that says a thing is not there, and the operations that answer it.
MISSING = {
    ("ssm", "DoesNotExistException"): (
        "CancelMaintenanceWindowExecution",
        "DescribeMaintenanceWindowExecutionTaskInvocations",
        "DescribeMaintenanceWindowExecutionTasks",
        "GetMaintenanceWindowExecution",
        "GetMaintenanceWindowExecutionTask",
        "GetMaintenanceWindowExecutionTaskInvocation",
    ),
    ("ssm", "OpsItemNotFoundException"): (
        "AssociateOpsItemRelatedItem",
        "DisassociateOpsItemRelatedItem",
        "GetOpsItem",
        "UpdateOpsItem",
    ),
    ("ssm", "OpsMetadataNotFoundException"): ("DeleteOpsMetadata", "GetOpsMetadata", "UpdateOpsMetadata"),
    ("ssm", "ResourceDataSyncNotFoundException"): ("DeleteResourceDataSync", "UpdateResourceDataSync"),
    ("ssm", "InvalidActivation"): ("DeleteActivation",),
    # Its nodes are EC2 instances, and these are for the others.
    ("ssm", "InvalidInstanceId"): ("DeregisterManagedInstance", "UpdateManagedInstanceRole"),
    ("ssm", "ServiceSettingNotFound"): ("GetServiceSetting", "ResetServiceSetting", "UpdateServiceSetting"),
    ("ssm", "ResourceNotFoundException"): (
        "DeleteCloudConnector",
        "DeleteResourcePolicy",
        "GetAccessToken",
        "GetCloudConnector",
        "GetExecutionPreview",
        "GetResourcePolicies",
        "PutResourcePolicy",
        "UpdateCloudConnector",
        "ValidateCloudConnector",
    ),
    ("events", "ResourceNotFoundException"): (
        "ActivateEventSource",
        "DeactivateEventSource",
        "DeauthorizeConnection",
        "DeleteEndpoint",
        "DescribeEndpoint",
        "UpdateEndpoint",
    ),
    ("iam", "NoSuchEntity"): (
        "AcceptDelegationRequest",
        "AssociateDelegationRequest",
        "DeleteServiceSpecificCredential",
        "GetDelegationRequest",
        "GetOrganizationsAccessReport",
        "GetRoleTemplateVersion",
        "GetServiceLastAccessedDetails",
        "GetServiceLastAccessedDetailsWithEntities",
        "RejectDelegationRequest",
        "ResetServiceSpecificCredential",
        "SendDelegationToken",
        "UpdateDelegationRequest",
        "UpdateServiceSpecificCredential",
    ),
}
# The list that is empty in the answer.
EMPTY = {
    ("ssm", "DescribeActivations"): "ActivationList",
    ("ssm", "DescribeAvailablePatches"): "Patches",
    ("ssm", "DescribeInstancePatchStates"): "InstancePatchStates",
    ("ssm", "DescribeInstancePatchStatesForPatchGroup"): "InstancePatchStates",
    ("ssm", "DescribeInventoryDeletions"): "InventoryDeletions",
    ("ssm", "DescribeMaintenanceWindowExecutions"): "WindowExecutions",
    ("ssm", "DescribeMaintenanceWindowsForTarget"): "WindowIdentities",
    ("ssm", "DescribeOpsItems"): "OpsItemSummaries",
    ("ssm", "GetInventory"): "Entities",
    ("ssm", "ListCloudConnectors"): "CloudConnectors",
    ("ssm", "ListComplianceItems"): "ComplianceItems",
    ("ssm", "ListComplianceSummaries"): "ComplianceSummaryItems",
    ("ssm", "ListOpsItemEvents"): "Summaries",
    ("ssm", "ListOpsItemRelatedItems"): "Summaries",
    ("ssm", "ListOpsMetadata"): "OpsMetadataList",
    ("ssm", "ListResourceComplianceSummaries"): "ResourceComplianceSummaryItems",
    ("ssm", "ListResourceDataSync"): "ResourceDataSyncItems",
    ("events", "ListEndpoints"): "Endpoints",
    ("events", "ListEventSources"): "EventSources",
    ("events", "ListPartnerEventSources"): "PartnerEventSources",
    ("events", "ListPartnerEventSourceAccounts"): "PartnerEventSourceAccounts",
}
# Moto keeps these by name, and looks them up without asking whether they are there.
_SOURCES = ("describe_event_source", "describe_partner_event_source", "delete_partner_event_source")
KEPT: dict[type[BaseBackend], tuple[str, str, tuple[str, ...]]] = {
    EventsBackend: ("ResourceNotFoundException", "Event source {} does not exist.", (*_SOURCES, "put_partner_events")),
    SimpleSystemManagerBackend: (
        "DoesNotExistException",
        "{} does not exist.",
        ("deregister_target_from_maintenance_window", "deregister_task_from_maintenance_window"),
    ),
}


def _missing(service: str, code: str) -> Callable[[BaseResponse], Any]:
    def respond(self: BaseResponse) -> Any:
        if service == "iam":
            raise NotFoundException("What the request names does not exist.")
        named = next((value for value in json.loads(self.body or "{}").values() if isinstance(value, str)), "It")
        raise JsonRESTError(code, f"{named} does not exist.")

    return respond


def _empty(key: str) -> Callable[[BaseResponse], str]:
    def respond(self: BaseResponse) -> str:
        if self._get_param("NextToken"):
            # A listing of one page gives out no token.
            code = "InvalidNextToken" if self.service_name == "ssm" else "ValidationException"
            raise JsonRESTError(code, "The specified token is not valid.")
        return json.dumps({key: []})

    return respond


def _kept(method: Callable[..., Any], code: str, text: str) -> Callable[..., Any]:
    @functools.wraps(method)
    def respond(self: BaseBackend, *arguments: Any, **more: Any) -> Any:
        try:
            return method(self, *arguments, **more)
        except KeyError as missing:
            raise JsonRESTError(code, text.format(missing.args[0])) from missing

    return respond


def install() -> None:
    """Add these to moto where it has no answer of its own."""
    answers: list[tuple[str, str, Callable[..., Any]]] = [
        *((service, name, _missing(service, code)) for (service, code), names in MISSING.items() for name in names),
        *((service, name, _empty(key)) for (service, name), key in EMPTY.items()),
    ]
    for service, name, answer in answers:
        method = camelcase_to_underscores(name)
        if not hasattr(HANDLERS[service], method):
            setattr(HANDLERS[service], method, answer)
    for backend, (code, text, methods) in KEPT.items():
        for method in methods:
            found = getattr(backend, method)
            if not hasattr(found, "__wrapped__"):
                setattr(backend, method, _kept(found, code, text))
