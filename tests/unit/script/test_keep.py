# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the node script keeps, and what it lets go of."""

from __future__ import annotations

import json
import threading

from script_support import APP, HOST, PIN, A, B, C, Case, D, nodecache


class Keep(Case):
    def setUp(self):
        super().setUp()
        for tag, digest, stamp in (("v1", A, 1), ("v2", B, 2)):
            for name in (APP + ":" + tag, APP + "@" + digest):
                self.runtime.mark(name, digest, stamp)
        self.runtime.remote[APP + ":v3"] = C

    def left(self):
        return sorted(self.runtime.names)

    def test_the_oldest_goes(self):
        self.run_script([APP + ":v3@" + C], keep=2)
        self.assertEqual(self.left(), sorted([APP + ":v2", APP + "@" + B, APP + ":v3", APP + "@" + C]))

    def test_nothing_set_keeps_all(self):
        self.run_script([APP + ":v3@" + C], keep=0)
        self.assertEqual(len(self.left()), 6)

    def test_each_reference_has_its_own_keep(self):
        self.runtime.remote[APP + ":w1"] = C
        self.run_script([APP + ":w1@" + C], keep=1, wanted={APP + ":v*": 2, APP + ":w*": 1})
        self.assertEqual(len(self.left()), 6)
        self.run_script([APP + ":v2@" + B], keep=2, wanted={APP + ":v*": 1, APP + ":w*": 1})
        self.assertNotIn(APP + ":v1", self.left())
        self.assertIn(APP + ":w1", self.left())

    def test_an_image_that_is_left_alone_pushes_nothing_out(self):
        for ref in (f"{APP}:w1@{C}", f"{HOST}/other:v1@{C}"):
            report = self.run_script([ref], keep=1, wanted={APP + ":v*": 5})
            self.assertIn("does not want", report["images"][0]["skipped"])
            self.assertEqual(len(self.left()), 4)

    def test_what_was_asked_for_last_stays(self):
        self.run_script([APP + ":v1@" + A], keep=1, source="command")
        self.assertEqual(self.left(), [APP + ":v1", APP + "@" + A])

    def test_what_a_container_uses_stays(self):
        for used in ("id-" + A, APP + ":v1"):
            self.runtime.in_use = {used}
            self.run_script([APP + ":v3@" + C], keep=1)
            self.assertIn(APP + ":v1", self.left())
            self.assertEqual(self.runtime.names[APP + ":v1"][1][PIN], "pinned")
            self.assertNotIn(APP + ":v2", self.left())

    def test_what_is_not_ours_stays(self):
        self.runtime.hold(APP + ":foreign", "sha256:f")
        self.runtime.mark(APP + ":other", "sha256:e", 1, install="other")
        self.runtime.mark(APP + "-two:v1", "sha256:d", 1)
        self.runtime.mark(APP + ":moved", "sha256:c", 1)
        self.runtime.names[APP + ":moved"][0] = "sha256:9"
        before = json.dumps(self.runtime.names[APP + ":moved"])
        self.run_script([APP + ":v3@" + C], keep=1)
        kept = {APP + ":foreign", APP + ":other", APP + "-two:v1", APP + ":moved"}
        self.assertEqual(kept - set(self.left()), set())
        self.assertEqual(json.dumps(self.runtime.names[APP + ":moved"]), before)

    def test_what_another_brought_is_only_let_go_of(self):
        self.runtime.hold(HOST + "/mirror:v1", A)
        self.runtime.mark(APP + ":v2", B, 2, seconds="")
        self.runtime.mark(APP + "@" + B, B, 2, seconds="")
        self.run_script([APP + ":v3@" + C], keep=1)
        for name in (APP + ":v1", APP + ":v2"):
            self.assertEqual(self.runtime.names[name][1], {})

    def test_another_installs_pin_stays(self):
        self.runtime.names[APP + ":v1"][1]["nodecache.eks/other"] = "event:1.00:1:aaaaaaaaaaaa"
        self.run_script([APP + ":v3@" + C], keep=1)
        self.assertEqual(set(self.runtime.names[APP + ":v1"][1]), {PIN, "nodecache.eks/other"})

    def test_a_pin_that_was_there_before_is_not_taken_over(self):
        self.runtime.names = {APP + ":v3": [C, {PIN: "pinned"}], APP + "@" + C: [C, {PIN: "pinned"}]}
        for action in ("prefetch", "release"):
            report = self.run_script([APP + ":v3@" + C], action=action)
            self.assertEqual((report["ok"], report["images"][0]["source"]), (True, None))
        self.assertEqual(self.runtime.names[APP + ":v3"], [C, {PIN: "pinned"}])

    def test_an_association_lets_go_of_what_is_wanted_no_more(self):
        for name in (HOST + "/gone:v1", HOST + "/gone@" + C):
            self.runtime.mark(name, C, 3)
        self.run_script([APP + ":v2@" + B], source="association", wanted={APP: 2})
        self.assertEqual(len(self.left()), 4)
        self.runtime.mark(HOST + "/gone:v1", C, 3)
        self.run_script([APP + ":v2@" + B], source="event", wanted={APP: 2})
        self.assertIn(HOST + "/gone:v1", self.left())

    def test_release_lets_go_of_all_of_this_install(self):
        self.runtime.mark(APP + ":other", C, 1, install="other")
        self.runtime.in_use = {"id-" + B}
        report = self.run_script([""], action="release")
        self.assertTrue(report["ok"])
        self.assertEqual(self.left(), sorted([APP + ":v2", APP + "@" + B, APP + ":other"]))
        self.assertEqual(self.runtime.names[APP + ":v2"][1], {})
        self.assertEqual([entry["cached"] for entry in report["images"]], [False, True])

    def test_what_could_not_be_let_go_of_is_told_beside_what_was_pulled(self):
        def refused(group, verb, *arguments):
            if verb == "rm":
                raise nodecache.Failure("busy")
            return done(group, verb, *arguments)

        done = self.runtime.ctr
        self.replace("ctr", refused, self.runtime)
        self.runtime.mark(HOST + "/gone:v1", D, 3)
        report = self.run_script([APP + ":v3@" + C], source="association", wanted={APP: 5})
        self.assertEqual((report["ok"], report["images"][0]["cached"]), (False, True))
        self.assertIn("busy", report["error"])

    def test_a_tag_that_moved_on_still_counts_with_its_own(self):
        self.runtime.remote[APP + ":w1"] = B
        self.run_script([APP + ":w1@" + C], wanted={APP + ":v*": 1, APP + ":w*": 9})
        self.assertEqual(len(self.left()), 5)

    def test_release_waits_for_the_whole_of_a_run_that_still_pulls(self):
        others = [f"{HOST}/other{number}" for number in range(2)]
        self.runtime.remote.update({name + ":v1": C for name in others})
        pulling, released, pull = threading.Event(), threading.Event(), self.runtime.pull

        def slow(*arguments):
            pulling.set()
            # A release that does not wait is done by then.
            released.wait(0.3)
            pull(*arguments)

        self.replace("pull", slow, self.runtime)
        self.kubelet = {"serializeImagePulls": True}
        run = threading.Thread(target=self.run_script, args=([f"{name}:v1@{C}" for name in others],))
        run.start()
        pulling.wait()
        # The install wants neither any more.
        self.assertTrue(self.run_script([name + ":v1" for name in others], action="release", wanted={APP: 2})["ok"])
        released.set()
        run.join()
        self.assertEqual([name for name in self.left() if not name.startswith(APP)], [])

    def test_release_of_one_image_leaves_the_others(self):
        self.run_script([APP + ":v1"], action="release")
        self.assertEqual(self.left(), [APP + ":v2", APP + "@" + B])
