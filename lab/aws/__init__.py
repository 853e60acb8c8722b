"""What the lab adds to moto: each module here patches one service when it is installed."""

from __future__ import annotations

import importlib

MODULES = (
    "validation",
    "query",
    "faults",
    "iam",
    "iam.managed",
    "iam.checks",
    "iam.simulate",
    "iam.sts",
    "ssm.documents",
    "ssm.document_lists",
    "ssm.commands",
    "ssm.command_lists",
    "ssm.associations",
    "ssm.association_history",
    "ssm.instances",
    "ssm.instance_properties",
    "ssm.parameters",
    "ssm.patching",
    "ssm.sessions",
    "ssm.windows",
    "ssm.automation",
    "queues",
    "alarms",
    "scaling",
    "topics",
    "events",
    "absent",
    "ecr",
    "eks",
    "ec2.checks",
)


def install_all() -> None:
    """Patch every service of moto that the lab extends."""
    for name in MODULES:
        importlib.import_module(f"{__name__}.{name}").install()
