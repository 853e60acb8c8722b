# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a command on the controller and shows each line when it comes; a module can only show them at its end."""

from __future__ import annotations

import os
import subprocess
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

LAST_LINES = 20


class ActionModule(ActionBase):
    """Run C(argv), line by line."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _validated, args = self.validate_argument_spec(
            argument_spec={"argv": {"type": "list", "elements": "str", "required": True}}
        )
        if self._connection.transport != "local":
            raise AnsibleActionFail(
                f"connection is '{self._connection.transport}' but must be local: the output is shown as it comes."
            )
        if self._task.check_mode:
            return {**result, "changed": True, "rc": None, "stdout_lines": []}
        try:
            process = subprocess.Popen(
                args["argv"],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
        except OSError as error:
            # Ansible would tell a cause once more.
            raise AnsibleActionFail(f"argv: '{args['argv'][0]}' could not be started: {error.strerror}.") from None
        lines = []
        with process:
            for line in process.stdout or ():
                lines.append(line.rstrip())
                if lines[-1]:
                    self._display.display(f"  {lines[-1]}")
        result.update(changed=True, rc=process.returncode, stdout_lines=lines)
        if process.returncode:
            last = "\n".join(lines[-LAST_LINES:])
            result.update(failed=True, msg=f"'{args['argv'][0]}' ended with {process.returncode}: {last}")
        return result

    def _environment(self) -> dict[str, str]:
        environment = dict(os.environ)
        for part in self._task.environment or []:
            environment.update({key: str(value) for key, value in (self._templar.template(part) or {}).items()})
        return environment
