"""ECR whole: every operation there is, is answered by the lab or refused as AWS refuses.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from moto.core.utils import camelcase_to_underscores

from lab import settings

OPERATIONS = sorted(Loader().load_service_model("ecr", "service-2")["operations"])


@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_operation_is_unknown(unchecked, operation):
    """An empty request is answered, or refused for what it lacks; moto's 500 would be neither."""
    try:
        getattr(unchecked, camelcase_to_underscores(operation))()
    except ClientError as refused:
        assert refused.response["ResponseMetadata"]["HTTPStatusCode"] == 400
        assert refused.response["Error"]["Code"].endswith("Exception"), refused


def test_a_registry_is_its_accounts_whatever_answers(lab, client):
    """What moto answers itself takes the registry that is named, too."""
    named = {"registryId": settings.OTHER_ACCOUNT, "repositoryName": "theirs"}
    made = client.create_repository(**named)["repository"]
    assert made["registryId"] == settings.OTHER_ACCOUNT
    client.put_image_scanning_configuration(**named, imageScanningConfiguration={"scanOnPush": True})
    (found,) = client.describe_repositories(registryId=settings.OTHER_ACCOUNT)["repositories"]
    assert found["imageScanningConfiguration"] == {"scanOnPush": True}
    with pytest.raises(client.exceptions.RepositoryNotFoundException):
        client.initiate_layer_upload(repositoryName="theirs")
