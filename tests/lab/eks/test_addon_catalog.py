"""Which add-ons there are, and what they can be configured with.

https://docs.aws.amazon.com/eks/latest/APIReference/API_DescribeAddonVersions.html and
https://docs.aws.amazon.com/eks/latest/APIReference/API_DescribeAddonConfiguration.html
"""

from __future__ import annotations

import json

import jsonschema
import pytest
from botocore.exceptions import ClientError

from lab.aws.eks.addon_catalog import ADDONS


@pytest.mark.parametrize("name", sorted(ADDONS))
def test_every_addon_has_a_schema_that_is_one(account, name):
    found = account.eks.describe_addon_configuration(addonName=name, addonVersion=ADDONS[name].version)
    assert (found["addonName"], found["addonVersion"]) == (name, ADDONS[name].version)
    schema = json.loads(found["configurationSchema"])
    jsonschema.Draft6Validator.check_schema(schema)
    jsonschema.Draft6Validator(schema).validate({"nodeSelector": {"a": "b"}, "tolerations": [{"operator": "Exists"}]})
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft6Validator(schema).validate({"tolerations": "all"})


@pytest.mark.parametrize(
    ("name", "version", "code"),
    [
        ("coredns", "v0.0.1", "ResourceNotFoundException"),
        ("coredns", ADDONS["vpc-cni"].version, "ResourceNotFoundException"),
        ("nobody", "v1.0.0", "ResourceNotFoundException"),
        (None, "v1.0.0", "InvalidParameterException"),
        ("coredns", None, "InvalidParameterException"),
    ],
)
def test_an_addon_or_version_that_there_is_not(account, name, version, code):
    given = {key: value for key, value in (("addonName", name), ("addonVersion", version)) if value}
    with pytest.raises(ClientError) as refused:
        account.eks.describe_addon_configuration(**given)
    assert refused.value.response["Error"]["Code"] == code


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"types": ["networking"]}, {"vpc-cni", "coredns", "kube-proxy"}),
        ({"types": ["networking"], "addonName": "coredns"}, {"coredns"}),
        ({"owners": ["aws"], "publishers": ["eks"]}, set(ADDONS)),
        ({"owners": ["aws-marketplace"]}, set()),
        ({"publishers": ["dynatrace"]}, set()),
    ],
)
def test_addons_are_listed_by_type_publisher_and_owner(account, given, names):
    rows = account.eks.describe_addon_versions(**given)["addons"]
    assert {row["addonName"] for row in rows} == names


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ("{", "ConfigurationValue provided in request is not supported"),
        ("null", "Json schema validation failed with error: [$: "),
        ("[]", "Json schema validation failed with error: [$: "),
        ('{"resources": "many"}', "Json schema validation failed with error: [$.resources: "),
        ("tolerations: all", "Json schema validation failed with error: [$.tolerations: "),
    ],
)
def test_a_configuration_that_is_not_by_the_schema(account, values, fault):
    """https://github.com/cookpad/terraform-aws-eks/pull/331 has EKS's words."""
    with pytest.raises(ClientError, match="InvalidParameterException") as refused:
        account.eks.create_addon(clusterName="c", addonName="coredns", configurationValues=values)
    assert fault in refused.value.response["Error"]["Message"]
    assert account.eks.list_addons(clusterName="c")["addons"] == []


@pytest.mark.parametrize(
    "values", ['{"resources": {"limits": {"cpu": "100m"}}}', "resources:\n  limits:\n    cpu: 100m\n"]
)
def test_a_configuration_is_json_or_yaml(account, values):
    """https://docs.aws.amazon.com/eks/latest/userguide/creating-an-add-on.html shows both."""
    made = account.eks.create_addon(clusterName="c", addonName="coredns", configurationValues=values)["addon"]
    assert made["configurationValues"] == values
