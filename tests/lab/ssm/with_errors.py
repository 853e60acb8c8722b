"""What brings each error of each operation about, once the names in angle brackets stand for something."""

from __future__ import annotations

import json
import uuid
from typing import Any

NOWHERE, NO_NODE = "00000000-0000-0000-0000-000000000000", "i-0123456789abcdef0"
NODES = [{"Key": "tag:role", "Values": ["node"]}]
STEP = {"action": "aws:runShellScript", "name": "stepA", "inputs": {"runCommand": ["true"]}}
CALL = {"action": "aws:executeAwsApi", "name": "stepA", "inputs": {"Service": "ssm", "Api": "DescribeParameters"}}
JOIN = {"action": "aws:domainJoin", "name": "join", "inputs": {"directoryId": "d"}}
ONE, WORD, TOKEN = "<association>", {"Type": "String", "Value": "v"}, str(uuid.uuid4())


def text(*steps: Any, **more: Any) -> str:
    return json.dumps({"schemaVersion": "2.2", "mainSteps": list(steps or (STEP,)), **more})


def policy(kind: str, **facts: str) -> dict[str, str]:
    return {"Type": kind, "Version": "1.0", "Attributes": facts}  # type: ignore[dict-item]


def advanced(*policies: Any) -> dict[str, Any]:
    return {"Name": "new", **WORD, "Tier": "Advanced", "Policies": json.dumps(list(policies))}


EXPIRES = policy("Expiration", Timestamp="2099-01-01T00:00:00.000Z")
TAGS = {"add_tags_to_resource": {"Tags": [{"Key": "a", "Value": "b"}]}, "remove_tags_from_resource": {"TagKeys": ["a"]}}
# Each operation, and what brings each of its errors about.
SHOWN: dict[str, dict[str, dict[str, Any]]] = {
    **{
        name: {
            "InvalidResourceType": {"ResourceType": "Nothing", "ResourceId": "x", **more},
            "InvalidResourceId": {"ResourceType": "Document", "ResourceId": "none", **more},
        }
        for name, more in (*TAGS.items(), ("list_tags_for_resource", {}))
    },
    "cancel_command": {
        "InvalidCommandId": {"CommandId": NOWHERE},
        "InvalidInstanceId": {"CommandId": "<command>", "InstanceIds": [NO_NODE]},
        "DuplicateInstanceId": {"CommandId": "<command>", "InstanceIds": ["<node>", "<node>"]},
    },
    "create_association": {
        "InvalidDocument": {"Name": "none", "Targets": NODES},
        "InvalidDocumentVersion": {"Name": "plain", "Targets": NODES, "DocumentVersion": "9"},
        "UnsupportedPlatformType": {"Name": "windows", "Targets": NODES},
        "InvalidOutputLocation": {
            "Name": "plain",
            "Targets": NODES,
            "OutputLocation": {"S3Location": {"OutputS3BucketName": "missing-bucket"}},
        },
        "InvalidParameters": {"Name": "plain", "Targets": NODES, "Parameters": {"none": ["x"]}},
        "InvalidTarget": {"Name": "plain", "Targets": [{"Key": "name", "Values": ["x"]}]},
        "InvalidSchedule": {"Name": "plain", "Targets": NODES, "ScheduleExpression": "rate(29 minutes)"},
        "InvalidTargetMaps": {"Name": "plain", "Targets": NODES, "TargetMaps": [{"a": ["b"]}]},
        "InvalidTag": {"Name": "plain", "Targets": NODES, "Tags": [{"Key": "aws:a", "Value": ""}]},
    },
    "create_document": {
        "DocumentAlreadyExists": {"Name": "plain", "Content": text()},
        "MaxDocumentSizeExceeded": {"Name": "new", "Content": text() + " " * 65536},
        "InvalidDocumentContent": {"Name": "new", "Content": "{"},
    },
    "delete_association": {"AssociationDoesNotExist": {"AssociationId": NOWHERE}},
    "delete_document": {"InvalidDocument": {"Name": "none"}, "InvalidDocumentOperation": {"Name": "shared"}},
    "delete_parameter": {"ParameterNotFound": {"Name": "none"}},
    "describe_association": {
        "AssociationDoesNotExist": {"AssociationId": NOWHERE},
        "InvalidAssociationVersion": {"AssociationId": ONE, "AssociationVersion": "9"},
    },
    "describe_association_executions": {
        "AssociationDoesNotExist": {"AssociationId": NOWHERE},
        "InvalidNextToken": {"AssociationId": ONE, "NextToken": "x"},
    },
    "describe_association_execution_targets": {
        "AssociationDoesNotExist": {"AssociationId": NOWHERE, "ExecutionId": NOWHERE},
        "AssociationExecutionDoesNotExist": {"AssociationId": ONE, "ExecutionId": NOWHERE},
        "InvalidNextToken": {"AssociationId": ONE, "ExecutionId": "<run>", "NextToken": "x"},
    },
    "describe_automation_executions": {
        "InvalidFilterValue": {"Filters": [{"Key": "ExecutionStatus", "Values": ["Odd"]}]},
        "InvalidNextToken": {"NextToken": "x"},
    },
    "describe_automation_step_executions": {
        "AutomationExecutionNotFoundException": {"AutomationExecutionId": NOWHERE},
        "InvalidFilterValue": {
            "AutomationExecutionId": "<execution>",
            "Filters": [{"Key": "StepExecutionStatus", "Values": ["Odd"]}],
        },
        "InvalidNextToken": {"AutomationExecutionId": "<execution>", "NextToken": "x"},
    },
    "describe_document": {
        "InvalidDocument": {"Name": "none"},
        "InvalidDocumentVersion": {"Name": "plain", "DocumentVersion": "9"},
    },
    "describe_document_permission": {
        "InvalidDocument": {"Name": "none", "PermissionType": "Share"},
        "InvalidPermissionType": {"Name": "plain", "PermissionType": "Lend"},
        "InvalidNextToken": {"Name": "plain", "PermissionType": "Share", "NextToken": "x"},
    },
    **{
        name: {
            "InvalidInstanceId": {"InstanceId": NO_NODE},
            "InvalidNextToken": {"InstanceId": "<node>", "NextToken": "x"},
        }
        for name in ("describe_effective_instance_associations", "describe_instance_associations_status")
    },
    "describe_instance_information": {
        "InvalidInstanceId": {"Filters": [{"Key": "InstanceIds", "Values": [NO_NODE]}]},
        "InvalidNextToken": {"NextToken": "x"},
        "InvalidInstanceInformationFilterValue": {"Filters": [{"Key": "PingStatus", "Values": ["Away"]}]},
        "InvalidFilterKey": {"Filters": [{"Key": "Odd", "Values": ["x"]}]},
    },
    "describe_instance_properties": {
        "InvalidNextToken": {"NextToken": "x"},
        "InvalidFilterKey": {"FiltersWithOperator": [{"Key": "Odd", "Values": ["x"]}]},
        "InvalidInstanceId": {"InstancePropertyFilterList": [{"key": "InstanceIds", "valueSet": [NO_NODE]}]},
        "InvalidInstancePropertyFilterValue": {
            "InstancePropertyFilterList": [{"key": "PingStatus", "valueSet": ["Away"]}]
        },
        "InvalidActivationId": {"InstancePropertyFilterList": [{"key": "ActivationIds", "valueSet": [NOWHERE]}]},
        "InvalidDocument": {"InstancePropertyFilterList": [{"key": "DocumentName", "valueSet": ["none"]}]},
    },
    "describe_parameters": {
        "InvalidFilterKey": {"ParameterFilters": [{"Key": "Label", "Values": ["x"]}]},
        "InvalidFilterOption": {"ParameterFilters": [{"Key": "Type", "Option": "Contains", "Values": ["String"]}]},
        "InvalidFilterValue": {"ParameterFilters": [{"Key": "Type"}]},
        "InvalidNextToken": {"NextToken": "x"},
    },
    "describe_sessions": {"InvalidNextToken": {"State": "Active", "NextToken": "x"}},
    "get_automation_execution": {"AutomationExecutionNotFoundException": {"AutomationExecutionId": NOWHERE}},
    "get_calendar_state": {
        "InvalidDocument": {"CalendarNames": ["none"]},
        "InvalidDocumentType": {"CalendarNames": ["plain"]},
    },
    "get_command_invocation": {
        "InvalidPluginName": {"CommandId": "<command>", "InstanceId": "<node>", "PluginName": "other"},
        "InvocationDoesNotExist": {"CommandId": NOWHERE, "InstanceId": NO_NODE},
    },
    "get_document": {
        "InvalidDocument": {"Name": "none"},
        "InvalidDocumentVersion": {"Name": "plain", "DocumentVersion": "9"},
    },
    "get_parameter": {"ParameterNotFound": {"Name": "none"}, "ParameterVersionNotFound": {"Name": "one:9"}},
    "get_parameter_history": {
        "ParameterNotFound": {"Name": "none"},
        "InvalidNextToken": {"Name": "one", "NextToken": "x"},
    },
    "get_parameters_by_path": {
        "InvalidFilterKey": {"Path": "/", "ParameterFilters": [{"Key": "Name", "Values": ["x"]}]},
        "InvalidFilterOption": {
            "Path": "/",
            "ParameterFilters": [{"Key": "Type", "Option": "Contains", "Values": ["String"]}],
        },
        "InvalidFilterValue": {"Path": "/", "ParameterFilters": [{"Key": "Type"}]},
        "InvalidNextToken": {"Path": "/", "NextToken": "x"},
    },
    "label_parameter_version": {
        "ParameterNotFound": {"Name": "none", "Labels": ["a"]},
        "ParameterVersionNotFound": {"Name": "one", "ParameterVersion": 9, "Labels": ["a"]},
        "ParameterVersionLabelLimitExceeded": {"Name": "one", "Labels": [f"label{number}" for number in range(11)]},
    },
    "list_association_versions": {
        "AssociationDoesNotExist": {"AssociationId": NOWHERE},
        "InvalidNextToken": {"AssociationId": ONE, "NextToken": "x"},
    },
    "list_associations": {"InvalidNextToken": {"NextToken": "x"}},
    "list_command_invocations": {
        "InvalidInstanceId": {"InstanceId": NO_NODE},
        "InvalidFilterKey": {"Filters": [{"key": "ExecutionStage", "value": "Complete"}]},
        "InvalidNextToken": {"NextToken": "x"},
    },
    "list_commands": {
        "InvalidCommandId": {"CommandId": NOWHERE},
        "InvalidInstanceId": {"InstanceId": NO_NODE},
        "InvalidNextToken": {"NextToken": "x"},
    },
    "list_document_versions": {
        "InvalidDocument": {"Name": "none"},
        "InvalidNextToken": {"Name": "plain", "NextToken": "x"},
    },
    "list_documents": {
        "InvalidNextToken": {"NextToken": "x"},
        "InvalidFilterKey": {"Filters": [{"Key": "Odd", "Values": ["x"]}]},
    },
    "modify_document_permission": {
        "InvalidDocument": {"Name": "none", "PermissionType": "Share", "AccountIdsToAdd": ["111122223333"]},
        "InvalidPermissionType": {"Name": "plain", "PermissionType": "Lend", "AccountIdsToAdd": ["111122223333"]},
        "DocumentPermissionLimit": {
            "Name": "plain",
            "PermissionType": "Share",
            "AccountIdsToAdd": ["all", "111122223333"],
        },
    },
    "put_parameter": {
        "ParameterAlreadyExists": {"Name": "one", **WORD},
        "HierarchyLevelLimitExceededException": {"Name": "/a" * 16, **WORD},
        "HierarchyTypeMismatchException": {"Name": "one", "Value": "v", "Type": "StringList", "Overwrite": True},
        "InvalidAllowedPatternException": {"Name": "new", **WORD, "AllowedPattern": "["},
        "ParameterPatternMismatchException": {"Name": "new", **WORD, "AllowedPattern": "^[0-9]+$"},
        "ParameterMaxVersionLimitExceeded": {"Name": "full", **WORD, "Overwrite": True},
        "PoliciesLimitExceededException": advanced(*[EXPIRES] * 11),
        "InvalidPolicyTypeException": advanced(policy("Odd")),
        "InvalidPolicyAttributeException": advanced(policy("Expiration", Timestamp="soon")),
        "IncompatiblePolicyException": advanced(EXPIRES, EXPIRES),
    },
    "resume_session": {"DoesNotExistException": {"SessionId": "none"}},
    "send_automation_signal": {
        "AutomationExecutionNotFoundException": {"AutomationExecutionId": NOWHERE, "SignalType": "Approve"},
        "AutomationStepNotFoundException": {
            "AutomationExecutionId": "<execution>",
            "SignalType": "StartStep",
            "Payload": {"StepName": ["none"]},
        },
        "InvalidAutomationSignalException": {"AutomationExecutionId": "<execution>", "SignalType": "Approve"},
    },
    "send_command": {
        "DuplicateInstanceId": {"DocumentName": "plain", "InstanceIds": ["<node>", "<node>"]},
        "InvalidInstanceId": {"DocumentName": "plain", "InstanceIds": [NO_NODE]},
        "InvalidDocument": {"DocumentName": "none", "Targets": NODES},
        "InvalidDocumentVersion": {"DocumentName": "plain", "Targets": NODES, "DocumentVersion": "9"},
        "InvalidOutputFolder": {"DocumentName": "plain", "Targets": NODES, "OutputS3BucketName": "missing-bucket"},
        "InvalidParameters": {"DocumentName": "plain", "Targets": NODES, "Parameters": {"none": ["x"]}},
        "UnsupportedPlatformType": {"DocumentName": "windows", "InstanceIds": ["<node>"]},
        "MaxDocumentSizeExceeded": {
            "DocumentName": "AWS-RunShellScript",
            "Targets": NODES,
            "Parameters": {"commands": ["x" * 65536]},
        },
        "InvalidRole": {
            "DocumentName": "plain",
            "Targets": NODES,
            "ServiceRoleArn": "arn:aws:iam::123456789012:role/no",
        },
        "InvalidNotificationConfig": {
            "DocumentName": "plain",
            "Targets": NODES,
            "NotificationConfig": {"NotificationArn": "topic"},
        },
    },
    "start_associations_once": {
        "InvalidAssociation": {"AssociationIds": [ONE, ONE]},
        "AssociationDoesNotExist": {"AssociationIds": [NOWHERE]},
    },
    "start_automation_execution": {
        "AutomationDefinitionNotFoundException": {"DocumentName": "none"},
        "AutomationDefinitionVersionNotFoundException": {"DocumentName": "auto", "DocumentVersion": "9"},
        "InvalidAutomationExecutionParametersException": {"DocumentName": "auto", "Parameters": {"none": ["x"]}},
        "IdempotentParameterMismatch": {"DocumentName": "auto", "ClientToken": TOKEN, "DocumentVersion": "1"},
        "InvalidTarget": {
            "DocumentName": "auto",
            "TargetParameterName": "n",
            "Targets": [{"Key": "Odd", "Values": ["x"]}],
        },
    },
    "start_session": {
        "InvalidDocument": {"Target": "<node>", "DocumentName": "none"},
        "TargetNotConnected": {"Target": NO_NODE},
    },
    "stop_automation_execution": {
        "AutomationExecutionNotFoundException": {"AutomationExecutionId": NOWHERE},
        "InvalidAutomationStatusUpdateException": {"AutomationExecutionId": "<execution>"},
    },
    "unlabel_parameter_version": {
        "ParameterNotFound": {"Name": "none", "ParameterVersion": 1, "Labels": ["a"]},
        "ParameterVersionNotFound": {"Name": "one", "ParameterVersion": 9, "Labels": ["a"]},
    },
    "update_association": {
        "AssociationDoesNotExist": {"AssociationId": NOWHERE},
        "InvalidAssociationVersion": {"AssociationId": ONE, "Targets": NODES, "AssociationVersion": "9"},
        "InvalidDocument": {"AssociationId": ONE, "Targets": NODES, "Name": "none"},
        "InvalidDocumentVersion": {"AssociationId": ONE, "Targets": NODES, "DocumentVersion": "9"},
        "InvalidOutputLocation": {
            "AssociationId": ONE,
            "Targets": NODES,
            "OutputLocation": {"S3Location": {"OutputS3BucketName": "missing-bucket"}},
        },
        "InvalidParameters": {"AssociationId": ONE, "Targets": NODES, "Parameters": {"none": ["x"]}},
        "InvalidSchedule": {"AssociationId": ONE, "Targets": NODES, "ScheduleExpression": "rate(29 minutes)"},
        "InvalidTarget": {"AssociationId": ONE, "Targets": [{"Key": "name", "Values": ["x"]}]},
        "InvalidTargetMaps": {"AssociationId": ONE, "Targets": NODES, "TargetMaps": [{"a": ["b"]}]},
    },
    "update_association_status": {
        "AssociationDoesNotExist": {
            "Name": "plain",
            "InstanceId": "<node>",
            "AssociationStatus": {"Date": 1e9, "Name": "Success", "Message": "x"},
        },
    },
    "update_document": {
        "InvalidDocument": {"Name": "none", "Content": text(), "DocumentVersion": "$LATEST"},
        "InvalidDocumentVersion": {"Name": "plain", "Content": text(), "DocumentVersion": "9"},
        "MaxDocumentSizeExceeded": {"Name": "plain", "Content": text() + " " * 65536, "DocumentVersion": "$LATEST"},
        "DuplicateDocumentContent": {"Name": "plain", "Content": text(), "DocumentVersion": "$LATEST"},
        "DuplicateDocumentVersionName": {
            "Name": "plain",
            "Content": text(description="new"),
            "DocumentVersion": "$LATEST",
            "VersionName": "first",
        },
        "InvalidDocumentContent": {"Name": "plain", "Content": "{", "DocumentVersion": "$LATEST"},
        "InvalidDocumentSchemaVersion": {"Name": "old", "Content": text(), "DocumentVersion": "$LATEST"},
    },
    "update_document_default_version": {
        "InvalidDocument": {"Name": "none", "DocumentVersion": "1"},
        "InvalidDocumentVersion": {"Name": "plain", "DocumentVersion": "9"},
    },
}
