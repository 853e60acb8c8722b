"""The lab's own clients: what is wrong with a request the API says, as to anybody else.

https://botocore.amazonaws.com/v1/documentation/api/latest/reference/config.html: parameter_validation.
"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab import settings


def test_a_name_that_botocore_would_not_send_reaches_the_api(lab: Any) -> None:
    with pytest.raises(ClientError, match="InvalidLaunchTemplateName.NotFoundException"):
        settings.client("ec2").describe_launch_template_versions(LaunchTemplateName="lt")
