"""What the tests of several services do alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError


def code(call: Callable[..., Any], **arguments: Any) -> str:
    """Make a call that AWS refuses, and return the code it is refused with."""
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return str(refused.value.response["Error"]["Code"])
