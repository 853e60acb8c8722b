"""What the lab has none of: none is found by its id, and listing lists nothing.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Operations.html,
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Operations.html and
https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html, each operation's own errors
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from botocore import xform_name
from moto.core.utils import get_service_model

from lab.aws import absent


@pytest.mark.parametrize(("service", "code"), absent.MISSING, ids=lambda one: str(one))
def test_the_error_is_one_that_the_model_of_the_operation_lists(service: str, code: str) -> None:
    """https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetOpsItem.html, for one."""
    model = get_service_model(service)
    for name in absent.MISSING[service, code]:
        listed = {
            str(shape.metadata.get("error", {}).get("code", shape.name))
            for shape in model.operation_model(name).error_shapes
        }
        assert code in listed or code in {shape.name for shape in model.operation_model(name).error_shapes}, name


def some(shape: Any) -> Any:
    """Return a value that a model allows."""
    if shape.type_name == "structure":
        return {name: some(shape.members[name]) for name in shape.required_members}
    if shape.type_name == "list":
        return [some(shape.member)] * max(shape.metadata.get("min", 1), 1)
    if shape.type_name == "map":
        return {}
    if shape.type_name in ("integer", "long"):
        return max(shape.metadata.get("min", 1), 1)
    if getattr(shape, "enum", None):
        return shape.enum[0]
    pattern, low = shape.metadata.get("pattern"), max(shape.metadata.get("min", 1), 1)
    tries = ("x" * low, "1" * 36, "00000000-0000-0000-0000-000000000000", "mi-0123456789abcdef0", "i-0123456789abcdef0")
    tries += ("oi-0123456789ab", "aws.partner/a/b", "mw-0123456789abcdef0", "arn:aws:iam::123456789012:role/r")
    tries += ("arn:aws:ssm:us-east-1:123456789012:opsmetadata/a/b", "ACCA" + "0" * 17, "/ssm/x", "x" * 64)
    return next((one for one in tries if not pattern or re.fullmatch(pattern, one)), tries[0])


def test_all_of_them_say_so(lab: Any, refuses: Any) -> None:
    from lab.aws import query

    query.install()
    for (service, code), names in absent.MISSING.items():
        model = get_service_model(service)
        calls = [(code, xform_name(name), some(model.operation_model(name).input_shape)) for name in names]
        refuses.calls(service, calls)


def test_a_window_has_no_target_or_task_that_is_not_there(lab: Any, refuses: Any) -> None:
    given = {"Schedule": "rate(1 day)", "Duration": 2, "Cutoff": 1, "AllowUnassociatedTargets": False}
    window = lab.ssm.create_maintenance_window(Name="nightly", **given)["WindowId"]
    some = "01234567-89ab-cdef-0123-456789abcdef"
    target = {"WindowId": window, "WindowTargetId": some}
    task = {"WindowId": window, "WindowTaskId": some}
    calls = [
        ("DoesNotExistException", "deregister_target_from_maintenance_window", target),
        ("DoesNotExistException", "deregister_task_from_maintenance_window", task),
    ]
    refuses.calls("ssm", calls)


def test_what_the_lab_has_none_of_is_listed_as_nothing(lab: Any) -> None:
    assert lab.ssm.describe_activations()["ActivationList"] == []
    assert lab.client("events").list_endpoints()["Endpoints"] == []
