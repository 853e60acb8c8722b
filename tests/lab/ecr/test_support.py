"""What ECR's operations share: pages, and a registry that is the caller's unless another is named.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeRepositories.html has both rules.
"""

from __future__ import annotations

import base64

import pytest
from moto.core.exceptions import ServiceException

from lab import settings
from lab.aws.ecr import support


class Request:
    """Stands in for moto's."""

    current_account, region = settings.ACCOUNT, settings.REGION

    def __init__(self, **members):
        self.members = members

    def _get_param(self, name):
        return self.members.get(name)


def token(text):
    return base64.b64encode(f"app:items/{text}".encode()).decode()


@pytest.mark.parametrize(
    ("members", "found", "more"),
    [
        ({}, [0, 1, 2, 3, 4], None),
        ({"maxResults": 2}, [0, 1], 2),
        ({"maxResults": 2, "nextToken": token(2)}, [2, 3], 4),
        ({"maxResults": 2, "nextToken": token(4)}, [4], None),
        ({"maxResults": 5}, [0, 1, 2, 3, 4], None),
        ({"nextToken": token(5)}, [], None),
    ],
)
def test_pages_have_a_token_while_there_is_more(members, found, more):
    answer = support.page(Request(repositoryName="app", **members), list(range(5)), "items")
    assert answer == {"items": found, **({"nextToken": token(more)} if more else {})}


def test_a_token_of_another_repository_is_none():
    with pytest.raises(ServiceException):
        support.page(Request(repositoryName="web", nextToken=token(2)), list(range(5)), "items")


def test_a_page_is_as_long_as_the_operation_has_it_unless_it_is_said():
    assert support.page(Request(), list(range(5)), "items", 3)["items"] == [0, 1, 2]


@pytest.mark.parametrize("bad", ["bogus", "%%%", token("x"), token(-1), token(6), "é"])
def test_a_token_that_nobody_was_given(bad):
    with pytest.raises(ServiceException) as refused:
        support.page(Request(nextToken=bad), list(range(5)), "items")
    assert refused.value.code == "InvalidParameterException"
    assert "nextToken" in refused.value.message


def test_a_registry_is_the_callers_unless_another_is_named(client):
    assert support.registry(Request()).account_id == settings.ACCOUNT
    theirs = support.registry(Request(registryId=settings.OTHER_ACCOUNT))
    assert theirs.account_id == settings.OTHER_ACCOUNT
    with pytest.raises(ServiceException) as refused:
        support.repository(Request(registryId=settings.OTHER_ACCOUNT, repositoryName="app"))
    assert refused.value.code == "RepositoryNotFoundException"
    assert settings.OTHER_ACCOUNT in refused.value.message
    assert support.repository(Request(repositoryName="app")).name == "app"


def test_a_region_that_there_is_not_has_no_registry():
    assert support.backend(settings.ACCOUNT, "no-where-1") is None
    assert support.backend(settings.ACCOUNT, settings.REGION) is not None
