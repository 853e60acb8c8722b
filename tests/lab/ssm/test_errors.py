"""Every error that the model of an operation lists comes from the lab, or there is a reason why it cannot.

Each operation's page lists its errors, and says when they come; for example
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html,
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_LabelParameterVersion.html,
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_UpdateDocument.html and
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendAutomationSignal.html
"""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from botocore import xform_name
from moto.core.utils import get_service_model

from tests.lab.ssm.with_errors import CALL, JOIN, NODES, ONE, SHOWN, TOKEN, WORD, text

# These are tested where their limits are made small, or where nodes are of no use.
ELSEWHERE = {
    ("AddTagsToResource", "TooManyTagsError"): "test_tags.py",
    ("CreateAssociation", "AssociationLimitExceeded"): "test_association_rules.py",
    ("UpdateAssociation", "AssociationVersionLimitExceeded"): "test_association_rules.py",
    ("CreateDocument", "DocumentLimitExceeded"): "test_documents.py",
    ("UpdateDocument", "DocumentVersionLimitExceeded"): "test_documents.py",
    ("PutParameter", "ParameterLimitExceeded"): "test_parameters.py",
    ("StartAutomationExecution", "AutomationExecutionLimitExceededException"): "test_automation.py",
}
_LEGACY = "It is about an association of one instance id, which documents of schema 2.0 or later cannot have."
_LISTED = "An unknown id is told otherwise: InvocationDoesNotExist, or nothing is listed."
NEVER = {
    "InternalServerError": "It is AWS's own fault.",
    "TooManyUpdates": "It comes when two callers change a thing in the same moment.",
    "InvalidKeyId": "Moto keeps a SecureString with whatever key is named.",
    "UnsupportedParameterType": "The model has the types as an enumeration, which is checked first.",
    "UnsupportedCalendarException": "No calendar is stored that could not be read.",
    "NoLongerSupportedException": "It is about AWS's change templates.",
    ("CreateDocument", "InvalidDocumentSchemaVersion"): "A schema that is not known is InvalidDocumentContent: "
    "https://github.com/hashicorp/terraform-provider-aws/pull/21213",
    ("UpdateDocumentDefaultVersion", "InvalidDocumentSchemaVersion"): "A document of schema 1.x has one version.",
    ("UpdateDocument", "InvalidDocumentOperation"): "It is about sharing; a shared document is updated like another.",
    ("DescribeDocumentPermission", "InvalidDocumentOperation"): "Its owner may always ask.",
    ("DeleteDocument", "AssociatedInstances"): "Its associations are deleted with it.",
    ("ModifyDocumentPermission", "DocumentLimitExceeded"): "It is about documents that are made.",
    ("DescribeSessions", "InvalidFilterKey"): "The model has the keys as an enumeration, which is checked first.",
    ("DescribeAutomationExecutions", "InvalidFilterKey"): "The same.",
    ("DescribeAutomationStepExecutions", "InvalidFilterKey"): "The same.",
    ("ListCommands", "InvalidFilterKey"): "The same.",
    ("GetCommandInvocation", "InvalidCommandId"): _LISTED,
    ("GetCommandInvocation", "InvalidInstanceId"): _LISTED,
    ("ListCommandInvocations", "InvalidCommandId"): _LISTED,
    **{
        (name, error): _LEGACY
        for name, error in (
            ("CreateAssociation", "AssociationAlreadyExists"),
            ("CreateAssociation", "InvalidInstanceId"),
            ("DeleteAssociation", "InvalidDocument"),
            ("DeleteAssociation", "InvalidInstanceId"),
            ("DescribeAssociation", "InvalidDocument"),
            ("DescribeAssociation", "InvalidInstanceId"),
            ("UpdateAssociation", "InvalidUpdate"),
            ("UpdateAssociationStatus", "InvalidDocument"),
            ("UpdateAssociationStatus", "InvalidInstanceId"),
            ("UpdateAssociationStatus", "StatusUnchanged"),
        )
    },
}
NAMES = {xform_name(name): name for name in get_service_model("ssm").operation_names}


@pytest.mark.parametrize("operation", SHOWN)
def test_every_error_of_an_operation_is_shown_or_explained(operation: str) -> None:
    name = NAMES[operation]
    listed = {shape.name for shape in get_service_model("ssm").operation_model(name).error_shapes}
    explained = {error for error in listed if error in NEVER or (name, error) in NEVER or (name, error) in ELSEWHERE}
    assert listed - explained - set(SHOWN[operation]) == set()
    assert set(SHOWN[operation]) <= listed - explained


@pytest.fixture(name="world")
def world_fixture(lab: Any) -> dict[str, str]:
    """Make what the calls are about, and return the names that stand for it."""
    ssm, node = lab.ssm, lab.node(role="node")
    kind = {"type": "String", "default": "a"}
    runbook = {"schemaVersion": "0.3", "mainSteps": [CALL], "parameters": {"n": kind}}
    plugin = {"aws:runShellScript": {"properties": [{"runCommand": ["true"]}]}}
    old = {"schemaVersion": "1.2", "runtimeConfig": plugin}
    ssm.create_document(Name="plain", DocumentType="Command", Content=text(), VersionName="first")
    ssm.create_document(Name="auto", DocumentType="Automation", Content=json.dumps(runbook))
    ssm.create_document(Name="old", DocumentType="Command", Content=json.dumps(old))
    ssm.create_document(Name="windows", DocumentType="Command", Content=text(JOIN))
    ssm.create_document(Name="shared", DocumentType="Command", Content=text())
    ssm.modify_document_permission(Name="shared", PermissionType="Share", AccountIdsToAdd=["111122223333"])
    ssm.put_parameter(Name="one", **WORD)
    ssm.put_parameter(Name="full", **WORD)
    ssm.label_parameter_version(Name="full", Labels=["kept"])
    for _ in range(99):
        ssm.put_parameter(Name="full", **WORD, Overwrite=True)
    one = ssm.create_association(Name="plain", Targets=NODES)["AssociationDescription"]["AssociationId"]
    command = ssm.send_command(DocumentName="plain", InstanceIds=[node])["Command"]["CommandId"]
    execution = ssm.start_automation_execution(DocumentName="auto", ClientToken=TOKEN)["AutomationExecutionId"]

    def over() -> Any:
        told = ssm.get_automation_execution(AutomationExecutionId=execution)["AutomationExecution"]
        # For a moment there is no invocation yet.
        with contextlib.suppress(ssm.exceptions.InvocationDoesNotExist):
            return told.get("ExecutionEndTime") and ssm.get_command_invocation(CommandId=command, InstanceId=node)
        return False

    lab.until(over)
    run = ssm.describe_association_executions(AssociationId=one)["AssociationExecutions"][0]["ExecutionId"]
    return {"<node>": node, ONE: one, "<command>": command, "<execution>": execution, "<run>": run}


def test_every_error_comes(world: dict[str, str], refuses: Any) -> None:
    def put(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: put(item) for key, item in value.items()}
        if isinstance(value, list):
            return [put(item) for item in value]
        return world.get(value, value) if isinstance(value, str) else value

    calls = [(error, name, put(given)) for name, errors in SHOWN.items() for error, given in errors.items()]
    refuses.calls("ssm", calls)
