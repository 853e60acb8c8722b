"""Run Command's notifications: a message to an SNS topic for each change of status that was asked for.

https://docs.aws.amazon.com/systems-manager/latest/userguide/monitoring-sns-examples.html
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

from moto.sns.models import sns_backends

from lab.aws import iam

LOG = logging.getLogger(__name__)


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def _publish(run: Any, status: str, facts: dict[str, Any]) -> None:
    wanted, role = run.request["NotificationConfig"], run.request["ServiceRoleArn"]
    events, topic = wanted.get("NotificationEvents") or ["All"], wanted["NotificationArn"]
    if "All" not in events and status not in events:
        return
    region, account = topic.split(":")[3:5]
    found = sns_backends[account][region].topics.get(topic)
    try:
        iam.check(role, "sns:Publish", topic)
    except iam.Denied as denied:
        LOG.warning("command %s: no notification: %s", run.command_id, denied.message)
        return
    if found is None:
        LOG.warning("command %s: no notification: there is no topic %s", run.command_id, topic)
        return
    message = {
        "commandId": run.command_id,
        "documentName": run.document.name,
        **facts,
        "requestedDateTime": _stamp(run.requested),
        "status": status,
        "eventTime": _stamp(datetime.now(UTC)),
    }
    subject = f"EC2 Run Command Notification {region}"
    found.publish(json.dumps(message), subject=subject)


def changed(run: Any, invocation: Any) -> None:
    """Tell of an invocation's new status, and of the command's when it is another than before."""
    wanted = run.request.get("NotificationConfig") or {}
    if run.association or not wanted.get("NotificationArn"):
        return
    if wanted.get("NotificationType") == "Invocation":
        facts = {"instanceId": invocation.instance_id, "detailedStatus": invocation.details}
        _publish(run, invocation.status, facts)
        return
    status, details = run.outcome()
    if status != run.told:
        run.told = status
        _publish(run, status, {"instanceIds": list(run.invocations), "detailedStatus": details})
