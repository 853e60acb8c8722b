"""What an add-on can be configured with.

https://docs.aws.amazon.com/eks/latest/APIReference/API_DescribeAddonConfiguration.html
"""

from __future__ import annotations

import json

import jsonschema
import pytest
from botocore.exceptions import ClientError

from lab.aws.eks.addons import ADDONS


@pytest.mark.parametrize("name", sorted(ADDONS))
def test_every_addon_has_a_schema_that_is_one(account, name):
    found = account.eks.describe_addon_configuration(addonName=name, addonVersion=ADDONS[name])
    assert (found["addonName"], found["addonVersion"]) == (name, ADDONS[name])
    schema = json.loads(found["configurationSchema"])
    jsonschema.Draft6Validator.check_schema(schema)
    jsonschema.Draft6Validator(schema).validate({"nodeSelector": {"a": "b"}, "tolerations": [{"operator": "Exists"}]})
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft6Validator(schema).validate({"tolerations": "all"})


@pytest.mark.parametrize(
    ("name", "version", "code"),
    [
        ("coredns", "v0.0.1", "ResourceNotFoundException"),
        ("coredns", ADDONS["vpc-cni"], "ResourceNotFoundException"),
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
