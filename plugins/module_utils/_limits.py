# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS's documentation allows and botocore's models leave open, by the names that the models give. Pure.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Target.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
"""

from __future__ import annotations

import re

_ROLE = (r"arn:aws[a-z-]*:iam::\d{12}:role/\S+", "be the ARN of a role")
_ARN = (r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:\d*:\S+", "be an ARN")
_REGION = (r"[a-z]{2,}(-[a-z]+)+-\d+", "be a region")
_TARGET_KEY = (
    r"InstanceIds|tag-key|tag:.+|resource-groups:(Name|ResourceTypeFilters)|ParameterValues|ResourceGroup|AWS::\S+",
    "be InstanceIds, tag:NAME, tag-key or resource-groups:Name, or for a runbook ParameterValues or ResourceGroup",
)
_LABEL_NAME = "[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?"
_LABEL_KEY = (
    rf"([a-z0-9.-]+/)?{_LABEL_NAME}",
    "be letters, digits or any of - _ . with a letter or a digit at both ends, and may begin with a domain and a /",
)
_LABEL_VALUE = (
    f"({_LABEL_NAME})?",
    "be letters, digits or any of - _ . with a letter or a digit at both ends",
)
_LIMITS = {
    "Account": (r"\d{12}|(ou|r)-[a-z0-9-]+", "be an account of 12 digits or the id of an organizational unit"),
    "AssociationDispatchAssumeRoleArn": _ROLE,
    "AttachmentsSourceValue": (r"[^\s\x00-\x1f\x7f]+", "have no spaces"),
    "AutomationTargetParameterName": (r"[A-Za-z0-9_.-]+", "be the name of a parameter"),
    "CalendarNameOrARN": (r"[A-Za-z0-9_.:/-]+", "be the name or the ARN of a calendar"),
    "CloudWatchLogGroupName": (r"[A-Za-z0-9._/#-]+", "have letters, digits or any of . _ / # - alone"),
    "DocumentKeyValuesFilterKey": (
        r"CloudProviders|DocumentType|Name|Owner|PlatformTypes|SearchKeyword|TargetType|tag:.+",
        "be CloudProviders, DocumentType, Name, Owner, PlatformTypes, SearchKeyword, TargetType or tag:NAME",
    ),
    "ImageTag": (r"[A-Za-z0-9_][A-Za-z0-9_.-]*", "be letters, digits or any of _ . - with none of . - at its start"),
    "MessageGroupId": ("[!-~]+", "be letters, digits or punctuation"),
    "NotificationArn": _ARN,
    "ParameterName": (r"[A-Za-z0-9_.:-]+", "be the name of a parameter"),
    "Region": _REGION,
    "RoleArn": _ROLE,
    "S3BucketName": (r"[A-Za-z0-9._-]+", "have letters, digits or any of . _ - alone"),
    "S3Region": _REGION,
    "ServiceRole": _ROLE,
    "TargetArn": _ARN,
    "TargetKey": _TARGET_KEY,
    "TargetMapKey": (r"[A-Za-z0-9_.-]+", "be the name of a parameter"),
    "TargetValue": (r"[^\x00-\x1f\x7f]+", "be text without control characters"),
    "TransformerInput": (r"(?s).*\S.*", "have more than spaces"),
    "labelKey": _LABEL_KEY,
    "labelValue": _LABEL_VALUE,
    "taintKey": _LABEL_KEY,
    "taintValue": _LABEL_VALUE,
}
# What a signed number of 32 bits holds; AWS has no larger one where it says integer.
_MOST = 2**31 - 1


def fits(name: str, value: object) -> bool:
    """Tell whether a value is one that AWS would take for the shape of that name."""
    if isinstance(value, int):
        return abs(value) <= _MOST
    return not isinstance(value, str) or name not in _LIMITS or bool(re.fullmatch(_LIMITS[name][0], value))


def allowed(name: str) -> str:
    """Say what is allowed beside what botocore's model says, to come after "must"; empty where that is all."""
    return _LIMITS[name][1] if name in _LIMITS else ""
