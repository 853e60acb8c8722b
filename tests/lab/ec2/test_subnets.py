"""A subnet goes after its instances: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-deleting.html"""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError


def test_a_subnet_with_a_node_in_it_stays(account):
    account.group(desired=2)
    for subnet in account.subnets:
        with pytest.raises(ClientError, match="DependencyViolation.*has dependencies and cannot be deleted"):
            account.ec2.delete_subnet(SubnetId=subnet)
    account.eks.delete_nodegroup(clusterName="c", nodegroupName="g")
    account.gone()
    for subnet in account.subnets:
        account.ec2.delete_subnet(SubnetId=subnet)
    account.ec2.delete_vpc(VpcId=account.vpc)
