"""Every parameter of the APIs is an option by AWS's own name, at every depth, and their choices are choices."""

from __future__ import annotations

import importlib

import boto3
import pytest
from botocore import xform_name

TAGS = {"tags.key": "tags", "tags.value": "tags"}
PAGES = {"max_results": None, "next_token": None}
# The operations of each module, the part of their requests that it is about, and what an option of another name says,
# or none on purpose.
MODULES = {
    "ssm_document": (
        "ssm",
        "CreateDocument UpdateDocument UpdateDocumentDefaultVersion DeleteDocument ModifyDocumentPermission",
        None,
        # There is one type of permission.
        {**TAGS, "account_ids_to_add": "account_ids", "account_ids_to_remove": "account_ids", "permission_type": None},
    ),
    "ssm_document_info": (
        "ssm",
        "DescribeDocument GetDocument ListDocuments ListDocumentVersions DescribeDocumentPermission",
        None,
        {
            **PAGES,
            "filters.key": "filters",
            "filters.values": "filters",
            "permission_type": None,
            # AWS has replaced these by filters.
            **{f"document_filter_list{part}": None for part in ("", ".key", ".value")},
        },
    ),
    "ssm_association": (
        "ssm",
        "CreateAssociation UpdateAssociation DeleteAssociation",
        None,
        # AWS has deprecated the one, and the other keeps two runs from undoing each other.
        {**TAGS, "instance_id": None, "association_version": None},
    ),
    "ssm_association_info": (
        "ssm",
        "DescribeAssociation ListAssociations DescribeAssociationExecutions DescribeAssociationExecutionTargets",
        None,
        {
            **PAGES,
            **{f"association_filter_list{part}": "filters" for part in ("", ".key", ".value")},
            # A document with one node, which AWS has deprecated.
            "name": None,
            "instance_id": None,
            # The newest are told with all their nodes.
            **{f"filters.{part}": "executions" for part in ("key", "value", "type")},
            "execution_id": "executions",
        },
    ),
    "ssm_command": ("ssm", "SendCommand", None, {}),
    "eventbridge_rule": ("events", "PutRule DeleteRule", None, {**TAGS, "state": "rule_state"}),
    "eventbridge_target": (
        "events",
        "PutTargets",
        "Targets",
        {"id": "target_id", **{f"ecs_parameters.{tag}": "ecs_parameters.tags" for tag in TAGS}},
    ),
    "ecr_image_info": (
        "ecr",
        "DescribeImages",
        None,
        {
            **PAGES,
            "filter": "tag_status",
            "filter.tag_status": "tag_status",
            "filter.image_status": "image_status",
            # What has a tag or a digest is picked from all pages: DescribeImages fails where one of them is not there.
            "image_ids": "image_tags",
            "image_ids.image_tag": "image_tags",
            "image_ids.image_digest": "image_digests",
        },
    ),
    "eks_nodegroup": (
        "eks",
        "CreateNodegroup UpdateNodegroupConfig UpdateNodegroupVersion DeleteNodegroup",
        None,
        {
            "client_request_token": None,
            **{f"labels.{part}": "labels" for part in ("add_or_update_labels", "remove_labels")},
            **{
                f"taints.{change}{part}": "taints"
                for change in ("add_or_update_taints", "remove_taints")
                for part in ("", ".key", ".value", ".effect")
            },
        },
    ),
}


@pytest.fixture(name="spec")
def fixture(monkeypatch):
    """Return what returns a module's argument spec."""

    def take(name):
        module = importlib.import_module(f"ansible_collections.nodecache.eks.plugins.modules.{name}")
        taken = {}

        class Taken(Exception):
            pass

        def stop(argument_spec, **_more):
            taken.update(argument_spec)
            raise Taken

        monkeypatch.setattr(module, "make_module" if hasattr(module, "make_module") else "AnsibleAWSModule", stop)
        with pytest.raises(Taken):
            module.main()
        return taken

    return take


def options_of(spec, before=""):
    for name, option in spec.items():
        yield f"{before}{name}", option
        yield from options_of(option.get("options") or {}, f"{before}{name}.")


def members_of(shape, before=""):
    if shape.type_name == "list":
        yield from members_of(shape.member, before)
    elif shape.type_name == "structure":
        for name, member in shape.members.items():
            path = f"{before}{xform_name(name)}"
            yield path, member
            yield from members_of(member, f"{path}.")


@pytest.mark.parametrize("name", MODULES)
def test_every_parameter_is_an_option(spec, name):
    service, operations, part, others = MODULES[name]
    client = boto3.client(service, region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b")
    options = dict(options_of(spec(name)))
    lacking, choices = set(), []
    for operation in operations.split():
        shape = client.meta.service_model.operation_model(operation).input_shape
        for path, member in members_of(shape.members[part] if part else shape):
            option = others.get(path, path)
            if option not in options:
                lacking |= {path} if path not in others or option else set()
                continue
            known = getattr(member.member if member.type_name == "list" else member, "enum", None)
            allowed = options[option].get("choices")
            # Ansible's own state is present or absent.
            if allowed and known and option != "state" and set(known) - set(allowed):
                choices.append((path, sorted(set(known) - set(allowed))))
    assert lacking == set()
    assert choices == []
