"""A teardown of the walkthrough's other roles, where a cluster or a repository of that name is somebody's own."""

from __future__ import annotations

import json
from typing import Any

MEDIA_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = {"digest": f"sha256:{'c' * 64}"}
MANIFEST = json.dumps({"schemaVersion": 2, "mediaType": MEDIA_TYPE, "config": CONFIG, "layers": []})


def test_a_cluster_that_the_role_did_not_make_stays(world: Any, lab: Any) -> None:
    role = lab.client("iam").create_role(RoleName="prod-node", AssumeRolePolicyDocument=world.trust)["Role"]["Arn"]
    subnets = [each["SubnetId"] for each in lab.ec2.describe_subnets()["Subnets"]][:2]
    eks = lab.client("eks")
    eks.create_cluster(name="prod", roleArn=role, resourcesVpcConfig={"subnetIds": subnets})
    gone = world.play({"one": {"cluster_name": "prod", "cluster_state": "absent"}}, role="cluster")
    assert not gone.failed and gone.changes["one"] == []
    assert eks.list_clusters()["clusters"] == ["prod"]
    assert lab.client("iam").get_role(RoleName="prod-node")


def test_a_repository_with_images_goes_only_when_it_is_said(world: Any, lab: Any) -> None:
    ecr = lab.client("ecr")
    ecr.create_repository(repositoryName="team/web")
    ecr.put_image(repositoryName="team/web", imageManifest=MANIFEST, imageTag="v1")
    absent = {"ecr_repository": "team/web", "ecr_state": "absent"}
    refused = world.play({"one": absent}, role="ecr")
    assert "RepositoryNotEmptyException" in refused.failed["one"]
    assert ecr.list_images(repositoryName="team/web")["imageIds"]
    gone = world.play({"one": {**absent, "ecr_delete_images": True}}, role="ecr")
    assert not gone.failed and ecr.describe_repositories()["repositories"] == []
