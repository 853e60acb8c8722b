"""CloudWatch's alarms and metrics: what PutMetricAlarm and its neighbours refuse and moto takes.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html and
API_GetMetricStatistics.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from moto.cloudwatch.exceptions import (
    CloudWatchException,
    InvalidParameterCombination,
    InvalidParameterValue,
    ValidationError,
)
from moto.cloudwatch.responses import CloudWatchResponse

from lab.aws import guard

# Shorter than a minute; everything else is whole minutes.
SHORT = (10, 20, 30)
MISSING = ("breaching", "notBreaching", "ignore", "missing")
LOW_SAMPLES = ("evaluate", "ignore")
DAY, WEEK = 86400, 604800
OF_ONE_METRIC = ("Namespace", "MetricName", "Dimensions", "Period", "Unit", "Statistic", "ExtendedStatistic")
_EXTENDED = re.compile(r"(p|tm|tc|ts|wm)\d{1,2}(\.\d+)?|p100|IQM|(PR|TC|TM|TS|WM)\([\d.]*%?:[\d.]*%?\)")
ACTIONS = ("AlarmActions", "OKActions", "InsufficientDataActions")


def _period(period: int) -> None:
    if period not in SHORT and (period <= 0 or period % 60):
        raise ValidationError(f"Period must be 10, 20, 30 or a multiple of 60, and is {period}.")


def _of_a_metric(params: Mapping[str, Any]) -> None:
    statistics = [name for name in ("Statistic", "ExtendedStatistic") if params.get(name)]
    if len(statistics) != 1:
        raise ValidationError("Exactly one of Statistic and ExtendedStatistic must be specified.")
    if params.get("ExtendedStatistic") and not _EXTENDED.fullmatch(params["ExtendedStatistic"]):
        said = f"The value {params['ExtendedStatistic']} for parameter ExtendedStatistic is not supported."
        raise InvalidParameterValue(said)
    for name in ("Namespace", "Period"):
        if not params.get(name):
            raise ValidationError(f"{name} is required for an alarm on a metric.")
    _period(params["Period"])
    # A day, or a week where each period is an hour at least.
    longest = WEEK if params["Period"] >= 3600 else DAY
    if params["Period"] * params["EvaluationPeriods"] > longest:
        raise ValidationError(f"Metrics cannot be checked across more than {longest} seconds.")


def check_alarm(_self: CloudWatchResponse, params: Mapping[str, Any]) -> None:
    """Refuse an alarm whose parts do not fit."""
    if params.get("AlarmRule") or params.get("EvaluationCriteria"):
        return
    metrics, name = params.get("Metrics"), params.get("MetricName")
    if bool(metrics) == bool(name):
        raise ValidationError("Exactly one of MetricName and Metrics must be specified.")
    if metrics and any(params.get(one) for one in OF_ONE_METRIC):
        raise ValidationError(f"With Metrics none of {', '.join(OF_ONE_METRIC)} may be specified.")
    if not params.get("EvaluationPeriods"):
        raise ValidationError("EvaluationPeriods is required.")
    if not params.get("ComparisonOperator"):
        raise ValidationError("ComparisonOperator is required.")
    if name:
        _of_a_metric(params)
    if (params.get("Threshold") is None) == (params.get("ThresholdMetricId") is None):
        raise ValidationError("Exactly one of Threshold and ThresholdMetricId must be specified.")
    if params.get("DatapointsToAlarm", 1) > params["EvaluationPeriods"]:
        raise ValidationError("DatapointsToAlarm must not be more than EvaluationPeriods.")
    for one, allowed in (("TreatMissingData", MISSING), ("EvaluateLowSampleCountPercentile", LOW_SAMPLES)):
        if params.get(one) is not None and params[one] not in allowed:
            options = f"{', '.join(allowed[:-1])} and {allowed[-1]}"
            said = f"Option {params[one]} is not supported. Supported options for parameter {one} are {options}."
            raise ValidationError(said)
    for arn in (arn for kind in ACTIONS for arn in params.get(kind) or []):
        if len(arn.split(":", 5)) < 6 or not arn.startswith("arn:"):
            raise ValidationError(f"Invalid arn syntax: {arn}")


def check_statistics(_self: CloudWatchResponse, params: Mapping[str, Any]) -> None:
    """Refuse a period that is none, and statistics of neither kind."""
    if params["Period"] not in (1, 5, *SHORT) and params["Period"] % 60:
        raise InvalidParameterValue("The parameter Period must be a multiple of 60, or 1, 5, 10, 20 or 30.")
    if not params.get("Statistics") and not params.get("ExtendedStatistics"):
        raise InvalidParameterCombination("Must specify either Statistics or ExtendedStatistics")


def check_listing(_self: CloudWatchResponse, params: Mapping[str, Any]) -> None:
    """Refuse a token that no listing of moto's gives, and names with a prefix of names."""
    if params.get("NextToken"):
        raise CloudWatchException("InvalidNextToken", "The next token specified is invalid.")
    if params.get("AlarmNames") and params.get("AlarmNamePrefix"):
        raise InvalidParameterCombination("AlarmNames and AlarmNamePrefix must not both be specified.")


def install() -> None:
    """Check requests in front of moto."""
    guard.by_model(CloudWatchResponse, "cloudwatch", ValidationError)
    for operation, check in (
        ("PutMetricAlarm", check_alarm),
        ("GetMetricStatistics", check_statistics),
        ("DescribeAlarms", check_listing),
    ):
        guard.before(CloudWatchResponse, operation, check)
