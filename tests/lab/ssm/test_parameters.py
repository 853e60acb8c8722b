"""Listing parameters: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeParameters.html"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError


def test_only_a_page_that_was_promised_is_given(lab: Any) -> None:
    for number in range(12):
        lab.ssm.put_parameter(Name=f"p{number}", Type="String", Value="v")
    first = lab.ssm.describe_parameters()
    assert len(lab.ssm.describe_parameters(NextToken=first["NextToken"])["Parameters"]) == 2
    with pytest.raises(ClientError, match="InvalidNextToken.*The specified token is not valid."):
        lab.ssm.describe_parameters(NextToken="bogus")
