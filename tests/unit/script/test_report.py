# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the node script says of the images that a node has."""

from __future__ import annotations

import json

from script_support import APP, A, B, C, Case, nodecache


class Report(Case):
    def test_without_images_it_lists_what_this_install_marked(self):
        for name in (APP + ":v1", APP + "@" + A):
            self.runtime.mark(name, A, 1)
        self.runtime.mark(APP + "@" + B, B, 1)
        self.runtime.hold(APP + ":foreign", C)
        report = self.run_script([""], action="report")
        self.assertEqual([entry["ref"] for entry in report["images"]], [APP + ":v1@" + A, APP + "@" + B])
        self.assertEqual(report["images"][0]["seconds"], 1.0)
        self.assertTrue(report["ok"])

    def test_it_names_the_expected_digest_of_a_moved_tag(self):
        self.runtime.hold(APP + ":v1", B)
        self.tags[APP + ":v1"] = A
        report = self.run_script([APP + ":v1"], action="report")
        self.assertEqual(report["images"][0]["expected"], A)
        self.assertFalse(report["ok"])

    def test_it_says_how_far_a_pull_is(self):
        self.runtime.fetching[A] = {"fetched": 30, "total": 100}
        entry = self.run_script([APP + ":v1@" + A], action="report")["images"][0]
        self.assertEqual((entry["cached"], entry["fetched"], entry["total"]), (False, 30, 100))
        self.assertNotIn("fetched", self.run_script([APP + ":v1@" + B], action="report")["images"][0])
        self.runtime.hold(APP + ":v1", A)
        self.runtime.hold(APP + "@" + A, A)
        self.assertNotIn("fetched", self.run_script([APP + ":v1@" + A], action="report")["images"][0])

    def test_it_never_exceeds_its_line(self):
        for count in (1, 5, 9, 40, 60):
            images = []
            for number in range(count):
                entry = {"ref": f"{APP}:v{number}@{A}", "digest": None, "cached": False, "pinned": False}
                images.append(dict(entry, size=None, source=None, seconds=None, error="no\n" * 400 + "é\U0001f600"))
            images[-1].update(cached=True, digest=A)
            line = nodecache.shorten({"v": 1, "images": images, "ok": False})
            self.assertLessEqual(len(line.encode()), 2400)
            self.assertNotIn("\n", line)
            report = json.loads(line)
            self.assertEqual(len(report["images"]) + report.get("omitted", 0), count)
            self.assertTrue(count == 1 or not report["images"][0]["cached"])
            self.assertEqual(report.get("missing", count - 1), count - 1)
