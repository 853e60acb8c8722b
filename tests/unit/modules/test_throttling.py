"""Each service's own codes for busy are asked again with jitter, by every module's first read; a quota is not.

And where that read finds nothing, check mode tells what the real run tells.
"""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
# https://docs.aws.amazon.com/eks/latest/APIReference/CommonErrors.html
EVERYWHERE = {"ThrottlingException", "InternalFailure", "ServiceUnavailable"}
CODES = {
    "ec2": EVERYWHERE | {"RequestLimitExceeded", "Unavailable", "InternalError"},
    "ecr": EVERYWHERE | {"ServerException", "TooManyRequestsException"},
    "eks": EVERYWHERE | {"ServerException", "ServiceUnavailableException", "TooManyRequestsException"},
    "events": EVERYWHERE | {"ConcurrentModificationException", "InternalException"},
    "ssm": EVERYWHERE | {"InternalServerError", "TooManyUpdates", "RequestLimitExceeded"},
    "sts": EVERYWHERE | {"Throttling"},
}
ABSENT = {"state": "absent"}
# A task, what it asks first, and the answer that ends it: an error's code or nothing at all.
FIRST = {
    "ssm_document": ("ssm", {"name": "one-document", **ABSENT}, "DescribeDocument", "InvalidDocument"),
    "ssm_document_info": ("ssm", {}, "ListDocuments", None),
    "ssm_association": ("ssm", {"association_name": "one", **ABSENT}, "ListAssociations", None),
    "ssm_association_info": ("ssm", {}, "ListAssociations", None),
    "eventbridge_rule": ("events", {"name": "one", **ABSENT}, "DescribeRule", "ResourceNotFoundException"),
    "eventbridge_target": (
        "events",
        {"rule": "one", "target_id": "one", **ABSENT},
        "ListTargetsByRule",
        "ResourceNotFoundException",
    ),
    "ecr_image_info": ("ecr", {"repository_name": "gone"}, "DescribeRepositories", "RepositoryNotFoundException"),
    "ecr_authorization_token_info": ("ecr", {}, "GetAuthorizationToken", "AccessDeniedException"),
    "eks_nodegroup": (
        "eks",
        {"cluster_name": "one", "nodegroup_name": "one", **ABSENT},
        "DescribeNodegroup",
        "ResourceNotFoundException",
    ),
    "image_cache_info": ("ec2", {"cluster_name": "one", "document_name": "one"}, "DescribeInstances", None),
    "prefetch_info": ("sts", {"name": "one", "cluster_name": "one"}, "GetCallerIdentity", "AccessDenied"),
}
ROWS = [(module, code) for module, (service, *_rest) in FIRST.items() for code in sorted(CODES[service])]


class Busy:
    """Answers as often with each code as it is told to, then with what ends the task."""

    def __init__(self, operation, codes, end):
        self.operation, self.codes, self.end = operation, codes, end

    def __getattr__(self, name):
        assert name == self.operation

        def answer(**_request):
            code = self.codes.pop(0) if self.codes else self.end
            if code:
                raise ClientError({"Error": {"Code": code, "Message": "not now"}}, name)
            return {}

        return answer


@pytest.fixture(name="ask")
def fixture(strict_client, run_module, monkeypatch):
    """Return what runs a module on a service that is busy, and returns its result, its calls and its naps."""

    def run(module, *codes):
        service, options, operation, end = FIRST[module]
        naps = []
        monkeypatch.setattr("time.sleep", naps.append)
        client = strict_client(service, Busy(operation, list(codes), end))
        return run_module(module, **options), client.names(), naps

    return run


@pytest.mark.parametrize(("module", "code"), ROWS)
def test_what_passes_is_asked_again_with_jitter(ask, module, code):
    result, calls, naps = ask(module, code, code, code)
    assert calls == [FIRST[module][2]] * 4 and code not in result.get("msg", "")
    # Each nap is any part of twice the one before.
    assert len(naps) == 3 and all(0 <= nap <= 3 * 2**number for number, nap in enumerate(naps))
    assert naps != ask(module, code, code, code)[2]


@pytest.mark.parametrize("module", FIRST)
@pytest.mark.parametrize("code", ["LimitExceededException", "AccessDeniedException", "ValidationException"])
def test_what_does_not_pass_is_told_at_once(ask, module, code):
    result, calls, naps = ask(module, code)
    assert calls == [FIRST[module][2]] and naps == []
    assert f"({code}): not now" in result["msg"]


@pytest.mark.parametrize("module", FIRST)
def test_what_is_not_there_is_the_same_in_check_mode(strict_client, run_module, module):
    service, options, operation, end = FIRST[module]
    results = []
    for check in (True, False):
        client = strict_client(service, Busy(operation, [], end))
        result = run_module(module, check=check, **options)
        assert client.names() == [operation] and not result.get("changed")
        results.append({key: value for key, value in result.items() if key != "invocation"})
    assert results[0] == results[1]


def test_patience_ends(ask):
    result, calls, _naps = ask("ssm_document", *["ThrottlingException"] * 100)
    assert result["msg"] == "document 'one-document': could not describe (ThrottlingException): not now"
    assert len(calls) == 10
