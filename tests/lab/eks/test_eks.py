"""EKS whole: every operation there is, is answered by the lab or refused as AWS refuses.

https://docs.aws.amazon.com/eks/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from moto.core.utils import camelcase_to_underscores

from lab import settings

OPERATIONS = sorted(Loader().load_service_model("eks", "service-2")["operations"])


@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_operation_is_unknown(account, operation):
    """An empty request is answered, or refused for what it lacks; moto's 404 and 500 would be neither."""
    request = {
        member: "nobody"
        for member, shape in boto3.client("eks", settings.REGION)
        .meta.service_model.operation_model(operation)
        .input_shape.members.items()
        if shape.serialization.get("location") == "uri"
    }
    try:
        getattr(account.eks, camelcase_to_underscores(operation))(**request)
    except ClientError as refused:
        assert 400 <= refused.response["ResponseMetadata"]["HTTPStatusCode"] < 500
        assert refused.response["Error"]["Code"].endswith("Exception"), refused
