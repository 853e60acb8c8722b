"""Wrong documents, wrong executions of them, and what of the lab's Systems Manager is not there.

https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-syntax-data-elements-parameters.html and
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateDocument.html
"""

from __future__ import annotations

import json
from typing import Any

V, NONE, BAD, NO_VERSION = "ValidationException", "InvalidDocument", "InvalidDocumentContent", "InvalidDocumentVersion"
NOWHERE, NO_NODE = "00000000-0000-0000-0000-000000000000", "i-0123456789abcdef0"
Wrong = tuple[str, str, dict[str, Any]]
Changes = list[tuple[str, dict[str, Any]]]
STEP = {"action": "aws:runShellScript", "name": "stepA", "inputs": {"runCommand": ["true"]}}
CALL = {"action": "aws:executeAwsApi", "name": "stepA", "inputs": {"Service": "ssm", "Api": "DescribeParameters"}}


def text(*steps: Any, **more: Any) -> str:
    return json.dumps({"schemaVersion": "2.2", "mainSteps": list(steps or (STEP,)), **more})


def step(**more: Any) -> str:
    return text({key: value for key, value in (STEP | more).items() if value is not None})


def parameter(**spec: Any) -> str:
    return text(parameters={"a": spec})


def runbook(*steps: Any, **more: Any) -> dict[str, Any]:
    content = {"schemaVersion": "0.3", "mainSteps": list(steps or (CALL,)), **more}
    return {"DocumentType": "Automation", "Content": json.dumps(content)}


CONTENTS = [
    *(
        "{",
        "not json",
        "[]",
        "1",
        "null",
        '"x"',
        "{}",
        '{"schemaVersion":"2.2"}',
        '{"schemaVersion":"2.2","mainSteps":[]}',
    ),
    *('{"schemaVersion":"2.2","mainSteps":{}}', text(schemaVersion="9.9"), text(schemaVersion=2.2), text(surprise=1)),
    *(text(schemaVersion="0.3"), text(STEP, STEP), text("step"), text(parameters=[])),
    *(
        step(action=None),
        step(action="aws:unknown"),
        step(action=1),
        step(name=None),
        step(name="a b"),
        step(name="ab"),
    ),
    *(step(inputs=None), step(inputs={}), step(inputs=[]), step(inputs={"runCommand": []})),
    *(text(parameters={name: {"type": "String"}}) for name in ("a_b", "a-b", "")),
    *(parameter(), parameter(type="Text"), text(parameters={"a": "String"}), parameter(type="String", default=["x"])),
    *(
        parameter(type="StringList", default="x"),
        parameter(type="Boolean", default="yes"),
        parameter(type="Integer", default="1"),
    ),
    *(parameter(type="String", allowedValues=["b"], default="c"), parameter(type="String", allowedPattern="[")),
    *(parameter(type="String", displayType="blob")),
    parameter(type="String", interpolationType="PASTE"),
]
RUNBOOKS = [
    *(runbook(schemaVersion="2.2"), runbook(mainSteps=[]), runbook(CALL, CALL), runbook(STEP), runbook("step")),
    *(
        runbook({**CALL, **more})
        for more in (
            {"action": "aws:nope"},
            {"inputs": {}},
            {"inputs": {"Service": "ssm"}},
            {"name": "a b"},
            {"onFailure": "x"},
            {"nextStep": "zz"},
            {"timeoutSeconds": "x"},
            {"maxAttempts": 0},
            {"outputs": [{"Name": "x"}]},
            {"inputs": {"Service": "{{ nope }}", "Api": "x"}},
        )
    ),
    *(runbook(outputs=["stepA.x", "zz.y"]), runbook(parameters={"a": {"type": "X"}}), runbook(parameters=["a"])),
    runbook(assumeRole="{{ Nope }}"),
]
TAGS: list[list[dict[str, str]]] = [
    [{"Key": "", "Value": ""}],
    [{"Key": "aws:a", "Value": ""}],
    [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}],
    [{"Key": f"k{number}", "Value": ""} for number in range(51)],
]
RESERVED = (
    "aws-x",
    "AWS-x",
    "amazon-x",
    "amzn-x",
    "AWSEC2-x",
    "AWSConfigRemediation-x",
    "AWSSupport-x",
    "Amazon_x",
    "AwsFoo",
)
CREATE: Changes = [
    *((V, {"Name": name}) for name in (*RESERVED, None, "ab", "a b", "a/b/c", "x" * 129)),
    *((V, {"Content": content}) for content in (None, "")),
    *((BAD, {"Content": content}) for content in CONTENTS),
    *((BAD, change) for change in RUNBOOKS),
    ("DocumentAlreadyExists", {"Name": "plain"}),
    ("MaxDocumentSizeExceeded", {"Content": text() + " " * 65536}),
    *(
        (BAD, {"Content": content, "DocumentFormat": "YAML"})
        for content in ("a: [", "schemaVersion: '2.2'", "- a", "text")
    ),
    *(
        (BAD, {"Content": content, "DocumentFormat": "TEXT", "DocumentType": "ChangeCalendar"})
        for content in (
            "text",
            "BEGIN:VCALENDAR\nEND:VCALENDAR",
            "BEGIN:VCALENDAR\nX-CALENDAR-TYPE:OPEN\nEND:VCALENDAR",
            "BEGIN:VCALENDAR\nX-CALENDAR-TYPE:DEFAULT_OPEN\nBEGIN:VEVENT\nDTSTART:soon\nEND:VEVENT\nEND:VCALENDAR",
            "BEGIN:VCALENDAR\nX-CALENDAR-TYPE:DEFAULT_OPEN\nBEGIN:VEVENT\nDTSTART:soon\nDTEND:later\nEND:VEVENT\nEND:VCALENDAR",
        )
    ),
    (BAD, {"DocumentFormat": "TEXT"}),
    (BAD, {"DocumentType": "ChangeCalendar"}),
    *(
        (V, change)
        for change in (
            {"DocumentType": "Script"},
            {"DocumentFormat": "XML"},
            {"VersionName": "a b"},
            {"TargetType": "AWS::EC2::Instance"},
            {"TargetType": "/x y"},
            {"TargetType": "/" + "x" * 200},
            {"DisplayName": "x" * 1025},
            {"Attachments": [{"Key": "Nope"}]},
            {"Requires": []},
            {"Requires": [{"Version": "1"}]},
        )
    ),
    *((V, {"Tags": tags}) for tags in TAGS),
]
UPDATE: Changes = [
    *((NONE, {"Name": name}) for name in ("missing-doc", "AWS-RunShellScript")),
    *(
        (V, change)
        for change in (
            {"Name": None},
            {"Content": None},
            {"Content": ""},
            {"DocumentVersion": "x"},
            {"DocumentFormat": "XML"},
            {"VersionName": "a b"},
            {"TargetType": "x"},
        )
    ),
    *((NO_VERSION, {"DocumentVersion": version}) for version in (None, "9", "$DEFAULT")),
    ("DuplicateDocumentContent", {"Content": text()}),
    *((BAD, {"Content": content}) for content in CONTENTS),
    ("MaxDocumentSizeExceeded", {"Content": text() + " " * 65536}),
]
SHARE = {"Name": "plain", "PermissionType": "Share"}
EXECUTION: Changes = [
    *(
        ("AutomationDefinitionNotFoundException", {"DocumentName": name})
        for name in ("missing-doc", "plain", "AWS-Nope")
    ),
    ("AutomationDefinitionVersionNotFoundException", {"DocumentVersion": "9"}),
    *(
        (V, change)
        for change in (
            {"DocumentName": None},
            {"DocumentName": "a b"},
            {"DocumentVersion": "x"},
            {"ClientToken": "x"},
            {"Mode": "Manual"},
            {"MaxConcurrency": "0"},
            {"MaxErrors": "x"},
            {"Tags": [{"Key": "aws:a", "Value": "b"}]},
            {"TargetLocations": []},
        )
    ),
    *(
        ("InvalidAutomationExecutionParametersException", {"Parameters": given})
        for given in ({"zz": ["1"]}, {"n": ["1", "2"]}, {"n": []}, {"n": ["c"]})
    ),
]
OTHERS: list[Wrong] = [
    *(
        (V, name, {})
        for name in (
            "describe_document",
            "get_document",
            "delete_document",
            "list_document_versions",
            "update_document_default_version",
            "modify_document_permission",
            "describe_document_permission",
            "get_automation_execution",
            "get_calendar_state",
            "stop_automation_execution",
            "describe_automation_step_executions",
            "get_parameter",
            "get_service_setting",
        )
    ),
    *(
        (NONE, name, {"Name": given})
        for given in ("missing-doc", "AWS-None")
        for name in ("describe_document", "get_document", "delete_document", "list_document_versions")
    ),
    *(
        (NO_VERSION, name, {"Name": "plain", "DocumentVersion": "9"})
        for name in ("describe_document", "get_document", "update_document_default_version")
    ),
    *((NONE, name, {"Name": "arn:bad"}) for name in ("describe_document", "get_document", "list_document_versions")),
    (NO_VERSION, "describe_document", {"Name": "plain", "VersionName": "none"}),
    *((V, "update_document_default_version", {"Name": "plain", "DocumentVersion": text}) for text in ("$LATEST", "0")),
    *(
        (V, "get_document", {"Name": "plain", **more})
        for more in ({"DocumentFormat": "XML"}, {"DocumentVersion": "v1"})
    ),
    ("InvalidDocumentOperation", "delete_document", {"Name": "plain", "DocumentVersion": "1"}),
    *(
        (V, "list_documents", more)
        for more in (
            {"MaxResults": 0},
            {"MaxResults": 51},
            {"DocumentFilterList": []},
            {"DocumentFilterList": [{"key": "Name"}]},
            {"DocumentFilterList": [{"key": "Colour", "value": "x"}]},
            {"Filters": [{"Key": "Owner", "Values": ["Me"]}]},
        )
    ),
    ("InvalidFilterKey", "list_documents", {"Filters": [{"Key": "Colour", "Values": ["a"]}]}),
    *(
        ("InvalidNextToken", name, {**more, "NextToken": "x"})
        for name, more in (
            ("list_documents", {}),
            ("list_document_versions", {"Name": "plain"}),
            ("describe_document_permission", SHARE),
            ("describe_automation_executions", {}),
            ("describe_activations", {}),
            ("list_ops_metadata", {}),
        )
    ),
    *(
        (V, "modify_document_permission", SHARE | more)
        for more in (
            {},
            {"AccountIdsToAdd": ["1"]},
            {"AccountIdsToAdd": ["123456789012"]},
            {"AccountIdsToAdd": [f"{number:012d}" for number in range(21)]},
            {"AccountIdsToAdd": ["111122223333"], "SharedDocumentVersion": "x"},
        )
    ),
    ("DocumentPermissionLimit", "modify_document_permission", {**SHARE, "AccountIdsToAdd": ["all", "111122223333"]}),
    ("InvalidPermissionType", "modify_document_permission", {**SHARE, "PermissionType": "Give"}),
    *(
        (NONE, name, {**SHARE, "Name": given, **more})
        for given in ("missing-doc", "AWS-RunShellScript")
        for name, more in (
            ("modify_document_permission", {"AccountIdsToAdd": ["111122223333"]}),
            ("describe_document_permission", {}),
        )
    ),
    *(
        ("InvalidResourceId", name, {"ResourceType": kind, "ResourceId": key, **more})
        for kind, key in (
            ("Document", "missing-doc"),
            ("ManagedInstance", "mi-0123456789abcdef0"),
            ("Automation", NOWHERE),
            ("Parameter", "none"),
            ("MaintenanceWindow", "mw-0123456789abcdef0"),
            ("OpsItem", "oi-0123456789ab"),
            ("PatchBaseline", "pb-0123456789abcdef0"),
        )
        for name, more in (
            ("add_tags_to_resource", {"Tags": [{"Key": "a", "Value": "b"}]}),
            ("list_tags_for_resource", {}),
            ("remove_tags_from_resource", {"TagKeys": ["a"]}),
        )
    ),
    *(
        (V, "add_tags_to_resource", {"ResourceType": "Document", "ResourceId": "plain", "Tags": tags})
        for tags in TAGS[:3]
    ),
    ("TooManyTagsError", "add_tags_to_resource", {"ResourceType": "Document", "ResourceId": "plain", "Tags": TAGS[3]}),
    *(
        ("AutomationExecutionNotFoundException", name, {"AutomationExecutionId": NOWHERE})
        for name in ("get_automation_execution", "stop_automation_execution", "describe_automation_step_executions")
    ),
    *((V, name, {"AutomationExecutionId": "x"}) for name in ("get_automation_execution", "stop_automation_execution")),
    *(
        (V, "describe_automation_executions", {"Filters": rows})
        for rows in ([], [{"Key": "Colour", "Values": ["x"]}], [{"Key": "ExecutionStatus", "Values": []}])
    ),
    (NONE, "get_calendar_state", {"CalendarNames": ["missing-doc"]}),
    ("InvalidDocumentType", "get_calendar_state", {"CalendarNames": ["plain"]}),
    ("DoesNotExistException", "resume_session", {"SessionId": "x"}),
    *(
        (V, "put_parameter", {"Name": "long", "Type": "String", **more})
        for more in ({"Value": "x" * 4097}, {"Value": "x" * 8193, "Tier": "Advanced"})
    ),
    ("InvalidActivation", "delete_activation", {"ActivationId": NOWHERE}),
    ("InvalidInstanceId", "deregister_managed_instance", {"InstanceId": "mi-0123456789abcdef0"}),
    ("OpsItemNotFoundException", "get_ops_item", {"OpsItemId": "oi-0123456789ab"}),
    ("ServiceSettingNotFound", "get_service_setting", {"SettingId": "/ssm/none"}),
    (V, "describe_activations", {"MaxResults": 0}),
]


def test_every_wrong_document_is_refused(lab: Any, refuses: Any) -> None:
    kind = {"type": "String", "default": "a", "allowedValues": ["a", "b"]}
    lab.ssm.create_document(Name="auto", **runbook(parameters={"n": kind}))
    lab.ssm.create_document(Name="plain", DocumentType="Command", Content=text())
    before = lab.ssm.list_documents(Filters=[{"Key": "Owner", "Values": ["Self"]}])["DocumentIdentifiers"]
    refuses.changes("ssm", "create_document", {"Name": "new", "DocumentType": "Command", "Content": text()}, CREATE)
    other = text(description="Another")
    refuses.changes("ssm", "update_document", {"Name": "plain", "Content": other, "DocumentVersion": "$LATEST"}, UPDATE)
    refuses.changes("ssm", "start_automation_execution", {"DocumentName": "auto"}, EXECUTION)
    refuses.calls("ssm", OTHERS)
    assert lab.ssm.list_documents(Filters=[{"Key": "Owner", "Values": ["Self"]}])["DocumentIdentifiers"] == before
    assert lab.ssm.describe_automation_executions()["AutomationExecutionMetadataList"] == []
