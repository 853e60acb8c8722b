"""The Condition element of a policy.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

from typing import Any

import pytest

from lab.aws.iam.conditions import PolicyError, arn_matches, glob, lowered, met

CONDITIONS: list[tuple[str, Any, Any, bool]] = [
    ("StringEquals", "a", "a", True),
    ("StringEquals", "a", "A", False),
    ("StringEquals", ["b", "a"], "a", True),
    ("StringEquals", "a*", "ab", False),
    ("StringEquals", "a", None, False),
    ("StringEqualsIfExists", "a", None, True),
    ("StringEqualsIfExists", "a", "b", False),
    ("StringEqualsIgnoreCase", "a", "A", True),
    ("StringNotEquals", "a", "b", True),
    ("StringNotEquals", ["a", "b"], "b", False),
    ("StringNotEquals", "a", None, True),
    ("StringNotEqualsIgnoreCase", "a", "A", False),
    ("StringLike", "a*c?", "abbcd", True),
    ("StringLike", "a.c", "abc", False),
    ("StringNotLike", "a*", "abc", False),
    ("ArnEquals", "arn:aws:events:*:*:rule/push*", "arn:aws:events:us-east-1:1:rule/push-1", True),
    ("ArnLike", "arn:aws:events:*:rule/push", "arn:aws:events:us-east-1:1:rule/push", False),
    ("ArnEquals", "arn:aws:events:us-east-1:1:rule/push", "arn:aws:events:us-east-1:1:rule/pull", False),
    ("ArnNotLike", "arn:aws:events:*:*:rule/a", "arn:aws:events:us-east-1:1:rule/b", True),
    ("NumericLessThan", "10", "9.5", True),
    ("NumericLessThanEquals", 10, "10", True),
    ("NumericGreaterThan", "10", "10", False),
    ("NumericEquals", "10", "ten", False),
    ("NumericNotEquals", "10", "11", True),
    ("DateLessThan", "2026-01-01T00:00:00Z", "2025-12-31T23:59:59Z", True),
    ("DateGreaterThan", "2026-01-01T00:00:00Z", "2025-12-31T23:59:59Z", False),
    ("DateGreaterThanEquals", "1767225600", "2026-01-01T00:00:00Z", True),
    ("Bool", True, "true", True),
    ("Bool", "false", "true", False),
    ("BoolIfExists", "true", None, True),
    ("IpAddress", "10.0.0.0/8", "10.1.2.3", True),
    ("IpAddress", ["192.0.2.0/24", "2001:db8::/32"], "2001:db8::1", True),
    ("NotIpAddress", "10.0.0.0/8", "10.1.2.3", False),
    ("Null", "true", None, True),
    ("Null", "false", None, False),
    ("Null", "false", "a", True),
    ("ForAllValues:StringEquals", ["a", "b"], ["a"], True),
    ("ForAllValues:StringEquals", ["a"], ["a", "b"], False),
    ("ForAllValues:StringEquals", ["a"], None, True),
    ("ForAnyValue:StringEquals", ["a"], ["a", "b"], True),
    ("ForAnyValue:StringEquals", ["c"], ["a", "b"], False),
    ("ForAnyValue:StringEquals", ["a"], None, False),
    ("ForAnyValue:StringNotEquals", ["a"], ["a", "b"], True),
    ("ForAnyValue:StringNotEquals", ["a"], None, False),
]


@pytest.mark.parametrize(("operator", "wanted", "given", "expected"), CONDITIONS)
def test_condition_operators(operator: str, wanted: Any, given: Any, expected: bool) -> None:
    context = {} if given is None else {"ssm:resourceTag/KEY": given}
    assert met({operator: {"ssm:ResourceTag/key": wanted}}, lowered(context)) is expected


def test_all_operators_and_keys_have_to_hold() -> None:
    both = {"StringEquals": {"a": "1", "b": "2"}, "Bool": {"c": "true"}}
    assert met(both, lowered({"a": "1", "b": "2", "c": "true"}))
    assert not met(both, lowered({"a": "1", "b": "2", "c": "false"}))
    assert not met(both, lowered({"a": "1", "c": "true"}))


def test_an_operator_nobody_knows_is_not_passed_over() -> None:
    with pytest.raises(PolicyError, match="StringMatches"):
        met({"StringMatches": {"a": "1"}}, {})


def test_patterns_are_no_regular_expressions() -> None:
    assert glob("a+(b)", "a+(b)")
    assert not glob("a+", "aa")
    assert not arn_matches("arn:aws:ec2", "arn:aws:ec2:us-east-1:1:instance/i-1")
