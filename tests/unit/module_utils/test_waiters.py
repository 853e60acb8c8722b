from __future__ import annotations

import boto3
import pytest
from ansible_collections.nodecache.eks.plugins.module_utils._aws import NodecacheError
from ansible_collections.nodecache.eks.plugins.module_utils._waiters import wait_for
from botocore.stub import Stubber


def client_that_answers(*documents):
    client = boto3.client("ssm", region_name="eu-central-1", aws_access_key_id="t", aws_secret_access_key="t")
    stub = Stubber(client)
    for document in documents:
        stub.add_response("describe_document", {"Document": document}, {"Name": "demo"})
    stub.activate()
    return client, stub


def test_waits_until_active():
    client, stub = client_that_answers({"Status": "Creating"}, {"Status": "Active"})
    wait_for(client, "document_active", 5, "document 'demo'", Name="demo")
    stub.assert_no_pending_responses()


def test_a_failure_tells_why():
    client, _stub = client_that_answers({"Status": "Failed", "StatusInformation": "bad bucket"})
    with pytest.raises(NodecacheError, match="document 'demo': failed .* as Failed bad bucket"):
        wait_for(client, "document_active", 5, "document 'demo'", Name="demo")
