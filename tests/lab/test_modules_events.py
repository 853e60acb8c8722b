"""The modules for EventBridge and ECR, whole and over HTTP."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from lab import settings
from lab.aws import ecr, events

Run = Callable[..., dict[str, Any]]
ARN = f"arn:aws:ssm:{settings.REGION}:{settings.ACCOUNT}:document/nodecache-test"
ROLE = f"arn:aws:iam::{settings.ACCOUNT}:role/events"
PATTERN = {"source": ["aws.ecr"], "detail": {"image-tag": [{"anything-but": [""]}], "camelCase": ["a"]}}
NODES = {"run_command_targets": [{"key": "tag:kubernetes.io/cluster/Demo", "values": ["owned"]}]}
PATHS = {"Image-Tag": "$.detail.image-tag", "repoName": "$.detail.repository-name"}


@pytest.fixture
def bus(lab: Any) -> Any:
    """Return an EventBridge client of the lab, and make the role that targets name."""
    events.install()
    allow = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": allow})
    lab.client("iam").create_role(RoleName="events", AssumeRolePolicyDocument=trust)
    return lab.client("events")


def test_a_rule_from_new_to_gone(bus: Any, run_module: Run, four_times: Any) -> None:
    done = four_times(
        "eventbridge_rule",
        "rule",
        name="push",
        event_pattern=PATTERN,
        description="d",
        tags={"Team": "a", "costCentre": "7"},
    )
    assert done["rule"]["event_pattern"] == PATTERN
    stored = bus.describe_rule(Name="push")
    assert json.loads(stored["EventPattern"]) == PATTERN and stored["State"] == "ENABLED"
    assert done["rule"]["arn"] == stored["Arn"]

    text = json.dumps(dict(reversed(PATTERN.items())), indent=2)
    assert not run_module("eventbridge_rule", name="push", event_pattern=text)["changed"]
    four_times("eventbridge_rule", "rule", name="push", rule_state="DISABLED", tags={"Team": "b"})
    stored = bus.describe_rule(Name="push")
    assert stored["State"] == "DISABLED" and stored["Description"] == "d"
    assert bus.list_tags_for_resource(ResourceARN=stored["Arn"])["Tags"] == [{"Key": "Team", "Value": "b"}]

    four_times("eventbridge_rule", "rule", name="push", state="absent")
    assert bus.list_rules()["Rules"] == []


def test_a_rule_on_another_bus_and_on_a_schedule(bus: Any, run_module: Run, four_times: Any) -> None:
    bus.create_event_bus(Name="apps")
    four_times("eventbridge_rule", "rule", name="r", event_bus_name="apps", event_pattern=PATTERN)
    assert [rule["Name"] for rule in bus.list_rules(EventBusName="apps")["Rules"]] == ["r"]
    four_times("eventbridge_rule", "rule", name="hourly", schedule_expression="rate(1 hour)")
    assert bus.describe_rule(Name="hourly")["ScheduleExpression"] == "rate(1 hour)"


def test_a_target_among_siblings(bus: Any, run_module: Run, four_times: Any) -> None:
    run_module("eventbridge_rule", name="push", event_pattern=PATTERN)
    sibling = {"Id": "sibling", "Arn": f"arn:aws:sqs:{settings.REGION}:{settings.ACCOUNT}:q"}
    bus.put_targets(Rule="push", Targets=[sibling])
    done = four_times(
        "eventbridge_target",
        "target",
        rule="push",
        target_id="nodes",
        arn=ARN,
        role_arn=ROLE,
        input_transformer={"input_paths_map": PATHS, "input_template": '{"images":["<repoName>:<Image-Tag>"]}'},
        run_command_parameters=NODES,
        retry_policy={"maximum_retry_attempts": 3},
    )
    assert done["target"]["input_transformer"]["input_paths_map"] == PATHS
    four_times(
        "eventbridge_target",
        "target",
        rule="push",
        target_id="nodes",
        input={"images": ["a"]},
        retry_policy={"maximum_event_age_in_seconds": 60},
    )
    stored = {target["Id"]: target for target in bus.list_targets_by_rule(Rule="push")["Targets"]}
    assert stored["sibling"] == sibling
    assert stored["nodes"]["RetryPolicy"] == {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 60}
    assert json.loads(stored["nodes"]["Input"]) == {"images": ["a"]} and "InputTransformer" not in stored["nodes"]

    refused = [run_module("eventbridge_rule", check=check, name="push", state="absent")["msg"] for check in (1, 0)]
    assert refused == ["rule 'push': could not delete it while it has targets: nodes, sibling."] * 2
    four_times("eventbridge_target", "target", rule="push", target_id="nodes", state="absent")
    assert bus.list_targets_by_rule(Rule="push")["Targets"] == [sibling]
    four_times("eventbridge_rule", "rule", name="push", state="absent", remove_targets=True)
    assert bus.list_rules()["Rules"] == []


def test_headers_of_an_api_destination_keep_their_case(bus: Any, run_module: Run, four_times: Any) -> None:
    run_module("eventbridge_rule", name="push", event_pattern=PATTERN)
    http = {
        "header_parameters": {"X-Team_Name": "a", "ETag": "b"},
        "query_string_parameters": {"apiVersion": "1"},
        "path_parameter_values": ["b", "a"],
    }
    arn = f"arn:aws:events:{settings.REGION}:{settings.ACCOUNT}:api-destination/hook/1"
    done = four_times(
        "eventbridge_target",
        "target",
        rule="push",
        target_id="hook",
        arn=arn,
        role_arn=ROLE,
        http_parameters=http,
    )
    assert done["target"]["http_parameters"] == http
    stored = bus.list_targets_by_rule(Rule="push")["Targets"][0]["HttpParameters"]
    assert stored["HeaderParameters"] == http["header_parameters"]


def test_the_sixth_target_is_refused_in_the_services_words(bus: Any, run_module: Run) -> None:
    run_module("eventbridge_rule", name="push", event_pattern=PATTERN)
    arn = f"arn:aws:sqs:{settings.REGION}:{settings.ACCOUNT}:q"
    results = [run_module("eventbridge_target", rule="push", target_id=f"t{number}", arn=arn) for number in range(6)]
    assert [result.get("changed") for result in results[:5]] == [True] * 5
    assert results[5]["msg"].startswith("target 't5': could not put on rule 'push' (LimitExceededException): ")


def test_a_bus_that_is_not_there_is_told(bus: Any, run_module: Run) -> None:
    failed = run_module("eventbridge_rule", name="r", event_bus_name="nowhere", event_pattern=PATTERN)
    assert failed["msg"].startswith("rule 'r': could not put (ResourceNotFoundException): ")


@pytest.fixture
def registry(lab: Any) -> Any:
    """Return an ECR client of the lab with a repository."""
    ecr.install()
    client = lab.client("ecr")
    client.create_repository(repositoryName="team/app")
    return client


def push(client: Any, number: int, tag: str) -> str:
    layer = {"digest": f"sha256:{number:064x}", "size": 1000, "mediaType": "application/vnd.oci.image.layer.v1.tar"}
    config = {**layer, "mediaType": "application/vnd.oci.image.config.v1+json"}
    kind = "application/vnd.oci.image.manifest.v1+json"
    text = json.dumps({"schemaVersion": 2, "mediaType": kind, "config": config, "layers": [layer]})
    request = {"repositoryName": "team/app", "imageManifest": text, "imageManifestMediaType": kind, "imageTag": tag}
    digest: str = client.put_image(**request)["image"]["imageId"]["imageDigest"]
    return digest


def test_a_tag_leads_to_its_digest(registry: Any, run_module: Run) -> None:
    digests = [push(registry, number, f"v{number}") for number in range(3)]
    found = run_module("ecr_image_info", repository_name="team/app", image_tags=["v1"])
    assert [image["image_digest"] for image in found["images"]] == [digests[1]]
    assert found["images"][0]["repository_uri"].endswith("/team/app")
    assert len(run_module("ecr_image_info", repository_name="team/app", tag_pattern="v*")["images"]) == 3
    one = run_module("ecr_image_info", repository_name="team/app", image_digests=[digests[2]])
    assert one["images"][0]["image_tags"] == ["v2"]
    assert run_module("ecr_image_info", repository_name="team/app", image_tags=["gone"])["images"] == []


def test_a_repository_that_is_not_there_is_told(registry: Any, run_module: Run) -> None:
    failed = run_module("ecr_image_info", repository_name="gone")
    assert failed["msg"].startswith("repository 'gone': could not describe (RepositoryNotFoundException): ")


def test_a_login_opens_the_registry(registry: Any, run_module: Run) -> None:
    login = run_module("ecr_authorization_token_info")
    data = registry.get_authorization_token()["authorizationData"][0]
    assert login["registry"] == data["proxyEndpoint"].removeprefix("https://")
    assert login["username"] == base64.b64decode(data["authorizationToken"]).decode().partition(":")[0]
    assert login["password"] and not login["changed"]


@pytest.fixture
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be where the examples' ARNs are: a target is in its rule's Region."""
    monkeypatch.setattr(settings, "REGION", "eu-central-1")


def test_the_examples_run_as_they_are_written(
    region: None, lab: Any, bus: Any, registry: Any, run_examples: Any, run_module: Run
) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    lab.client("iam").create_role(RoleName="nodecache-events", AssumeRolePolicyDocument=policy)
    changes = [result["changed"] for result in run_examples("eventbridge_rule")]
    assert changes == [True, True, True, True, True]
    run_module("eventbridge_rule", name="nodecache-push", event_pattern=PATTERN)
    assert [result["changed"] for result in run_examples("eventbridge_target")] == [True] * 4
    push(registry, 1, "v1")
    assert [len(result["images"]) for result in run_examples("ecr_image_info")] == [1, 0]
    assert run_examples("ecr_authorization_token_info")[0]["username"] == "AWS"
