# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A command as options, as AWS answers it, and what its nodes came to. Pure.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html
"""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.nodecache.eks.plugins.module_utils import _model
from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError, shown
from ansible_collections.nodecache.eks.plugins.module_utils._ssm_targets import (
    ALARM_CONFIGURATION,
    TARGETS,
    as_parameters,
    check_run,
)

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
_FAILED = ("Failed", "TimedOut", "Cancelled", "Cancelling")
# A command can succeed as a whole without these nodes.
_LEFT_OUT = ("Undeliverable", "InvalidPlatform", "AccessDenied", "Terminated")


def build_request(shape: Any, params: dict[str, Any]) -> dict[str, Any]:
    """Return SendCommand's request; refuse what Run Command would refuse."""
    check_run(params)
    for option in ("instance_ids", "targets"):
        if params[option] == []:
            raise NodecacheError(f"{option} is [] but must name nodes.")
    if params["notification_config"] and not params["service_role_arn"]:
        raise NodecacheError("notification_config needs service_role_arn, the role that publishes the notifications.")
    width = 40 if params["document_hash_type"] == "Sha1" else 64
    if params["document_hash"] is not None and not re.fullmatch(rf"[0-9a-fA-F]{{{width}}}", params["document_hash"]):
        raise NodecacheError(
            f"document_hash is {shown(params['document_hash'])} but must be {width} hexadecimal digits."
        )
    options = {option: params[option] for option in OPTIONS}
    options["parameters"] = as_parameters(options["parameters"])
    if params["document_hash"] is not None:
        options["document_hash_type"] = params["document_hash_type"] or "Sha256"
    request: dict[str, Any] = _model.to_request(shape, options)
    _model.check(shape, request)
    return request


def result(shape: Any, command: dict[str, Any], node: Any = None, invocations: Any = None) -> dict[str, Any]:
    """Return a command, or what a request tells of it, and its nodes as the module's user sees them."""
    told = _model.to_result(shape, {key: value for key, value in command.items() if value not in (None, "")})
    if node is None:
        return dict(told)
    return {
        **told,
        "status_details": _details(command),
        "invocations": [_node(node, invocation) for invocation in invocations],
    }


def _details(answer: dict[str, Any]) -> str:
    # AWS prints some of these with spaces in its documentation and without in its answers.
    return str(answer.get("StatusDetails", "")).replace(" ", "")


def _node(shape: Any, invocation: dict[str, Any]) -> dict[str, Any]:
    steps = invocation.get("CommandPlugins") or []
    told = _model.to_result(shape, invocation)
    step_shape = shape.members["CommandPlugins"].member
    return {
        **told,
        "status_details": _details(invocation),
        "response_code": steps[-1].get("ResponseCode", -1) if steps else -1,
        "output": "\n".join(step.get("Output") or "" for step in steps),
        "command_plugins": [{**_model.to_result(step_shape, step), "status_details": _details(step)} for step in steps],
    }


def failure(command: dict[str, Any]) -> str | None:
    """Return a sentence about the nodes that failed, or None."""
    bad = [node for node in command["invocations"] if node["status"] in _FAILED or node["status_details"] in _LEFT_OUT]
    nobody = command["status_details"] == "NoInstancesInTag"
    if not bad and (nobody or command["status"] not in _FAILED):
        return None
    seen = "; ".join(f"{node['instance_id']} {node['status_details']}: {node['output'].strip()[:300]}" for node in bad)
    return f"command '{command['command_id']}' ended {command['status_details']}: {seen or 'no node answered'}"
