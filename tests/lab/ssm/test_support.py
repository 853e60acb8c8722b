"""Names, times and pages, as every operation of Systems Manager reads them.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DocumentDescription.html (a name or an ARN),
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CommandFilter.html (times) and
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ListCommands.html (NextToken, MaxResults)
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from moto.ssm.exceptions import SSMException

from lab.aws import iam
from lab.aws.ssm import support


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("plain", "plain"),
        ("arn:aws:ssm:us-east-1:123456789012:document/plain", "plain"),
        ("arn:aws:ssm:us-east-1::document/AWS-RunShellScript", "AWS-RunShellScript"),
    ],
)
def test_a_document_goes_by_its_name_or_its_arn(given: str, name: str) -> None:
    assert support.short_name(given) == name


@pytest.mark.parametrize(
    ("text", "hour"), [("2026-11-24T12:00:00Z", 12), ("2026-11-24T12:00:00", 12), ("2026-11-24T12:00:00+02:00", 10)]
)
def test_a_time_without_a_zone_is_utc(text: str, hour: int) -> None:
    assert support.moment(text) == datetime(2026, 11, 24, hour, tzinfo=UTC)


def refused(call: Any, *arguments: Any) -> str:
    with pytest.raises(SSMException) as wrong:
        call(*arguments)
    return str(wrong.value.code)


@pytest.mark.parametrize("text", ["soon", "", "24.11.2026"])
def test_what_is_no_time_is_refused(text: str) -> None:
    assert refused(support.moment, text) == "ValidationException"


def test_pages_follow_each_other_and_the_last_has_no_token() -> None:
    rows, params, seen = list(range(7)), {"MaxResults": 3}, []
    while True:
        page = support.page(rows, params, "Rows")
        seen.append(page["Rows"])
        if "NextToken" not in page:
            break
        params["NextToken"] = page["NextToken"]
    assert seen == [[0, 1, 2], [3, 4, 5], [6]]
    assert support.page(rows, {}, "Rows", default=5)["NextToken"]


@pytest.mark.parametrize("token", ["zz", "0", "1", "-1", "1.5", "", "Um93cy8w", "T3RoZXIvMQ=="])
def test_a_token_that_no_page_gave_is_refused(token: str) -> None:
    assert refused(support.page, [1, 2], {"NextToken": token}, "Rows") == "InvalidNextToken"


def test_the_administrator_has_the_accounts_own_arn() -> None:
    assert support.shown(iam.ROOT) == "arn:aws:iam::123456789012:root"
    assert support.shown("arn:aws:iam::123456789012:role/r") == "arn:aws:iam::123456789012:role/r"
