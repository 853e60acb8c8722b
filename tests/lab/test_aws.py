"""Moto, extended: everything that the lab adds is installed, once and in any order of use.

Which operations a service has is botocore's model, as on
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Operations.html and each other service's page.
"""

from __future__ import annotations

import importlib
import pkgutil

import lab.aws
from lab.aws import install_all


def test_whatever_can_be_installed_is() -> None:
    """A module with an ``install`` is in the list, or another module's ``install`` calls it."""
    found = {one.name.removeprefix("lab.aws.") for one in pkgutil.walk_packages(lab.aws.__path__, "lab.aws.")}
    able = {name for name in found if hasattr(importlib.import_module(f"lab.aws.{name}"), "install")}
    called: set[str] = set()
    for name in able:
        module = importlib.import_module(f"lab.aws.{name}")
        names = module.install.__code__.co_names
        used = {name: value for name, value in vars(module).items() if name in names}
        called |= {getattr(value, "__name__", "").removeprefix("lab.aws.") for value in used.values()}
        called |= {f"{name.partition('.')[0]}.{one}" for one in names}
    assert able - set(lab.aws.MODULES) - called == set()


def test_installing_twice_changes_nothing() -> None:
    from moto.core.responses import BaseResponse
    from moto.events.responses import EventsHandler
    from moto.iam.responses import IamResponse
    from moto.ssm.responses import SimpleSystemManagerResponse

    def answers() -> list[object]:
        owners = (BaseResponse, EventsHandler, IamResponse, SimpleSystemManagerResponse)
        # What an operation of Systems Manager is answered by is made anew, around the same handler.
        return [
            getattr(value, "__code__", value) for owner in owners for value in vars(owner).values() if callable(value)
        ]

    install_all()
    first = answers()
    install_all()
    assert answers() == first
