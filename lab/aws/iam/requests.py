"""Requests that are authorised here, because a role or user of its own makes them.

Actions, resources and condition keys:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import BaseResponse

from lab.aws import iam

Guard = Callable[[BaseResponse, str, Mapping[str, Any]], None]
_original = BaseResponse._authenticate_and_authorize_normal_action


def _put_targets(response: BaseResponse, caller: str, params: Mapping[str, Any]) -> None:
    for target in params["Targets"]:
        if target.get("RoleArn"):
            iam.pass_role(caller, target["RoleArn"], "events.amazonaws.com")


def _put_rule(response: BaseResponse, caller: str, params: Mapping[str, Any]) -> None:
    if params.get("RoleArn"):
        iam.pass_role(caller, params["RoleArn"], "events.amazonaws.com")


GUARDS: dict[tuple[str, str], Guard] = {
    ("events", "PutTargets"): _put_targets,
    ("events", "PutRule"): _put_rule,
}


def _authorize(self: BaseResponse, resource: str = "*") -> None:
    mine = self.service_name in {service for service, _ in GUARDS}
    guard = GUARDS.get((self.service_name or "", self._get_action())) if mine else None
    if guard is not None:
        try:
            guard(self, iam.caller(self.get_access_key()), json.loads(self.body or "{}"))
        except iam.Denied as no:
            raise JsonRESTError(no.code, no.message) from no
    _original(self, resource)


def install() -> None:
    """Authorise these requests where moto authenticates."""
    BaseResponse._authenticate_and_authorize_normal_action = _authorize  # type: ignore[method-assign]
