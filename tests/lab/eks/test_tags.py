"""Tags on everything that has an ARN.

https://docs.aws.amazon.com/eks/latest/APIReference/API_TagResource.html
"""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError


def test_everything_with_an_arn_has_tags(account):
    eks = account.eks
    who = {"clusterName": "c", "namespace": "default", "serviceAccount": "app", "roleArn": account.role}
    profile = {"clusterName": "c", "fargateProfileName": "f", "podExecutionRoleArn": account.role}
    arns = [
        eks.describe_cluster(name="c")["cluster"]["arn"],
        account.group(desired=0, tags={"k": "v"})["nodegroupArn"],
        eks.create_addon(clusterName="c", addonName="coredns", tags={"k": "v"})["addon"]["addonArn"],
        eks.create_pod_identity_association(**who)["association"]["associationArn"],
        eks.create_fargate_profile(**profile, selectors=[{"namespace": "n"}])["fargateProfile"]["fargateProfileArn"],
    ]
    for arn in arns:
        eks.tag_resource(resourceArn=arn, tags={"k": "v", "l": "w"})
        eks.untag_resource(resourceArn=arn, tagKeys=["k"])
        assert eks.list_tags_for_resource(resourceArn=arn)["tags"] == {"l": "w"}
    assert account.describe()["tags"] == {"l": "w"}


def test_tags_that_aws_would_not_set(account):
    arn = account.eks.describe_cluster(name="c")["cluster"]["arn"]
    for tags in ({"aws:x": "y"}, {"AWS:x": "y"}, {f"k{number}": "v" for number in range(51)}):
        with pytest.raises(ClientError, match="BadRequestException"):
            account.eks.tag_resource(resourceArn=arn, tags=tags)
    for wrong, code in ((arn + "d", "NotFoundException"), ("nobody", "BadRequestException")):
        with pytest.raises(ClientError, match=code):
            account.eks.list_tags_for_resource(resourceArn=wrong)
