"""CloudWatch's wrong alarms, and the code each is refused with.

Limits are botocore's model; the rest is
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

V = "ValidationError"
TOPIC = "arn:aws:sns:us-east-1:123456789012:topic"
RIGHT = {
    "AlarmName": "alarm",
    "Namespace": "AWS/Events",
    "MetricName": "FailedInvocations",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "AlarmActions": [TOPIC],
}
QUERY = {"Id": "a", "Expression": "1", "ReturnData": True}
WRONG: list[tuple[str, dict[str, Any]]] = [
    *((V, {"AlarmName": name}) for name in ("", "x" * 256)),
    *(
        (V, {name: None})
        for name in (
            *("Namespace", "MetricName", "Statistic", "Period", "EvaluationPeriods", "Threshold"),
            "ComparisonOperator",
        )
    ),
    (V, {"ComparisonOperator": "Above"}),
    (V, {"Statistic": "Mean"}),
    (V, {"Unit": "Apples"}),
    (V, {"ExtendedStatistic": "p90"}),
    ("InvalidParameterValue", {"Statistic": None, "ExtendedStatistic": "median"}),
    *((V, {"Period": seconds}) for seconds in (0, 15, 45, 61)),
    (V, {"EvaluationPeriods": 0}),
    (V, {"Period": 60, "EvaluationPeriods": 1441}),
    (V, {"Period": 86400, "EvaluationPeriods": 8}),
    *((V, {"DatapointsToAlarm": many}) for many in (0, 2)),
    (V, {"TreatMissingData": "ignored"}),
    (V, {"EvaluateLowSampleCountPercentile": "maybe"}),
    (V, {"AlarmActions": ["topic"]}),
    (V, {"OKActions": [TOPIC] * 6}),
    (V, {"AlarmDescription": "x" * 1025}),
    (V, {"Dimensions": [{"Name": f"d{number}", "Value": "x"} for number in range(31)]}),
    (V, {"Namespace": ":x"}),
    (V, {"Metrics": [QUERY]}),
    (V, {"ThresholdMetricId": "a"}),
]
SPAN = {"Namespace": "n", "MetricName": "m", "StartTime": 1e9, "EndTime": 1.1e9}


@pytest.fixture(autouse=True)
def _installed(lab: Any) -> None:
    from lab.aws import alarms

    alarms.install()


def test_every_wrong_alarm_is_refused(lab: Any, refuses: Any) -> None:
    refuses.changes("cloudwatch", "put_metric_alarm", RIGHT, WRONG)
    assert lab.client("cloudwatch").describe_alarms()["MetricAlarms"] == []


def test_every_other_wrong_call_is_refused(refuses: Any) -> None:
    calls = [
        (V, "describe_alarms", {"MaxRecords": 101}),
        (V, "describe_alarms", {"StateValue": "FINE"}),
        ("InvalidNextToken", "describe_alarms", {"NextToken": "x"}),
        ("InvalidParameterCombination", "describe_alarms", {"AlarmNames": ["a"], "AlarmNamePrefix": "a"}),
        ("InvalidParameterValue", "get_metric_statistics", {**SPAN, "Period": 45, "Statistics": ["Sum"]}),
        ("InvalidParameterCombination", "get_metric_statistics", {**SPAN, "Period": 60}),
    ]
    refuses.calls("cloudwatch", calls)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"ExtendedStatistic": "90", "Statistic": None},
            "The value 90 for parameter ExtendedStatistic is not supported.",
        ),
        (
            {"EvaluateLowSampleCountPercentile": "unknown"},
            "Option unknown is not supported. Supported options for parameter EvaluateLowSampleCountPercentile are "
            "evaluate and ignore.",
        ),
    ],
)
def test_a_wrong_option_is_named(lab: Any, change: dict[str, Any], said: str) -> None:
    """https://github.com/getmoto/moto/blob/master/tests/test_cloudwatch/test_cloudwatch.py has CloudWatch's words."""
    given = {key: value for key, value in (RIGHT | change).items() if value is not None}
    with pytest.raises(ClientError) as refused:
        lab.client("cloudwatch").put_metric_alarm(**given)
    assert refused.value.response["Error"]["Message"] == said


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"Period": 10},
        {"Period": 86400, "EvaluationPeriods": 7},
        {"Statistic": None, "ExtendedStatistic": "p99.9"},
        {"EvaluationPeriods": 3, "DatapointsToAlarm": 2, "TreatMissingData": "notBreaching"},
        {
            **dict.fromkeys(("Namespace", "MetricName", "Statistic", "Period")),
            "Metrics": [QUERY],
        },
    ],
)
def test_a_right_alarm_is_taken(lab: Any, change: dict[str, Any]) -> None:
    given = {key: value for key, value in (RIGHT | change).items() if value is not None}
    client = lab.client("cloudwatch")
    client.put_metric_alarm(**given)
    assert [one["AlarmName"] for one in client.describe_alarms()["MetricAlarms"]] == ["alarm"]
