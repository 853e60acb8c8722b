"""Parameter Store: what is kept and listed, and what of it a document gets.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html,
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeParameters.html and
https://docs.aws.amazon.com/general/latest/gr/ssm.html (how many there may be)
"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab.aws.ssm import parameters
from tests.lab.calls import code


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("nonsense", "InvalidPolicyTypeException"),
        ('{"a": 1}', "InvalidPolicyTypeException"),
        ('[{"Type": "Odd"}]', "InvalidPolicyTypeException"),
        ('[{"Type": "Expiration"}]', "InvalidPolicyAttributeException"),
        ('[{"Type": "Expiration", "Attributes": {"Timestamp": "soon"}}]', "InvalidPolicyAttributeException"),
        (
            '[{"Type": "NoChangeNotification", "Attributes": {"After": "x", "Unit": "Days"}}]',
            "InvalidPolicyAttributeException",
        ),
        (
            '[{"Type": "ExpirationNotification", "Attributes": {"Before": "1", "Unit": "Weeks"}}]',
            "InvalidPolicyAttributeException",
        ),
        ('[{"Type": "NoChangeNotification", "Attributes": {"After": "20", "Unit": "Days"}}]', ""),
        ('[{"Type": "Expiration", "Attributes": {"Timestamp": "2099-01-01T00:00:00.000Z"}}]', ""),
    ],
)
def test_policies_of_a_parameter(lab: Any, text: str, wrong: str) -> None:
    """https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-policies.html."""
    given = {"Name": "p", "Type": "String", "Value": "v", "Tier": "Advanced", "Policies": text}
    if wrong:
        assert code(lab.ssm.put_parameter, **given) == wrong
    else:
        lab.ssm.put_parameter(**given)


def test_there_are_so_many_parameters_and_no_more(lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parameters, "PARAMETERS", 1)
    lab.ssm.put_parameter(Name="one", Type="String", Value="v")
    assert code(lab.ssm.put_parameter, Name="two", Type="String", Value="v") == "ParameterLimitExceeded"
    lab.ssm.put_parameter(Name="one", Type="String", Value="w", Overwrite=True)


def test_only_a_page_that_was_promised_is_given(lab: Any) -> None:
    for number in range(12):
        lab.ssm.put_parameter(Name=f"p{number}", Type="String", Value="v")
    first = lab.ssm.describe_parameters()
    assert len(lab.ssm.describe_parameters(NextToken=first["NextToken"])["Parameters"]) == 2
    with pytest.raises(ClientError, match="InvalidNextToken.*The specified token is not valid."):
        lab.ssm.describe_parameters(NextToken="bogus")


@pytest.mark.parametrize("name", ["a//b", "a b", "a/b", "a:b", "/a/ü"])
def test_a_name_starts_at_the_root_if_it_has_levels(lab: Any, name: str) -> None:
    """https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html."""
    assert code(lab.ssm.put_parameter, Name=name, Type="String", Value="v") == "ValidationException"


def test_a_path_starts_at_the_root_and_policies_are_for_the_advanced_tier(lab: Any, refuses: Any) -> None:
    """https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html."""
    policies = '[{"Type": "NoChangeNotification", "Attributes": {"After": "20", "Unit": "Days"}}]'
    calls = [
        ("ValidationException", "get_parameters_by_path", {"Path": "x"}),
        ("ValidationException", "put_parameter", {"Name": "p", "Type": "String", "Value": "v", "Policies": policies}),
    ]
    refuses.calls("ssm", calls)


def test_a_parameter_is_refused_as_a_whole(lab: Any, refuses: Any) -> None:
    """https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html."""
    lab.ssm.put_parameter(Name="big", Type="String", Value="v", Tier="Advanced")
    given = [
        {"Name": "/p/q/"},
        {"Name": f"/{'x' * 1000}"},
        {"Value": "v {{ ssm:other }}"},
        {"Value": "{{other}}"},
        {"KeyId": "alias/aws/ssm"},
        {"Tags": [{"Key": "aws:a", "Value": "b"}]},
        {"Name": "big", "Overwrite": True, "Tier": "Standard"},
    ]
    right = {"Name": "p", "Type": "String", "Value": "v"}
    refuses.changes("ssm", "put_parameter", right, [("ValidationException", change) for change in given])
    lab.ssm.put_parameter(**right | {"Name": f"/{'x' * 960}", "Value": "{v} {}{"})
    assert len(lab.ssm.describe_parameters()["Parameters"]) == 2


def test_a_listing_is_as_long_as_was_asked_for(lab: Any, refuses: Any) -> None:
    """https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeParameters.html (MaxResults)."""
    for number in range(12):
        lab.ssm.put_parameter(Name=f"p{number}", Type="String", Value="v")
    first = lab.ssm.describe_parameters(MaxResults=11)
    assert len(first["Parameters"]) == 11
    assert len(lab.ssm.describe_parameters(NextToken=first["NextToken"])["Parameters"]) == 1
    refuses.calls("ssm", [("InvalidNextToken", "list_documents", {"NextToken": first["NextToken"]})])


def test_who_looks_for_a_parameter_makes_none(lab: Any, refuses: Any) -> None:
    """https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DeleteParameter.html (ParameterNotFound)."""
    none = {"Name": "none"}
    looking = [
        ("ParameterNotFound", "label_parameter_version", {**none, "Labels": ["a"]}),
        ("ParameterNotFound", "delete_parameter", none),
        ("ParameterNotFound", "unlabel_parameter_version", {**none, "ParameterVersion": 1, "Labels": ["a"]}),
        ("ParameterNotFound", "delete_parameter", none),
        ("ParameterNotFound", "get_parameter_history", none),
        ("ParameterNotFound", "delete_parameter", none),
    ]
    refuses.calls("ssm", looking)
    lab.ssm.put_parameter(Name="none", Type="String", Value="v", Overwrite=True)


def test_a_secret_is_encrypted_with_a_key_that_is_there(lab: Any, refuses: Any) -> None:
    """https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html (InvalidKeyId)."""
    right = {"Name": "p", "Type": "SecureString", "Value": "v", "Overwrite": True}
    none = "12345678-1234-1234-1234-123456789012"
    keys = ["alias/none", none, f"arn:aws:kms:us-east-1:123456789012:key/{none}"]
    refuses.changes("ssm", "put_parameter", right, [("InvalidKeyId", {"KeyId": key}) for key in keys])
    made = lab.client("kms").create_key()["KeyMetadata"]
    lab.client("kms").create_alias(AliasName="alias/mine", TargetKeyId=made["KeyId"])
    for key in (None, "alias/aws/ssm", "alias/mine", made["KeyId"], made["Arn"]):
        assert lab.ssm.put_parameter(**right, **({"KeyId": key} if key else {}))["Version"]
