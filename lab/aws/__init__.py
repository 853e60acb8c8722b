"""What the lab adds to moto: each module here patches one service when it is installed."""

from __future__ import annotations

import importlib

MODULES = (
    "validation",
    "query",
    "faults",
    "iam",
    "iam_checks",
    "sts",
    "ssm_documents",
    "ssm_document_lists",
    "ssm_commands",
    "ssm_command_lists",
    "ssm_associations",
    "ssm_association_history",
    "ssm_instances",
    "ssm_instance_properties",
    "ssm_parameters",
    "ssm_patching",
    "ssm_sessions",
    "automation",
    "events",
    "absent",
    "ecr",
    "eks",
)


def install_all() -> None:
    """Patch every service of moto that the lab extends."""
    for name in MODULES:
        importlib.import_module(f"{__name__}.{name}").install()
