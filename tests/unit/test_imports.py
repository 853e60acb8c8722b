"""A task pays for every import, so no module loads more than amazon.aws's own do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

MODULES = sorted((Path(__file__).resolve().parents[2] / "plugins/modules").glob("*.py"))
SCRIPT = """
import importlib, json, sys
import ansible_collections.amazon.aws.plugins.modules.iam_role
# What is built into the interpreter is loaded already but for its name.
before, more = {*sys.modules, *sys.builtin_module_names}, {}
for name in sys.argv[1:]:
    importlib.import_module(f"ansible_collections.nodecache.eks.plugins.modules.{name}")
    mine = {loaded for loaded in sys.modules if loaded.startswith("ansible_collections.nodecache")}
    more[name] = sorted(set(sys.modules) - before - mine)
    before |= set(sys.modules)
print(json.dumps(more))
"""


def test_no_module_loads_what_the_iam_role_module_does_not():
    names = [path.stem for path in MODULES if "make_client" in path.read_text()]
    path = {"PYTHONPATH": ":".join(entry for entry in sys.path if entry)}
    done = subprocess.run([sys.executable, "-c", SCRIPT, *names], env=path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {name: [] for name in names}
