"""Every parameter of the APIs is an option by AWS's own name, at every depth, and their choices are choices."""

from __future__ import annotations

import importlib

import boto3
import pytest
from botocore import xform_name

TAGS = {"tags.key", "tags.value"}
PAGES = {"max_results", "next_token"}
IMAGE = {"image_ids.image_tag", "image_ids.image_digest"}
# The operations of each module, the part of their requests that it is about, and what has no option on purpose.
MODULES = {
    "ssm_document": (
        "ssm",
        "CreateDocument UpdateDocument UpdateDocumentDefaultVersion DeleteDocument ModifyDocumentPermission",
        None,
        # The options account_ids and purge_account_ids say which.
        {*TAGS, "account_ids_to_add", "account_ids_to_remove", "permission_type"},
    ),
    "ssm_association": (
        "ssm",
        "CreateAssociation UpdateAssociation DeleteAssociation",
        None,
        # AWS has deprecated the one, and the other keeps two runs from undoing each other.
        {*TAGS, "instance_id", "association_version"},
    ),
    "ssm_command": ("ssm", "SendCommand", None, set()),
    "eventbridge_rule": ("events", "PutRule DeleteRule", None, TAGS),
    "eventbridge_target": ("events", "PutTargets", "Targets", {"id", *(f"ecs_parameters.{tag}" for tag in TAGS)}),
    "ecr_image_info": (
        "ecr",
        "DescribeImages",
        None,
        # These are options of one level, and what has a tag or a digest is picked from all pages: DescribeImages fails
        # where one of them is not there.
        {*PAGES, "filter", "filter.tag_status", "filter.image_status", "image_ids", *IMAGE},
    ),
    "eks_nodegroup": ("eks", "CreateNodegroup UpdateNodegroupVersion DeleteNodegroup", None, {"client_request_token"}),
}
# As in all of Ansible's modules, state is present or absent; EventBridge's is the option rule_state.
OWN = {"state"}


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

        monkeypatch.setattr(module, "AnsibleAWSModule", stop)
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
    service, operations, part, left_out = MODULES[name]
    client = boto3.client(service, region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b")
    options = dict(options_of(spec(name)))
    lacking, choices = set(), []
    for operation in operations.split():
        shape = client.meta.service_model.operation_model(operation).input_shape
        for path, member in members_of(shape.members[part] if part else shape):
            if path not in options:
                lacking.add(path)
            elif member.type_name == "list":
                member = member.member
            allowed, known = options.get(path, {}).get("choices"), getattr(member, "enum", None)
            if allowed and known and path not in OWN and set(known) - set(allowed):
                choices.append((path, sorted(set(known) - set(allowed))))
    assert lacking == left_out
    assert choices == []
