"""Checks in front of moto's operations, and the model of a whole service.

https://docs.aws.amazon.com/autoscaling/ec2/APIReference/CommonErrors.html
"""

from __future__ import annotations

from typing import Any

import pytest
from moto.autoscaling.exceptions import ValidationError
from moto.core.responses import BaseResponse

from lab.aws import guard


class Service(BaseResponse):
    """Stands in for one of moto's, which has parsed a request."""

    def __init__(self, **params: Any) -> None:
        self.params = params

    def describe_warm_pool(self) -> str:
        return "done"


@pytest.fixture(name="service")
def service_fixture() -> type[Service]:
    return type("Own", (Service,), {"describe_warm_pool": Service.describe_warm_pool})


def test_each_check_is_made_once_however_often_it_is_asked_for(service: type[Service]) -> None:
    seen: list[str] = []

    def first(_self: Any, params: Any) -> None:
        seen.append(f"first {params['MaxRecords']}")

    def second(_self: Any, params: Any) -> None:
        seen.append("second")

    for checks in ((first,), (first, second), (second,)):
        guard.before(service, "DescribeWarmPool", *checks)
    assert service(MaxRecords=5).describe_warm_pool() == "done"
    assert seen == ["first 5", "second"]


def test_an_operation_that_moto_has_not_is_left_out(service: type[Service]) -> None:
    guard.before(service, "StartInstanceRefresh", lambda _self, _params: None)
    assert not hasattr(service, "start_instance_refresh")


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({}, "1 validation error detected: Value null at 'autoScalingGroupName' failed"),
        ({"AutoScalingGroupName": "\x01" * 256}, "2 validation errors detected"),
        ({"AutoScalingGroupName": "\x01"}, "Member must satisfy regular expression pattern"),
    ],
)
def test_a_request_is_held_against_the_model(service: type[Service], params: dict[str, Any], said: str) -> None:
    guard.by_model(service, "autoscaling", ValidationError)
    with pytest.raises(ValidationError) as refused:
        service(**params).describe_warm_pool()
    # A character outside the first plane is one, though the model writes two.
    assert service(AutoScalingGroupName="group \U0001f600").describe_warm_pool() == "done"
    assert said in str(refused.value.message)
