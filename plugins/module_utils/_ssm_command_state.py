# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A command as options, as AWS answers it, and what its nodes came to. Pure.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html
"""

from __future__ import annotations

from typing import Any

from ansible_collections.nodecache.eks.plugins.module_utils._checks import (
    LONGEST_WAIT,
    check_count,
    check_length,
    check_number,
    check_text,
)
from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError
from ansible_collections.nodecache.eks.plugins.module_utils._rate_control import check_rate_control
from ansible_collections.nodecache.eks.plugins.module_utils._shape import from_api, to_api
from ansible_collections.nodecache.eks.plugins.module_utils._ssm_targets import (
    ALARM_CONFIGURATION,
    TARGETS,
    as_parameters,
    check_alarms,
    check_document,
    check_parameters,
    check_targets,
)
from ansible_collections.nodecache.eks.plugins.module_utils._state import is_empty

OPTIONS: dict[str, dict[str, Any]] = {
    "document_name": {"type": "str", "required": True},
    "document_version": {"type": "str"},
    "document_hash": {"type": "str"},
    "document_hash_type": {"type": "str", "choices": ["Sha256", "Sha1"]},
    "parameters": {"type": "dict"},
    "instance_ids": {"type": "list", "elements": "str"},
    "targets": TARGETS,
    "max_concurrency": {"type": "str"},
    "max_errors": {"type": "str"},
    "timeout_seconds": {"type": "int"},
    "comment": {"type": "str"},
    "output_s3_bucket_name": {"type": "str"},
    "output_s3_key_prefix": {"type": "str", "no_log": False},
    "output_s3_region": {"type": "str"},
    "cloud_watch_output_config": {
        "type": "dict",
        "options": {
            "cloud_watch_log_group_name": {"type": "str"},
            "cloud_watch_output_enabled": {"type": "bool"},
        },
    },
    "notification_config": {
        "type": "dict",
        "options": {
            "notification_arn": {"type": "str", "required": True},
            "notification_events": {
                "type": "list",
                "elements": "str",
                "choices": ["All", "InProgress", "Success", "TimedOut", "Cancelled", "Failed"],
            },
            "notification_type": {"type": "str", "choices": ["Command", "Invocation"]},
        },
    },
    "service_role_arn": {"type": "str"},
    "alarm_configuration": ALARM_CONFIGURATION,
}
_ANSWER: dict[str, dict[str, Any]] = {
    "command_id": {},
    "document_name": {},
    "document_version": {},
    "comment": {},
    "status": {},
    "target_count": {},
    "completed_count": {},
    "error_count": {},
    "delivery_timed_out_count": {},
    "requested_date_time": {},
    "expires_after": {},
    "output_s3_bucket_name": {},
    "output_s3_key_prefix": {},
    "triggered_alarms": {"options": {"name": {}, "state": {}}},
}
_NODE: dict[str, dict[str, Any]] = {
    "instance_id": {},
    "instance_name": {},
    "status": {},
    "standard_output_url": {},
    "standard_error_url": {},
}
_STEP: dict[str, dict[str, Any]] = {
    "name": {},
    "status": {},
    "response_code": {},
    "output": {},
    "standard_output_url": {},
    "standard_error_url": {},
}
_FAILED = ("Failed", "TimedOut", "Cancelled", "Cancelling")
# A command can succeed as a whole without these nodes.
_LEFT_OUT = ("Undeliverable", "InvalidPlatform", "AccessDenied", "Terminated")


def check_params(params: dict[str, Any]) -> None:
    """Refuse what Run Command would refuse."""
    check_document("document_name", params)
    check_parameters(params["parameters"])
    check_targets(params["targets"])
    check_count("targets", params["targets"], 1, 5)
    check_rate_control(params)
    check_alarms(params["alarm_configuration"])
    check_count("instance_ids", params["instance_ids"], 1, 50)
    for identifier in params["instance_ids"] or []:
        check_text("instance_ids", identifier, r"(?a:i-(\w{8}|\w{17})|mi-\w{17})", "ids such as i-0123456789abcdef0")
    check_number("timeout_seconds", params["timeout_seconds"], 30, 2_592_000)
    check_number("wait_timeout", params["wait_timeout"], 1, LONGEST_WAIT)
    check_length("comment", params["comment"], 0, 100)
    check_length("output_s3_bucket_name", params["output_s3_bucket_name"], 3, 63)
    check_length("output_s3_key_prefix", params["output_s3_key_prefix"], 0, 500)
    check_length("output_s3_region", params["output_s3_region"], 3, 20)
    width = 40 if params["document_hash_type"] == "Sha1" else 64
    check_text("document_hash", params["document_hash"], rf"[0-9a-fA-F]{{{width}}}", f"{width} hexadecimal digits")
    group = (params["cloud_watch_output_config"] or {}).get("cloud_watch_log_group_name")
    check_text(
        "cloud_watch_output_config: cloud_watch_log_group_name",
        group,
        r"[.\-_/#A-Za-z0-9]{1,512}",
        "1 to 512 letters, digits or any of . - _ / #",
    )
    if params["notification_config"] and not params["service_role_arn"]:
        raise NodecacheError("notification_config needs service_role_arn, the role that publishes the notifications.")


def build_request(params: dict[str, Any]) -> dict[str, Any]:
    """Return SendCommand's request."""
    request = to_api(OPTIONS, params)
    if "Parameters" in request:
        request["Parameters"] = as_parameters(request["Parameters"])
    if "DocumentHash" in request:
        request.setdefault("DocumentHashType", "Sha256")
    return {key: value for key, value in request.items() if not is_empty(value)}


def told(request: dict[str, Any]) -> dict[str, Any]:
    """Return what a request alone tells of the command."""
    return from_api(_ANSWER, request)


def result(command: dict[str, Any], invocations: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a command and its nodes as the module's user sees them."""
    return {
        **from_api(_ANSWER, command),
        "status_details": _details(command),
        "invocations": [_node(invocation) for invocation in invocations],
    }


def _details(answer: dict[str, Any]) -> str:
    # AWS prints some of these with spaces in its documentation and without in its answers.
    return str(answer.get("StatusDetails", "")).replace(" ", "")


def _node(invocation: dict[str, Any]) -> dict[str, Any]:
    steps = invocation.get("CommandPlugins") or []
    return {
        **from_api(_NODE, invocation),
        "status_details": _details(invocation),
        "response_code": steps[-1].get("ResponseCode", -1) if steps else -1,
        "output": "\n".join(step.get("Output") or "" for step in steps),
        "command_plugins": [{**from_api(_STEP, step), "status_details": _details(step)} for step in steps],
    }


def failure(command: dict[str, Any]) -> str | None:
    """Return a sentence about the nodes that failed, or None."""
    bad = [
        node
        for node in command["invocations"]
        if node["status"] in _FAILED or node["status_details"] in _LEFT_OUT
    ]
    nobody = command["status_details"] == "NoInstancesInTag"
    if not bad and (nobody or command["status"] not in _FAILED):
        return None
    seen = "; ".join(f"{node['instance_id']} {node['status_details']}: {node['output'].strip()[:300]}" for node in bad)
    return f"command '{command['command_id']}' ended {command['status_details']}: {seen or 'no node answered'}"
