from __future__ import annotations

import time

import boto3
import pytest
from ansible_collections.nodecache.eks.plugins.module_utils._aws import RETRY_CODES
from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError
from ansible_collections.nodecache.eks.plugins.module_utils._waiters import TimedOut, wait_for
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber


@pytest.fixture(autouse=True)
def naps(monkeypatch):
    taken = []
    monkeypatch.setattr(time, "sleep", taken.append)
    return taken


def client_that_answers(*documents):
    client = boto3.client("ssm", region_name="eu-central-1", aws_access_key_id="t", aws_secret_access_key="t")
    stub = Stubber(client)
    for document in documents:
        if isinstance(document, str):
            stub.add_client_error("describe_document", document, "no")
        else:
            stub.add_response("describe_document", {"Document": document}, {"Name": "demo"})
    stub.activate()
    return client, stub


def wait(client, timeout=5):
    wait_for(client, "document_active", timeout, "document 'demo'", Name="demo")


def test_waits_until_active(naps):
    client, stub = client_that_answers({"Status": "Creating"}, {"Status": "Active"})
    wait(client)
    stub.assert_no_pending_responses()
    assert naps == [1]


@pytest.mark.parametrize("code", ["InvalidDocument", *RETRY_CODES])
def test_what_passes_is_waited_out(code):
    client, stub = client_that_answers(code, {"Status": "Active"})
    wait(client)
    stub.assert_no_pending_responses()


def test_a_failure_tells_why():
    client, _stub = client_that_answers({"Status": "Failed", "StatusInformation": "bad bucket"})
    with pytest.raises(NodecacheError, match="document 'demo': failed .* as Failed bad bucket") as caught:
        wait(client)
    assert not isinstance(caught.value, TimedOut)


def test_the_end_of_patience_tells_what_was_seen():
    client, _stub = client_that_answers({"Status": "Creating"}, {"Status": "Updating"})
    with pytest.raises(TimedOut, match="was not ready after 2 seconds; it was last seen as Updating"):
        wait(client, 2)


def test_a_refusal_tells_which():
    client, _stub = client_that_answers("AccessDeniedException")
    with pytest.raises(NodecacheError, match="last seen with AccessDeniedException: no"):
        wait(client)


def test_an_unreachable_aws_is_one_sentence():
    client, _stub = client_that_answers()

    def unreachable(*_args, **_kwargs):
        raise EndpointConnectionError(endpoint_url="http://x")

    client._make_api_call = unreachable
    with pytest.raises(NodecacheError, match=r"document 'demo': could not be waited for \(EndpointConnectionError\)"):
        wait(client)
