"""The article's own steps, typed as a person types them, from the empty account to the empty account.

https://aws.amazon.com/blogs/containers/start-pods-faster-by-prefetching-images/
"""

from __future__ import annotations

import json
import re
import shutil
import time

import pytest

POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryReadOnly", "AmazonSSMManagedInstanceCore")


def test_the_cluster(person):
    person.types("aws ec2 create-vpc --cidr-block 192.168.0.0/16 --query Vpc.VpcId --output text > vpc")
    for zone, block in (("a", "192.168.1.0/24"), ("b", "192.168.2.0/24")):
        person.types(
            f"aws ec2 create-subnet --vpc-id $(cat vpc) --availability-zone us-east-1{zone} --cidr-block {block}"
            " --query Subnet.SubnetId --output text >> subnets"
        )
    for role in ("cluster", "node"):
        person.types(
            f"aws iam create-role --role-name $EDP_NAME-{role}"
            " --assume-role-policy-document file://service-trust-policy.json"
        )
    for policy in POLICIES:
        person.types(
            f"aws iam attach-role-policy --role-name $EDP_NAME-node --policy-arn arn:aws:iam::aws:policy/{policy}"
        )
    person.types(
        "aws ec2 create-launch-template --launch-template-name $EDP_NAME"
        ' --launch-template-data "$(envsubst < launch-template.json)"'
    )
    role = "arn:aws:iam::$EDP_AWS_ACCOUNT:role/$EDP_NAME"
    person.types(
        f"aws eks create-cluster --name $EDP_NAME --role-arn {role}-cluster"
        " --resources-vpc-config subnetIds=$(paste -sd, subnets)"
    )
    person.waits("aws eks describe-cluster --name $EDP_NAME --query cluster.status --output text", "^ACTIVE$")
    person.types(
        "aws eks create-nodegroup --cluster-name $EDP_NAME --nodegroup-name nodegroup"
        f" --node-role {role}-node --subnets $(cat subnets) --launch-template name=$EDP_NAME,version=1"
        " --instance-types t3.medium --scaling-config minSize=1,maxSize=3,desiredSize=1"
    )
    group = "aws eks describe-nodegroup --cluster-name $EDP_NAME --nodegroup-name nodegroup"
    person.waits(f"{group} --query nodegroup.status --output text", "^ACTIVE$")


def test_the_repository_and_the_image(person):
    person.types("aws ecr create-repository --cli-input-json file://repo.json --repository-name $EDP_NAME")
    person.types(
        "mkdir files && dd if=/dev/urandom of=files/large_file_1.txt bs=1048576 count=3 status=none && "
        "printf 'FROM scratch\\nCOPY files /\\n' > Dockerfile && podman build -q -t $EDP_NAME . && "
        "podman tag $EDP_NAME $EDP_AWS_ACCOUNT.dkr.ecr.$EDP_AWS_REGION.amazonaws.com/$EDP_NAME"
    )


def test_the_role_and_its_policy(person):
    person.types(
        "aws iam create-role --role-name $EDP_NAME-role --assume-role-policy-document file://events-trust-policy.json"
    )
    person.types(
        "aws iam put-role-policy --role-name ${EDP_NAME}-role --policy-name ${EDP_NAME}-policy"
        ' --policy-document "$(envsubst < events-policy.json)"'
    )


def test_the_rule_and_its_target(person):
    person.types(
        "envsubst < events-rule.json > updated.json && "
        "aws events put-rule --cli-input-json file://updated.json --region $EDP_AWS_REGION"
    )
    said = person.types(
        "envsubst '$EDP_AWS_REGION $EDP_AWS_ACCOUNT $EDP_NAME' < events-target.json > updated.json && "
        "aws events put-targets --rule $EDP_NAME --cli-input-json file://updated.json"
    )
    assert json.loads(said)["FailedEntryCount"] == 0


def test_the_association(person):
    said = person.types(
        "envsubst '$EDP_AWS_REGION $EDP_AWS_ACCOUNT $EDP_NAME' < statemanager-association.json > updated.json && "
        "aws ssm create-association --cli-input-json file://updated.json"
    )
    assert json.loads(said)["AssociationDescription"]["AssociationName"] == person.name
    # "The status will be in failed state until the first run": the repository is empty.
    person.waits(
        "aws ssm list-associations --association-filter-list key=AssociationName,value=$EDP_NAME"
        " --query 'Associations[0].Overview.Status' --output text",
        "^Failed$",
    )


def test_a_push_reaches_the_node(person):
    person.types(
        "aws ecr get-login-password --region $EDP_AWS_REGION | podman login --username AWS --password-stdin"
        " $EDP_AWS_ACCOUNT.dkr.ecr.$EDP_AWS_REGION.amazonaws.com"
    )
    person.types("podman push $EDP_AWS_ACCOUNT.dkr.ecr.$EDP_AWS_REGION.amazonaws.com/$EDP_NAME")
    document = "arn:aws:ssm:${EDP_AWS_REGION}::document/AWS-RunShellScript"
    invocations = (
        "aws ssm list-command-invocations --details --filter"
        f' "[{{\\"key\\": \\"DocumentName\\", \\"value\\": \\"{document}\\"}}]"'
    )
    person.waits(invocations, '"Status": "(Success|Failed)"')
    found = json.loads(person.types(invocations))["CommandInvocations"]
    assert [one["Status"] for one in found] == ["Success"], found
    assert found[0]["DocumentName"] == "arn:aws:ssm:us-east-1::document/AWS-RunShellScript"
    # Version 2 of the CLI, which the article asks for, tells times as people write them.
    assert re.match(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+[+-]\d\d:\d\d$", found[0]["RequestedDateTime"])
    assert "Status: Success" in person.types(f"{invocations} --no-cli-pager --output yaml")
    assert "done" in found[0]["CommandPlugins"][0]["Output"]
    person.types("aws cloudwatch list-metrics --namespace AWS/Events | grep -q '\"Invocations\"'")
    person.types("aws cloudwatch list-metrics --namespace AWS/Events | grep FailedInvocations", code=1)


INSTANCES = (
    'aws ec2 describe-instances --filters "Name=tag:eks:cluster-name,Values=$EDP_NAME"'
    ' "Name=tag:eks:nodegroup-name,Values=nodegroup" "Name=instance-state-name,Values=running"'
    ' --query "Reservations[*].Instances[*].InstanceId" --output text'
)


def sessions(person) -> str:
    """Open a session on every node, and return what they list of the image."""
    said = person.types(
        f"{INSTANCES} | xargs -n 1 echo | xargs -I {{}} aws ssm start-session --target {{}}"
        " --document-name AWS-StartInteractiveCommand --region $EDP_AWS_REGION --parameters"
        ' "command=hostname && sudo ctr -n k8s.io images ls | grep ${EDP_NAME}; true"'
    )
    assert said.count("Starting session with SessionId") == len(person.types(INSTANCES).split())
    return said


def test_the_node_has_the_image(person):
    name = person.types("echo $EDP_AWS_ACCOUNT.dkr.ecr.$EDP_AWS_REGION.amazonaws.com/$EDP_NAME:latest")
    said = sessions(person)
    assert re.search(r"ip-192-168-[12]-\d+\.ec2\.internal", said)
    assert said.count(name) == 1


def test_the_nodes_aws_works_as_version_2_too(person):
    said = person.types(
        f"aws ssm start-session --target $({INSTANCES}) --document-name AWS-StartInteractiveCommand --parameters"
        ' "command=aws --version && aws ecr describe-images --repository-name $EDP_NAME --no-cli-pager --output yaml"'
    )
    assert "\naws-cli/2." in said
    assert "imageTags:\n  - latest" in said


def test_the_labs_status_and_logs_tell_of_it(person, lab):
    (instance,) = person.types(INSTANCES).split()
    lines = [line.split() for line in lab("status").splitlines()]
    assert any(line[:1] == [instance] and "online" in line for line in lines)
    assert any(
        line[:1] == [instance] and line[1].endswith(f"/{person.name}:latest") for line in lines[1:] if len(line) > 1
    )
    assert any(person.name in line and f"tag:Name={person.name}-nodegroup-Node" in line for line in lines)
    assert sum("AWS-RunShellScript" in line[3] and "Success" in line for line in lines if len(line) > 4) == 1
    assert "ends with 0" in lab("logs", f"{instance}-agent", "--lines", "100")
    assert f"/v2/{person.name}/manifests/latest" in lab("logs", "registry-access", "--lines", "1000")
    assert f"{instance}-containerd" in lab("logs", "--list")


def test_a_new_node_gets_the_image_too(person):
    person.types(
        "aws eks update-nodegroup-config --cluster-name $EDP_NAME --nodegroup-name nodegroup"
        " --scaling-config minSize=1,maxSize=3,desiredSize=2"
    )
    person.waits(f"{INSTANCES} | wc -w", "^2$")
    association = "aws ssm list-associations --query 'Associations[0].AssociationId' --output text"
    person.waits(
        f"aws ssm describe-association --association-id $({association})"
        " --query AssociationDescription.Overview.AssociationStatusAggregatedCount.Success --output text",
        "^[12]$",
    )
    person.waits(
        f"aws ssm describe-association-executions --association-id $({association}) --output text", "Success=1"
    )
    deadline = time.monotonic() + 60
    while sessions(person).count(f"/{person.name}:latest") < 2:
        assert time.monotonic() < deadline, "the new node has no image"
        time.sleep(0.5)


# Each tool logs in and pushes as its own people do it.
PUSHES = {
    "skopeo": "podman build -q -t $EDP_NAME:skopeo . && "
    'skopeo copy -q containers-storage:localhost/$EDP_NAME:skopeo "docker://$IMAGE:skopeo"',
    "buildah": 'buildah bud -q -t "$IMAGE:buildah" . && buildah push -q "$IMAGE:buildah"',
}


@pytest.mark.parametrize("tool", PUSHES)
def test_another_tool_pushes_and_the_nodes_pull(person, tool):
    if not shutil.which(tool):
        pytest.skip(f"this machine has no {tool}")
    host = "$EDP_AWS_ACCOUNT.dkr.ecr.$EDP_AWS_REGION.amazonaws.com"
    person.exports(REGISTRY_AUTH_FILE=str(person.home / f"{tool}.json"))
    person.types("echo '{}' > $REGISTRY_AUTH_FILE")
    push = f"echo {tool} > files/large_file_1.txt; {PUSHES[tool]}"
    person.is_refused(f"{{ {push}; }}", "(?i)unauthorized|authentication required|no basic auth")
    person.types(
        f"aws ecr get-login-password --region $EDP_AWS_REGION | {tool} login --username AWS --password-stdin {host}"
    )
    person.types(push)
    digest = person.types(
        "aws ecr describe-images --repository-name $EDP_NAME"
        f" --image-ids imageTag={tool} --query 'imageDetails[0].imageDigest' --output text"
    )
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", digest)
    deadline = time.monotonic() + 60
    while sessions(person).count(f"/{person.name}:{tool}") < 2:
        assert time.monotonic() < deadline, f"the nodes have no image of {tool}'s"
        time.sleep(0.5)
    assert digest in sessions(person)


def test_a_node_pulls_from_another_regions_registry(person):
    """A registry is one account's in one region: https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html."""
    west = {"REGION": "us-west-2", "WEST": person.types("echo $EDP_AWS_ACCOUNT.dkr.ecr.us-west-2.amazonaws.com")}
    person.exports(**west)
    person.types("aws ecr create-repository --repository-name elsewhere --region $REGION")
    person.types("aws ecr get-login-password --region $REGION | podman login --username AWS --password-stdin $WEST")
    person.types("podman tag $EDP_NAME $WEST/elsewhere:v1 && podman push -q $WEST/elsewhere:v1")
    pull = "sudo ctr -n k8s.io images pull -u AWS:$(aws ecr get-login-password --region us-west-2)"
    said = person.types(
        f"aws ssm start-session --target $({INSTANCES} | head -1) --document-name AWS-StartInteractiveCommand"
        f" --parameters 'command={pull} {west['WEST']}/elsewhere:v1'"
    )
    assert re.search(r"^done", said, re.MULTILINE), said
    # The one region knows nothing of the other's repository.
    person.is_refused("aws ecr describe-repositories --repository-names elsewhere", "RepositoryNotFoundException")
    person.types("aws ecr delete-repository --repository-name elsewhere --force --region $REGION")
    person.types("podman rmi $WEST/elsewhere:v1")


def test_everything_goes(person):
    find = "aws ssm list-associations --association-filter-list key=Name,value=AWS-RunShellScript"
    person.types(
        f"aws ssm delete-association --association-id $({find} --query 'Associations[0].AssociationId' --output text)"
    )
    assert json.loads(person.types(find))["Associations"] == []
    targets = "aws events list-targets-by-rule --rule $EDP_NAME --query 'Targets[].Id' --output text"
    # A rule with targets stays: "Rule can't be deleted since it has targets."
    person.is_refused("aws events delete-rule --name $EDP_NAME", "has targets")
    person.types(f"aws events remove-targets --rule $EDP_NAME --ids $({targets})")
    person.types("aws events delete-rule --name $EDP_NAME")
    person.types("aws iam delete-role-policy --role-name ${EDP_NAME}-role --policy-name ${EDP_NAME}-policy")
    person.types("aws iam delete-role --role-name ${EDP_NAME}-role")
    person.is_refused("aws ecr delete-repository --repository-name $EDP_NAME", "RepositoryNotEmptyException")
    person.types("aws ecr delete-repository --repository-name $EDP_NAME --force")
    person.is_refused("aws ecr describe-repositories --repository-names $EDP_NAME", "RepositoryNotFoundException")
    person.types("aws eks delete-nodegroup --cluster-name $EDP_NAME --nodegroup-name nodegroup")
    person.waits("aws eks list-nodegroups --cluster-name $EDP_NAME --query 'nodegroups | length(@)'", "^0$")
    person.types("aws eks delete-cluster --name $EDP_NAME")
    person.waits("aws eks list-clusters --query 'clusters | length(@)'", "^0$")
    assert person.types(INSTANCES) == ""
    person.types("aws ec2 delete-launch-template --launch-template-name $EDP_NAME")
    for policy in POLICIES:
        person.types(
            f"aws iam detach-role-policy --role-name $EDP_NAME-node --policy-arn arn:aws:iam::aws:policy/{policy}"
        )
    for role in ("cluster", "node"):
        person.types(f"aws iam delete-role --role-name $EDP_NAME-{role}")
    person.types("podman rmi -i $EDP_NAME:skopeo $IMAGE:buildah")
    person.types("podman rmi $EDP_NAME $EDP_AWS_ACCOUNT.dkr.ecr.$EDP_AWS_REGION.amazonaws.com/$EDP_NAME")
