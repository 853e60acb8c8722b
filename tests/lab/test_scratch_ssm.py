# ruff: noqa
from __future__ import annotations
import json
import pytest

OLD = {"schemaVersion": "1.2", "description": "Check ip configuration of a Linux instance.", "parameters": {},
  "runtimeConfig": {"aws:runShellScript": {"properties": [{"id": "0.aws:runShellScript", "runCommand": ["ifconfig"]}]}}}
V20 = {"schemaVersion": "2.0", "description": "Sample version 2.0 document v2", "parameters": {},
  "mainSteps": [{"action": "aws:runPowerShellScript", "name": "runPowerShellScript", "inputs": {"runCommand": ["Get-Process"]}}]}
def V20u(d="x"):
    return {**V20, "parameters": {"processOptions": {"type": "String", "default": "-Verbose", "description": d}},
  "mainSteps": [{"action": "aws:runPowerShellScript", "name": "runPowerShellScript", "inputs": {"runCommand": ["Get-Process {{processOptions}}"]}}]}
PARAM = {"schemaVersion": "1.2", "description": "Run", "parameters": {
    "commands": {"type": "StringList", "description": "(Required)", "minItems": 1, "displayType": "textarea"},
    "workingDirectory": {"type": "String", "default": "", "description": "(Optional)", "maxChars": 4096},
    "executionTimeout": {"type": "String", "default": "3600", "description": "(Optional)", "allowedPattern": "([1-9][0-9]{0,3})|(28800)"}},
  "runtimeConfig": {"aws:runPowerShellScript": {"properties": [{"id": "0.aws:runPowerShellScript", "runCommand": "{{ commands }}", "workingDirectory": "{{ workingDirectory }}", "timeoutSeconds": "{{ executionTimeout }}"}]}}}
AUTO = {"description": "Systems Manager Automation Demo", "schemaVersion": "0.3", "assumeRole": "arn:aws:iam::123456789012:role/x",
  "parameters": {"Directory": {"description": "d", "default": "", "type": "String", "maxChars": 4096}},
  "mainSteps": [
    {"name": "startInstances", "action": "aws:runInstances", "timeoutSeconds": 1200, "maxAttempts": 1, "onFailure": "Abort",
     "inputs": {"ImageId": "ami-12c6146b", "InstanceType": "t2.small", "MinInstanceCount": 1, "MaxInstanceCount": 1, "IamInstanceProfileName": "x"}},
    {"name": "stopInstance", "action": "aws:changeInstanceState", "maxAttempts": 1, "onFailure": "Continue",
     "inputs": {"InstanceIds": ["{{ startInstances.InstanceIds }}"], "DesiredState": "stopped"}}]}
SESSION = {"schemaVersion": "1.0", "description": "Document to hold regional settings for Session Manager", "sessionType": "Standard_Stream",
  "inputs": {"s3BucketName": "test", "s3KeyPrefix": "test", "s3EncryptionEnabled": True, "cloudWatchLogGroupName": "/logs/sessions", "cloudWatchEncryptionEnabled": False}}
PACKAGE = {"description": "Package", "schemaVersion": "2.0", "version": "0.1", "assumeRole": "arn:aws:iam::123456789012:role/x",
  "files": {"test.zip": {"checksums": {"sha256": "0" * 64}}}, "packages": {"amazon": {"_any": {"x86_64": {"file": "test.zip"}}}}}


@pytest.fixture
def doc(four_times):
    def run(**o):
        return four_times("ssm_document", "document", **{"name": "tf-acc", **o})["document"]
    return run

def test_basic_old_schema(lab, doc, run_module):
    d = doc(content=json.dumps(OLD, indent=2) + "\n", document_type="Command")
    print(d)
    assert d["default_version"] == "1" and "version_name" not in d and d["tags"] == {}
    doc(name="tf-acc2", content=OLD)

def test_target_type(lab, doc):
    assert doc(content=V20, target_type="/")["target_type"] == "/"
    d = doc(content=V20, target_type="/AWS::EC2::Instance")
    assert d["target_type"] == "/AWS::EC2::Instance"
    print(d)

def test_version_name(lab, doc):
    assert doc(content={**V20, "description": "Sample release-1.0.0"}, version_name="release-1.0.0")["version_name"] == "release-1.0.0"
    assert doc(content={**V20, "description": "Sample release-1.0.1"}, version_name="release-1.0.1")["version_name"] == "release-1.0.1"

def test_version_name_alone(lab, doc, run_module):
    doc(content=V20, version_name="one")
    for check in (1, 0):
        r = run_module("ssm_document", check=check, name="tf-acc", content=V20, version_name="two")
        print(r.get("msg"), r.get("changed"))

def test_update(lab, doc):
    d = doc(content=V20)
    assert (d["latest_version"], d["default_version"]) == ("1", "1")
    d = doc(content=V20u())
    assert (d["latest_version"], d["default_version"]) == ("2", "2")

def test_public(lab, doc):
    assert doc(content=OLD, account_ids=["all"])["account_ids"] == ["all"]
    assert doc(account_ids=[])["account_ids"] == []

def test_private_batch_change(lab, doc):
    ids = [str(123456789013 + n) for n in range(21)]
    assert doc(content=OLD, account_ids=ids)["account_ids"] == ids
    doc(account_ids=ids[:1])
    assert doc(account_ids=[ids[0], ids[2]])["account_ids"] == [ids[0], ids[2]]
    doc(state="absent")

def test_params(lab, doc, run_module):
    doc(content=PARAM)
    d = run_module("ssm_document_info", name="tf-acc")["documents"][0]
    assert [(p["name"], p["type"]) for p in d["parameters"]] == [("commands", "StringList"), ("workingDirectory", "String"), ("executionTimeout", "String")]
    print(d)

def test_automation(lab, doc):
    assert doc(content=AUTO, document_type="Automation")["document_type"] == "Automation"
    doc(content={**AUTO, "description": "other"}, document_type="Automation")

def test_session(lab, doc):
    assert doc(content=SESSION, document_type="Session")["document_type"] == "Session"
    doc(content={**SESSION, "inputs": {**SESSION["inputs"], "cloudWatchLogGroupName": "/logs/sessions-updated"}}, document_type="Session")

def test_package(lab, doc, run_module):
    lab.client("s3").create_bucket(Bucket="tf-object-test-bucket-1")
    lab.client("s3").create_bucket(Bucket="tf-object-test-bucket-2")
    for b in (1, 2): lab.client("s3").put_object(Bucket=f"tf-object-test-bucket-{b}", Key="test.zip", Body=b"x")
    doc(content=PACKAGE, document_type="Package", attachments=[{"key": "SourceUrl", "values": ["s3://tf-object-test-bucket-1"]}])
    r = run_module("ssm_document", name="tf-acc", content=PACKAGE, document_type="Package", attachments=[{"key": "SourceUrl", "values": ["s3://tf-object-test-bucket-2"]}])
    print(r.get("msg"), r["changed"])
    doc(content={**PACKAGE, "version": "0.2"}, document_type="Package", attachments=[{"key": "SourceUrl", "values": ["s3://tf-object-test-bucket-2"]}])

YAML = "\n---\nschemaVersion: '2.2'\ndescription: Sample document\nmainSteps:\n- action: aws:runPowerShellScript\n  name: runPowerShellScript\n  inputs:\n    runCommand:\n      - %s\n\n"
def test_yaml(lab, doc, run_module):
    doc(content=YAML % "hostname", document_format="YAML")
    d = doc(content=YAML % "Get-Process", document_format="YAML")
    assert d["document_format"] == "YAML"

def test_yaml_without_format(lab, doc, run_module):
    doc(content=YAML % "hostname")

def test_tags(lab, doc):
    doc(content=OLD, tags={"key1": "value1"})
    assert doc(content=OLD, tags={"key1": "value1updated", "key2": "value2"})["tags"] == {"key1": "value1updated", "key2": "value2"}
    assert doc(content=OLD, tags={"key2": "value2updated"})["tags"] == {"key2": "value2updated"}
    assert doc(content=OLD, tags={"key3": ""}, purge_tags=False)["tags"] == {"key2": "value2updated", "key3": ""}
    assert doc(content=OLD, tags={})["tags"] == {}

def test_disappears(lab, doc):
    doc(content=OLD)
    lab.ssm.delete_document(Name="tf-acc")
    doc(content=OLD)

def test_made_by_another(lab, doc, run_module):
    lab.ssm.create_document(Name="tf-acc", Content=json.dumps(V20), DocumentType="Command", Tags=[{"Key": "a", "Value": "b"}])
    r = run_module("ssm_document", name="tf-acc", content=V20)
    assert not r["changed"] and r["document"]["tags"] == {"a": "b"}
    r = run_module("ssm_document", name="tf-acc")
    assert not r["changed"]
    lab.ssm.update_document(Name="tf-acc", Content=json.dumps(V20u()), DocumentVersion="$LATEST")
    r = run_module("ssm_document", name="tf-acc", content=V20)
    assert not r["changed"]
    doc(content=V20u())
    lab.ssm.delete_document(Name="tf-acc", DocumentVersion="1")
    doc(content=V20)

def test_display_name(lab, doc, run_module):
    doc(content=V20, display_name="one")
    for check in (1, 0):
        r = run_module("ssm_document", check=check, name="tf-acc", content=V20, display_name="two")
        print(r.get("msg"), r.get("changed"))

# associations

T1 = [{"key": "tag:Name", "values": ["acceptanceTest"]}]
@pytest.fixture
def asc(four_times, lab):
    lab.ssm.create_document(Name="tf-acc", Content=json.dumps(OLD), DocumentType="Command")
    lab.ssm.create_document(Name="tf-par", Content=json.dumps({**V20u(), "parameters": {"Directory": {"type": "String", "default": "", "maxChars": 4096}}, "mainSteps": V20["mainSteps"]}), DocumentType="Command")
    lab.ssm.create_document(Name="tf-auto", Content=json.dumps(AUTO), DocumentType="Automation")
    def run(**o):
        return four_times("ssm_association", "association", **{"association_name": "tf-acc", **o})["association"]
    return run

def test_a_basic_instance(lab, asc):
    node = lab.node()
    a = asc(name="tf-acc", targets=[{"key": "InstanceIds", "values": [node]}])
    print(a)
    assert a["document_version"] == "$DEFAULT" and a["apply_only_at_cron_interval"] is False
    assert "output_location" not in a and "parameters" not in a

def test_a_disappears(lab, asc):
    a = asc(name="tf-acc", targets=T1)
    lab.ssm.delete_association(AssociationId=a["association_id"])
    asc(name="tf-acc", targets=T1)

def test_a_disappears_document(lab, asc, run_module):
    asc(name="tf-acc", targets=T1)
    lab.ssm.delete_document(Name="tf-acc")
    r = run_module("ssm_association", association_name="tf-acc", name="tf-acc", targets=T1)
    print(r.get("msg"))
    assert r["failed"]

def test_a_cron(lab, asc):
    a = asc(name="tf-acc", targets=T1, schedule_expression="cron(0 16 ? * TUE *)", apply_only_at_cron_interval=True)
    assert a["apply_only_at_cron_interval"] is True
    a = asc(name="tf-acc", targets=T1, schedule_expression="cron(0 16 ? * TUE *)", apply_only_at_cron_interval=False)
    assert a["apply_only_at_cron_interval"] is False

def test_a_targets(lab, asc):
    two = [*T1, {"key": "tag:ExtraName", "values": ["acceptanceTest"]}]
    asc(name="tf-acc", targets=T1)
    assert asc(name="tf-acc", targets=two)["targets"] == two
    assert asc(name="tf-acc", targets=T1)["targets"] == T1

def test_a_star(lab, asc):
    asc(name="tf-acc", targets=[{"key": "InstanceIds", "values": ["*"]}])

def test_a_parameters(lab, asc):
    asc(name="tf-par", targets=T1, parameters={"Directory": "myWorkSpace"})
    assert asc(name="tf-par", targets=T1, parameters={"Directory": "myWorkSpaceUpdated"})["parameters"] == {"Directory": ["myWorkSpaceUpdated"]}
    assert "parameters" not in asc(name="tf-par", targets=T1, parameters={})

def test_a_rename(lab, asc):
    a = asc(name="tf-acc", targets=T1)
    b = asc(association_id=a["association_id"], association_name="tf-acc2")
    assert b["association_id"] == a["association_id"] and b["association_name"] == "tf-acc2"
    asc(association_name="tf-acc2", schedule_expression="cron(0 16 ? * TUE *)")
    asc(association_name="tf-acc2", schedule_expression="cron(0 16 ? * WED *)")

def test_a_docversion(lab, asc):
    assert asc(name="tf-acc", targets=T1, document_version="1")["document_version"] == "1"
    assert asc(name="tf-acc", targets=T1, document_version="$LATEST")["document_version"] == "$LATEST"
    assert asc(name="tf-acc", targets=T1, document_version="$DEFAULT")["document_version"] == "$DEFAULT"
    asc(document_version="1")
    assert asc(document_version="")["document_version"] == "$DEFAULT"

def test_a_output(lab, asc):
    for b in ("tf-out-1", "tf-out-2"): lab.client("s3").create_bucket(Bucket=b)
    o = lambda **k: {"output_location": {"s3_location": {f"output_s3_{x}": y for x, y in k.items()}}}
    asc(name="tf-acc", targets=T1, **o(bucket_name="tf-out-1", key_prefix="SSMAssociation"))
    a = asc(name="tf-acc", targets=T1, **o(bucket_name="tf-out-2", key_prefix="SSMAssociation"))
    print(a["output_location"])
    asc(name="tf-acc", targets=T1, **o(bucket_name="tf-out-2", key_prefix="UpdatedAssociation"))
    asc(name="tf-acc", targets=T1, **o(bucket_name="tf-out-2", region="us-east-1"))
    asc(name="tf-acc", targets=T1, **o(bucket_name="tf-out-2", region="us-west-2"))
    a = asc(name="tf-acc", targets=T1, **o(bucket_name="tf-out-2", region=""))
    print(a["output_location"])
    a = asc(name="tf-acc", output_location={})
    assert "output_location" not in a

def test_a_automation(lab, asc, run_module):
    a = asc(name="tf-auto", targets=[{"key": "tag:myTagName", "values": ["myTagValue"]}], automation_target_parameter_name="Directory",
        parameters={"AutomationAssumeRole": "x", "Directory": "myWorkSpace"}, schedule_expression="rate(60 minutes)")
    print(a)

def test_a_automation2(lab, asc, run_module):
    a = asc(name="tf-auto", targets=[{"key": "tag:myTagName", "values": ["myTagValue"]}], automation_target_parameter_name="Directory",
        schedule_expression="rate(60 minutes)")
    asc(schedule_expression="rate(2 hours)")
    asc(name="tf-par", targets=T1, parameters={"Directory": "b"}, automation_target_parameter_name="")

def test_a_automation_simple(lab, asc, run_module):
    lab.ssm.create_document(Name="tf-auto3", Content=json.dumps({k: v for k, v in AUTO.items() if k != "assumeRole"}), DocumentType="Automation")
    asc(name="tf-auto3", schedule_expression="rate(60 minutes)")
    asc(schedule_expression="rate(2 hours)")

def test_a_severity_rate(lab, asc):
    asc(name="tf-acc", targets=T1, compliance_severity="HIGH", max_concurrency="10%", max_errors="10%")
    a = asc(name="tf-acc", targets=T1, compliance_severity="LOW", max_concurrency="20%", max_errors="20%")
    assert a["max_errors"] == "20%"
    asc(max_concurrency="5", max_errors="0")
    asc(max_concurrency="", max_errors="")

def test_a_sync(lab, asc):
    for s in ("MANUAL", "AUTO"):
        a = asc(name="AWS-RunPatchBaseline", targets=[{"key": "InstanceIds", "values": ["*"]}], apply_only_at_cron_interval=False, sync_compliance=s,
                parameters={"Operation": "Scan", "RebootOption": "NoReboot"}, schedule_expression="cron(0 6 ? * * *)")
        assert a["sync_compliance"] == s

def test_a_document_change(lab, asc):
    asc(name="tf-acc", targets=T1)
    a = asc(name="tf-par", targets=T1)
    assert a["name"] == "tf-par"
    
def test_a_others(lab, asc):
    asc(name="tf-acc", targets=T1, schedule_expression="cron(0 16 ? * TUE *)", apply_only_at_cron_interval=True, schedule_offset=2, duration=3)
    asc(schedule_offset=0, duration=0)
    lab.client("cloudwatch").put_metric_alarm(AlarmName="al", ComparisonOperator="GreaterThanThreshold", EvaluationPeriods=1, MetricName="m", Namespace="n", Period=60, Statistic="Sum", Threshold=1)
    asc(alarm_configuration={"alarms": [{"name": "al"}], "ignore_poll_alarm_failure": True})
    asc(alarm_configuration={})
    asc(calendar_names=["cal-one"])
    asc(calendar_names=[])

def test_a_tags(lab, asc):
    asc(name="tf-acc", targets=T1, tags={"key1": "value1"})
    assert asc(tags={"key1": "value1updated", "key2": "value2"})["tags"] == {"key1": "value1updated", "key2": "value2"}
    assert asc(tags={"key2": "value2updated"})["tags"] == {"key2": "value2updated"}
    asc(tags={})

def test_a_another(lab, asc, run_module):
    m = lab.ssm.create_association(Name="tf-acc", Targets=[{"Key": "tag:Name", "Values": ["acceptanceTest"]}])["AssociationDescription"]
    r = run_module("ssm_association", association_id=m["AssociationId"], targets=T1)
    assert r.get("changed") is False, r
    asc(association_id=m["AssociationId"], association_name="tf-acc")
    r = run_module("ssm_association", association_name="tf-acc")
    assert not r["changed"]
    asc(state="absent")

def test_a_wait(lab, asc, run_module):
    r = run_module("ssm_association", association_name="tf-acc", name="tf-acc", targets=T1, wait=True, wait_timeout=1800)
    assert not r.get("failed"), r

def test_a_maps(lab, asc, run_module):
    a = asc(name="tf-auto", automation_target_parameter_name="Directory", target_maps=[{"Directory": ["a"]}, {"Directory": "b"}])
    print(a)
    asc(name="tf-auto", targets=[{"key": "tag:x", "values": ["y"]}])
