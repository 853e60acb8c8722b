"""Where a step's output goes, and where it is cut.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CommandPlugin.html (2,500 characters),
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetCommandInvocation.html (24,000 and 8,000) and,
for the marks, the agent's own code:
https://github.com/aws/amazon-ssm-agent/tree/mainline/agent/framework/processor/executer/iohandler
"""

from __future__ import annotations

from typing import Any

import pytest

from lab.aws.ssm.output import cut, joined
from tests.lab.calls import code
from tests.lab.ssm.with_commands import finished, rows, send
from tests.lab.ssm.with_roles import grant


def test_output_is_cut_with_the_agents_marks() -> None:
    assert joined("out", "err") == "out\n----------ERROR-------\nerr"
    long = joined("o" * 3000, "")
    assert long.endswith("\n---Output truncated---") and len(long) <= 2500
    both = joined("o" * 3000, "e" * 3000)
    assert "---Output truncated---" in both and both.endswith("\n---Error truncated----") and len(both) <= 2500
    assert joined("o" * 2399, "") == "o" * 2399
    # Go's lengths are those of bytes; a character that is cut in two is JSON's for what it cannot say.
    letters = joined("é" * 1300, "")
    assert letters == "é" * 1238 + "\ufffd" + "\n---Output truncated---"
    assert cut("é" * 4001, 8000) == "é" * 3990 + "--output truncated--"


def test_output_goes_to_s3_with_the_nodes_role(lab: Any) -> None:
    lab.document("echo out", "echo err >&2")
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="outputs")
    allowed = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::outputs/*"}
    grant(lab, "node-role", allowed, profile=True)
    made = lab.ec2.run_instances(
        ImageId="ami-12c6146b", MinCount=1, MaxCount=1, IamInstanceProfile={"Name": "node-role"}
    )
    node, poor = made["Instances"][0]["InstanceId"], lab.node()
    lab.fleet.start(node)
    sent = send(lab, InstanceIds=[node, poor], OutputS3BucketName="outputs", OutputS3KeyPrefix="logs")
    assert finished(lab, sent) == ("Success", "Success")
    place = f"logs/{sent}/{node}/awsrunShellScript/nodecache"
    keys = [row["Key"] for row in s3.list_objects_v2(Bucket="outputs")["Contents"]]
    assert keys == [f"{place}/stderr", f"{place}/stdout"]
    assert s3.get_object(Bucket="outputs", Key=f"{place}/stdout")["Body"].read() == b"out\n"
    plugin = rows(lab, sent)[node]["CommandPlugins"][0]
    assert plugin["StandardOutputUrl"] == f"https://s3.us-east-1.amazonaws.com/outputs/{place}/stdout"
    refused = {"DocumentName": "nodecache-test", "InstanceIds": [node], "OutputS3BucketName": "nowhere"}
    assert code(lab.ssm.send_command, **refused) == "InvalidOutputFolder"


def test_output_goes_to_cloudwatch_with_the_nodes_role(lab: Any) -> None:
    lab.document("echo out", "echo more", "echo err >&2")
    allowed = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
    grant(lab, "node-role", allowed, profile=True)
    made = lab.ec2.run_instances(
        ImageId="ami-12c6146b", MinCount=1, MaxCount=1, IamInstanceProfile={"Name": "node-role"}
    )
    node, poor = made["Instances"][0]["InstanceId"], lab.node()
    lab.fleet.start(node)
    sent = send(lab, InstanceIds=[node, poor], CloudWatchOutputConfig={"CloudWatchOutputEnabled": True})
    assert finished(lab, sent) == ("Success", "Success")
    group, logs = "/aws/ssm/nodecache-test", lab.client("logs")
    streams = [row["logStreamName"] for row in logs.describe_log_streams(logGroupName=group)["logStreams"]]
    assert sorted(streams) == [f"{sent}/{node}/nodecache/stderr", f"{sent}/{node}/nodecache/stdout"]
    events = logs.get_log_events(logGroupName=group, logStreamName=f"{sent}/{node}/nodecache/stdout")["events"]
    assert [event["message"] for event in events] == ["out", "more"]


@pytest.mark.parametrize(
    ("length", "limit", "kept"),
    [(23999, 24000, 23999), (24000, 24000, 24000), (30000, 24000, 24000), (9000, 8000, 8000)],
)
def test_one_output_is_cut_at_its_limit(length: int, limit: int, kept: int) -> None:
    text = cut("o" * length, limit)
    assert len(text) == kept and text.endswith("--output truncated--") is (length >= limit)
