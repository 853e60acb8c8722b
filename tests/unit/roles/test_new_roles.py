# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS says while a new role is not known everywhere yet is waited out, and nothing else."""

from __future__ import annotations

from pathlib import Path

import jinja2
import pytest
import yaml

TASKS = yaml.safe_load((Path(__file__).parents[3] / "roles/cluster/tasks/present.yml").read_text(encoding="utf-8"))
# EKS's words of CreateCluster, as the provider of Terraform waits them out too.
PASSING = (
    "Role with arn: R, could not be assumed because it does not exist or the trusted entity is not correct",
    "Role could not be assumed because the trusted entity is not correct",
    "Error in role params",
    "The provided role doesn't have the Amazon EKS Managed Policies associated with it. Please ensure the following "
    "policy is attached: arn:aws:iam::aws:policy/AmazonEKSClusterPolicy",
    "IAM role's policy must include the `ec2:DescribeSubnets` action",
)
LASTING = "subnets need to be in at least two different availability zones"


@pytest.mark.parametrize("said, again", [*((said, True) for said in PASSING), (LASTING, False), (None, False)], ids=str)
def test_a_cluster_waits_for_its_role(said, again):
    until = next(task["until"] for task in TASKS if task["name"].endswith("Ensure the cluster"))
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    environment.tests["failed"] = lambda result: result["failed"]
    answer = {"failed": bool(said)}
    if said:
        answer["msg"] = f"Couldn't create cluster c: An error occurred (InvalidParameterException): {said}"
    assert environment.compile_expression(until)(__cluster_made=answer) is not again
