"""With a botocore of amazon.aws's own least version all works, and only what is newer asks for a newer one."""

from __future__ import annotations

import botocore
import pytest

ROLE = "arn:aws:iam::123456789012:role/r"
PLACE = {"regions": ["eu-central-1"]}
# What botocore has learnt of our operations since 1.34.0, where it is in a request, and a task that works without it.
NEWER = {
    ("ssm_document", "cloud_providers"): (["AWS"], "CreateDocument UpdateDocument", "CloudProviders"),
    ("ssm_association", "association_dispatch_assume_role"): (
        ROLE,
        "CreateAssociation UpdateAssociation",
        "AssociationDispatchAssumeRole",
    ),
    **{
        ("ssm_association", f"target_locations[0].{option}"): (
            [{**PLACE, option: value}],
            "CreateAssociation UpdateAssociation",
            f"TargetLocations.{member}",
        )
        for option, value, member in (
            ("exclude_accounts", ["123456789012"], "ExcludeAccounts"),
            ("include_child_organization_units", True, "IncludeChildOrganizationUnits"),
            ("targets", [{"key": "tag:a", "values": ["b"]}], "Targets"),
            ("targets_max_concurrency", "1", "TargetsMaxConcurrency"),
            ("targets_max_errors", "1", "TargetsMaxErrors"),
        )
    },
    ("eventbridge_target", "app_sync_parameters"): (
        {"graph_ql_operation": "mutation"},
        "PutTargets",
        "Targets.AppSyncParameters",
    ),
    ("ecr_image_info", "image_status"): ("ANY", "DescribeImages", "filter.imageStatus"),
    ("eks_nodegroup", "node_repair_config"): ({"enabled": True}, "CreateNodegroup", "nodeRepairConfig"),
    ("eks_nodegroup", "update_config.update_strategy"): (
        {"update_strategy": "MINIMAL"},
        "CreateNodegroup",
        "updateConfig.updateStrategy",
    ),
    ("eks_nodegroup", "warm_pool_config"): ({"enabled": True}, "CreateNodegroup", "warmPoolConfig"),
}
TASKS = {
    "ssm_document": {"name": "say-hello", "content": {"schemaVersion": "2.2"}, "target_type": "/"},
    "ssm_association": {"association_name": "one", "name": "document", "target_locations": [PLACE]},
    "eventbridge_target": {"rule": "push", "target_id": "one", "arn": "arn:aws:appsync:eu-central-1:123456789012:a"},
    "ecr_image_info": {"repository_name": "team/app"},
    "eks_nodegroup": {"cluster_name": "demo", "nodegroup_name": "one", "update_config": {"max_unavailable": 1}},
}
SERVICES = {"ssm": "ssm", "eventbridge": "events", "ecr": "ecr", "eks": "eks"}


class Asked(Exception):
    """AWS was asked, so nothing was refused before."""


class Aws:
    def __getattr__(self, operation):
        raise Asked(operation)


@pytest.fixture(name="run")
def fixture(strict_client, run_module, monkeypatch):
    """Return what runs a module on a botocore without one member of a request."""

    def run(module, operations, path, **options):
        model = strict_client(SERVICES[module.partition("_")[0]], Aws()).client.meta.service_model
        *blocks, member = path.split(".")
        for operation in operations.split():
            shape = model.operation_model(operation).input_shape
            for block in blocks:
                shape = shape.members[block]
                shape = shape.member if shape.type_name == "list" else shape
            monkeypatch.delitem(shape.members, member)
        return run_module(module, **TASKS[module], **options)

    return run


@pytest.mark.parametrize(("module", "name"), NEWER)
def test_only_the_use_of_an_option_needs_a_newer_botocore(run, monkeypatch, module, name):
    value, operations, path = NEWER[module, name]
    with pytest.raises(Asked):
        run(module, operations, path)
    option = name.split(".")[0].split("[")[0]
    monkeypatch.setitem(TASKS, module, {key: item for key, item in TASKS[module].items() if key != option})
    for check in (True, False):
        told = run(module, operations, path, check=check, **{option: value})
        assert told["msg"] == f"{name} needs a newer botocore than {botocore.__version__}, which does not know it."


def test_a_choice_that_only_a_newer_botocore_knows_is_refused_with_the_reason(strict_client, run_module):
    model = strict_client("eks", Aws()).client.meta.service_model
    enum = model.operation_model("CreateNodegroup").input_shape.members["amiType"]
    enum.metadata["enum"].remove("AL2023_ARM_64_NVIDIA")
    told = run_module("eks_nodegroup", **TASKS["eks_nodegroup"], ami_type="AL2023_ARM_64_NVIDIA")
    assert told["msg"].startswith("ami_type is 'AL2023_ARM_64_NVIDIA' but must be one of AL2_x86_64, ")
    assert "(all that botocore 1." in told["msg"]
