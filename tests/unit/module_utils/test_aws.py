from __future__ import annotations

import gc
import time

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry, RetryingBotoClientWrapper
from ansible_collections.nodecache.eks.plugins.module_utils import _aws
from ansible_collections.nodecache.eks.plugins.module_utils._aws import (
    RETRY_CODES,
    NodecacheError,
    call,
    make_client,
    once,
    paged,
)
from boto3.session import Session
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
    retrying = RetryingBotoClientWrapper(client, AWSRetry.jittered_backoff(catch_extra_error_codes=list(RETRY_CODES)))
    assert paged(retrying, "list_things", "Things", Size=2) == [1, 2, 3]
    assert client.tokens == [None, "2", "3"] and len(naps) == 1


class Module:
    """What the clients read of a module."""

    def __init__(self, **params):
        self.params, self.said = {"region": "eu-central-1", "access_key": "a", "secret_key": "b", **params}, []

    def fail_json(self, msg):
        self.said.append(msg)
        raise SystemExit

    def fail_json_aws(self, error, msg):
        self.fail_json(f"{msg}: {error}")


@pytest.fixture
def opened(monkeypatch):
    """Return the sessions that are opened, each with whether rubbish was looked for while it made its clients."""
    sessions = []

    class Spy(Session):
        def __init__(self, profile_name):
            super().__init__(profile_name=profile_name)
            self.collecting, self.asked = [], []
            sessions.append(self)

        def client(self, service, **how):
            self.collecting.append(gc.isenabled())
            self.asked.append(how)
            return super().client(service, **how)

    monkeypatch.setattr(_aws, "Session", Spy)
    return sessions


def test_the_clients_of_a_module_share_one_session_and_those_of_two_do_not(opened):
    module = Module(aws_config={"read_timeout": 7}, endpoint_url="http://localhost:1", validate_certs=False)
    clients = [make_client(module, "ssm"), make_client(module, "ec2", "2016-09-15")]
    assert len(opened) == 1
    assert [client.meta.service_model.service_name for client in clients] == ["ssm", "ec2"]
    assert clients[1].meta.service_model.api_version == "2016-09-15"
    for client in clients:
        assert (client.meta.region_name, client.meta.endpoint_url) == ("eu-central-1", "http://localhost:1")
        assert client.meta.config.read_timeout == 7
        assert client.meta.config.user_agent_extra.endswith(" nodecache.eks")
    assert opened[0].asked[0]["aws_access_key_id"] == "a" and opened[0].asked[0]["verify"] is False
    make_client(Module(), "ssm")
    assert len(opened) == 2


def test_a_botocore_without_that_version_takes_its_newest(opened):
    client = make_client(Module(), "ec2", "1999-01-01")
    assert client.meta.service_model.api_version > "2016-09-15"


def test_nothing_is_collected_of_a_model_nor_while_it_is_read(opened):
    assert gc.get_freeze_count() == 0
    make_client(Module(), "ssm")
    assert opened[0].collecting == [False]
    assert gc.isenabled() and gc.get_freeze_count() > 10000


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"region": None}, "region is not set, and neither the environment nor the profile names one."),
        ({"endpoint_url": "nowhere"}, "could not make the client of ssm: Invalid endpoint: nowhere"),
        (
            {"profile": "nobody", "access_key": None, "secret_key": None},
            "could not make the client of ssm: The config profile (nobody) could not be found",
        ),
    ],
)
def test_what_no_client_can_be_made_of_is_one_sentence(monkeypatch, params, sentence):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    module = Module(**params)
    with pytest.raises(SystemExit):
        make_client(module, "ssm")
    assert module.said == [sentence] and gc.isenabled()
