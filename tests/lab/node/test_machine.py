"""What a node knows of its instance when nobody says otherwise.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/work-with-tags-in-IMDS.html: tags are told only where they are let.
"""

from __future__ import annotations

import dataclasses

import pytest

from lab import settings
from lab.node.machine import Machine


def test_a_machine_is_the_walkthroughs_unless_it_is_said():
    machine = Machine()
    assert (machine.zone, machine.instance_type, machine.life_cycle) == ("us-east-1a", "t3.medium", "on-demand")
    assert machine.zone[:-1] == settings.REGION
    assert machine.tags is None


def test_what_was_told_stays_as_it_was():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Machine().zone = "us-east-1b"
