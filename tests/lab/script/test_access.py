"""What a node's role may not do in ECR, the script on the node cannot do either."""

from __future__ import annotations

import json
from typing import Any

from lab import settings


def test_a_node_whose_role_lost_its_policy_pulls_nothing(world: Any) -> None:
    node, repository = world.node(), world.repository("denied")
    ref = f"{world.host}/{repository}:v1@{world.push(repository, 'v1')}"
    iam, name = settings.client("iam"), world.role.rpartition("/")[2]
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    inline = {
        each: iam.get_role_policy(RoleName=name, PolicyName=each)["PolicyDocument"]
        for each in iam.list_role_policies(RoleName=name)["PolicyNames"]
    }
    for policy in attached:
        iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
    for each in inline:
        iam.delete_role_policy(RoleName=name, PolicyName=each)
    try:
        report = world.run(node, [ref])
    finally:
        for policy in attached:
            iam.attach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
        for each, document in inline.items():
            iam.put_role_policy(RoleName=name, PolicyName=each, PolicyDocument=json.dumps(document))
    assert not report["ok"]
    # The report cuts what AWS says, which goes on.
    assert "AccessDeniedException" in str(report) and "User: arn:aws:sts:" in str(report)
    assert world.run(node, [ref])["ok"]
