"""What EC2 says of the instance that a node runs on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lab import settings


@dataclass(frozen=True)
class Machine:
    """An instance as its metadata describes it; the defaults are those of the walkthrough's nodes."""

    zone: str = f"{settings.REGION}a"
    zone_id: str = "use1-az6"
    instance_type: str = "t3.medium"
    image: str = "ami-0abcdef1234567890"
    life_cycle: str = "on-demand"
    # The ARN of its instance profile; one that a person made is often called as its role is.
    profile: str = ""
    # None where the launch template does not let an instance read its tags, which is the default.
    tags: Mapping[str, str] | None = field(default=None)


# Asked anew each time, as tags change while an instance runs.
Tell = Callable[[], Machine]
