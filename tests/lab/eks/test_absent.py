"""What no cluster here has is said in EKS's words: ListInsights, DescribeCapability, CancelUpdate and their like.

https://docs.aws.amazon.com/eks/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from lab.aws.eks import absent


def call(client, operation, **request):
    return getattr(client, client_name(client, operation))(**request)


def client_name(client, operation):
    return next(name for name, api in client.meta.method_to_api_mapping.items() if api == operation)


def refused(client, operation, **request):
    with pytest.raises(ClientError) as caught:
        call(client, operation, **request)
    return caught.value.response["Error"]


@pytest.mark.parametrize("operation", absent.LISTS)
def test_lists_are_empty(account, operation):
    key, of_cluster = absent.LISTS[operation]
    assert call(account.eks, operation, **({"clusterName": "c"} if of_cluster else {}))[key] == []
    if of_cluster:
        assert refused(account.eks, operation, clusterName="nobody")["Code"] == "ResourceNotFoundException"


@pytest.mark.parametrize("operation", absent.ABSENT)
def test_what_is_asked_for_is_not_there(account, operation):
    noun, member = absent.ABSENT[operation]
    shape = account.eks.meta.service_model.operation_model(operation).input_shape
    kinds = {"boolean": True, "structure": {"type": "oidc", "name": "mine"}}
    request = {name: kinds.get(shape.members[name].type_name, "mine") for name in shape.required_members}
    if "clusterName" in request:
        error = refused(account.eks, operation, **request)
        assert error["Message"] == "No cluster found for name: mine."
        request["clusterName"] = "c"
    error = refused(account.eks, operation, **request)
    assert error["Code"] == "ResourceNotFoundException"
    assert noun in error["Message"]


CREATIONS = {
    "AssociateIdentityProviderConfig": {"oidc": {"identityProviderConfigName": "i", "issuerUrl": "u", "clientId": "c"}},
    "CreateCapability": {
        "capabilityName": "mine",
        "type": "ACK",
        "roleArn": "arn:aws:iam::123456789012:role/node",
        "deletePropagationPolicy": "RETAIN",
    },
    "CreateCertificateAuthority": {},
    "CreateEksAnywhereSubscription": {"name": "mine", "term": {"duration": 12, "unit": "MONTHS"}},
    "RegisterCluster": {
        "name": "mine",
        "connectorConfig": {"roleArn": "arn:aws:iam::123456789012:role/node", "provider": "OTHER"},
    },
}


@pytest.mark.parametrize("operation", absent.REFUSED)
def test_what_cannot_be_made_is_refused_with_an_error_of_the_operation(account, operation):
    shape = account.eks.meta.service_model.operation_model(operation).input_shape
    if "clusterName" in shape.members:
        error = refused(account.eks, operation, clusterName="nobody", **CREATIONS[operation])
        assert error["Code"] == "ResourceNotFoundException"
    cluster = {"clusterName": "c"} if "clusterName" in shape.members else {}
    code = "InvalidRequestException" if absent.REFUSED[operation][1] else "ResourceLimitExceededException"
    assert refused(account.eks, operation, **cluster, **CREATIONS[operation])["Code"] == code
    errors = account.eks.meta.service_model.operation_model(operation).error_shapes
    assert code in {error.name for error in errors}
    wrong = {**CREATIONS[operation], **cluster, "clientRequestToken": 5}
    assert refused(account.eks, operation, **wrong)["Code"] == "SerializationException"


def test_insights_are_refreshed_at_once(account):
    assert refused(account.eks, "DescribeInsightsRefresh", clusterName="c")["Code"] == "ResourceNotFoundException"
    assert account.eks.start_insights_refresh(clusterName="c")["status"] == "IN_PROGRESS"
    assert account.eks.describe_insights_refresh(clusterName="c")["status"] == "COMPLETED"
    assert refused(account.eks, "StartInsightsRefresh", clusterName="nobody")["Code"] == "ResourceNotFoundException"


def test_an_update_cannot_be_cancelled(account):
    update = account.eks.update_cluster_config(name="c", upgradePolicy={"supportType": "STANDARD"})["update"]
    assert refused(account.eks, "CancelUpdate", name="c", updateId=update["id"])["Code"] == "InvalidStateException"
    assert refused(account.eks, "CancelUpdate", name="c", updateId="x")["Code"] == "ResourceNotFoundException"


def test_an_add_on_has_a_schema(account):
    (addon,) = account.eks.describe_addon_versions(addonName="vpc-cni")["addons"]
    version = addon["addonVersions"][0]["addonVersion"]
    answer = account.eks.describe_addon_configuration(addonName="vpc-cni", addonVersion=version)
    assert '"nodeSelector"' in answer["configurationSchema"]
    for request in ({"addonName": "vpc-cni", "addonVersion": "v0"}, {"addonName": "x", "addonVersion": version}):
        assert refused(account.eks, "DescribeAddonConfiguration", **request)["Code"] == "ResourceNotFoundException"


def test_secrets_are_encrypted_once(account):
    key = "arn:aws:kms:us-east-1:123456789012:key/mine"
    wrong = [
        [{"resources": ["pods"], "provider": {"keyArn": key}}],
        [{"resources": ["secrets"], "provider": {"keyArn": "key"}}],
        [{"resources": ["secrets"]}],
    ]
    for config in wrong:
        error = refused(account.eks, "AssociateEncryptionConfig", clusterName="c", encryptionConfig=config)
        assert error["Code"] == "InvalidParameterException"
    config = [{"resources": ["secrets"], "provider": {"keyArn": key}}]
    update = account.eks.associate_encryption_config(clusterName="c", encryptionConfig=config)["update"]
    assert update["type"] == "AssociateEncryptionConfig"
    account.until(lambda: account.eks.describe_cluster(name="c")["cluster"]["status"] == "ACTIVE")
    error = refused(account.eks, "AssociateEncryptionConfig", clusterName="c", encryptionConfig=config)
    assert error["Code"] == "InvalidParameterException"
