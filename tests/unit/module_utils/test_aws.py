from __future__ import annotations

import gc
import time

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry, RetryingBotoClientWrapper
from ansible_collections.nodecache.eks.plugins.module_utils._aws import (
    RETRY_CODES,
    NodecacheError,
    call,
    make_client,
    once,
    paged,
)
from botocore.exceptions import ClientError, EndpointConnectionError


def error(code):
    return ClientError({"Error": {"Code": code, "Message": "not now"}}, "SendCommand")


class Busy:
    """Fails with each code in turn, then answers."""

    def __init__(self, *codes):
        self.codes, self.asked = list(codes), 0

    def __call__(self, **_request):
        self.asked += 1
        if self.codes:
            raise error(self.codes.pop(0))
        return {"done": True}


@pytest.fixture(autouse=True)
def naps(monkeypatch):
    taken = []
    monkeypatch.setattr(time, "sleep", taken.append)
    return taken


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


@pytest.mark.parametrize("code", ["ThrottlingException", "TooManyUpdates", "Throttling", "RequestLimitExceeded"])
def test_what_aws_did_not_do_is_asked_for_again(code, naps):
    busy = Busy(code, code)
    assert once(busy)(a=1) == {"done": True}
    assert busy.asked == 3 and len(naps) == 2


@pytest.mark.parametrize("code", ["InternalServerError", "ServiceUnavailable", "InvalidDocument"])
def test_what_aws_may_have_done_is_not(code):
    busy = Busy(code)
    with pytest.raises(ClientError):
        once(busy)(a=1)
    assert busy.asked == 1


def test_each_page_is_asked_for_again(naps):
    class Client:
        def __init__(self):
            self.tokens, self.failed = [], False

        def list_things(self, Size, NextToken=None):
            if NextToken == "2" and not self.failed:
                self.failed = True
                raise error("ThrottlingException")
            self.tokens.append(NextToken)
            pages = {None: {"Things": [1, 2], "NextToken": "2"}, "2": {"NextToken": "3"}, "3": {"Things": [3]}}
            return pages[NextToken]

    client = Client()
    retrying = RetryingBotoClientWrapper(
        client, AWSRetry.jittered_backoff(catch_extra_error_codes=list(RETRY_CODES))
    )
    assert paged(retrying, "list_things", "Things", Size=2) == [1, 2, 3]
    assert client.tokens == [None, "2", "3"] and len(naps) == 1


@pytest.mark.parametrize("raised", [None, SystemExit])
def test_nothing_is_collected_while_a_model_is_read(raised):
    class Module:
        def client(self, service, retry_decorator):
            self.collecting = gc.isenabled()
            if raised:
                raise raised
            return service, retry_decorator

    module = Module()
    if raised:
        # So ends a module that has no region.
        with pytest.raises(SystemExit):
            make_client(module, "ssm")
    else:
        assert make_client(module, "ssm")[0] == "ssm"
    assert not module.collecting and gc.isenabled()
