# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that Run Command and State Manager share."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  document_version:
    description: The document's version, V($DEFAULT), V($LATEST) or a number.
    type: str
  parameters:
    description:
      - The document's parameters, a list of strings each; a single value is a list of one.
      - What is neither text nor a list is passed as JSON, as parameters of type Boolean or StringMap want it.
    type: dict
  targets:
    description: The nodes to run on, at most five entries that must all match.
    type: list
    elements: dict
    suboptions:
      key:
        description: V(InstanceIds), V(tag-key), V(resource-groups:Name) or V(tag:NAME).
        type: str
        required: true
      values:
        description: At most 50 values, one of which must match.
        type: list
        elements: str
        required: true
  max_concurrency:
    description: How many nodes run at a time, a number or a percentage.
    type: str
  max_errors:
    description: How many nodes may fail before no further one is started, a number or a percentage.
    type: str
  alarm_configuration:
    description: The CloudWatch alarm that stops the run.
    type: dict
    suboptions:
      alarms:
        description: The alarm, exactly one.
        type: list
        elements: dict
        suboptions:
          name:
            description: The alarm's name.
            type: str
            required: true
      ignore_poll_alarm_failure:
        description: Whether to run on when the alarm's state cannot be read.
        type: bool
"""
