from __future__ import annotations

import pytest
from ansible_collections.nodecache.eks.plugins.module_utils._aws import NodecacheError, call
from botocore.exceptions import ClientError, EndpointConnectionError


def test_a_refusal_is_one_sentence():
    with pytest.raises(NodecacheError) as caught, call("document", "update", "demo"):
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, "UpdateDocument")
    assert str(caught.value) == "document 'demo': could not update (AccessDenied): not you"


def test_no_connection_is_one_sentence():
    sentence = r"^rule 'r': could not read \(EndpointConnectionError\): "
    with pytest.raises(NodecacheError, match=sentence), call("rule", "read", "r"):
        raise EndpointConnectionError(endpoint_url="http://x")


def test_other_errors_pass():
    with pytest.raises(KeyError), call("rule", "read", "r"):
        raise KeyError("a bug")
