# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: command_with_progress
version_added: 1.0.0
short_description: Run a command on the controller and show each line as it comes
description:
  - Runs a command that takes long, as an image build does, and shows what it prints while it runs.
  - No shell is involved. The command runs on the controller, so the connection has to be C(local).
author:
  - nodecache.eks contributors (@nodecache)
options:
  argv:
    description: The command and its arguments.
    type: list
    elements: str
    required: true
attributes:
  check_mode:
    description: Can run in C(check_mode) and predicts the result without changing anything.
    support: full
  diff_mode:
    description: Shows what changed, or would change, under C(--diff).
    support: none
  action:
    description: This is an action plugin, which runs on the controller.
    support: full
"""

EXAMPLES = r"""
- name: Build an image and see its steps
  nodecache.eks.command_with_progress:
    argv: [podman, build, --tag, localhost/app:1.0.0, /src/app]
"""

RETURN = r"""
rc:
  description: The command's exit code; null in check mode.
  returned: always
  type: int
  sample: 0
stdout_lines:
  description: What the command printed, errors among it.
  returned: always
  type: list
  elements: str
  sample: [building, built]
"""
