# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One repository that is wanted in several ways, and what changes while a run is at work."""

from __future__ import annotations

from script_support import APP, HOST, A, B, C, Case, D, nodecache

PROD, DEV = APP + ":prod", APP + ":dev"


class Prod(Case):
    def here(self, *images):
        """Have images on the node: tag or none, digest and when it was pushed."""
        for tag, digest, pushed in images:
            for name in [APP + ":" + tag] * bool(tag) + [APP + "@" + digest]:
                self.runtime.mark(name, digest, pushed)

    def event(self, tag, digest, second, wanted):
        self.runtime.remote.setdefault(f"{APP}:{tag}", digest)
        pushed = f"1970-01-01T00:00:{second:02}Z"
        return self.run_script([f"{APP}:{tag}@{digest}"], pushed=pushed, wanted=wanted)["images"][0]

    def left(self):
        return {digest for digest, _labels in self.runtime.names.values()}


class Rules(Prod):
    def test_what_one_reference_keeps_no_other_takes(self):
        for wanted in ({APP: 1, APP + ":v*": 3}, {APP + ":v*": 3, APP: 1}):
            self.here(("v1", A, 1), ("v2", B, 2), ("w1", D, 3))
            self.assertTrue(self.event("v3", C, 4, wanted)["cached"])
            self.assertEqual(self.left(), {A, B, C})

    def test_an_event_is_late_only_for_whoever_keeps_newer_ones(self):
        self.here(("v1", A, 1), ("w2", B, 5))
        entry = self.event("v2", C, 4, {APP: 1, APP + ":v*": 2})
        self.assertTrue(entry["cached"], entry)
        self.assertEqual(self.left(), {A, B, C})

    def test_a_digest_that_is_wanted_stays_beside_the_tags_newest(self):
        for wanted in ({APP + "@" + A: 1, PROD: 1}, {PROD: 1, APP + "@" + A: 1}):
            self.here(("", A, 1), ("prod", B, 2))
            self.tags[PROD] = B
            report = self.run_script(list(wanted), source="association", wanted=wanted)
            self.assertTrue(report["ok"], report)
            self.assertEqual(self.left(), {A, B})
            self.tags[PROD] = self.runtime.remote[PROD] = C
            self.assertTrue(self.event("prod", C, 3, wanted)["cached"])
            self.assertEqual(self.left(), {A, C})
            self.runtime.names.clear()

    def test_an_image_counts_with_the_tag_that_it_lost(self):
        wanted = {DEV: 1, PROD: 2}
        self.event("prod", A, 11, wanted)
        self.runtime.remote[PROD] = B
        self.event("prod", B, 12, wanted)
        entry = self.event("dev", C, 10, wanted)
        self.assertTrue(entry["cached"], entry)
        self.run_script(list(wanted), source="association", wanted=wanted)
        self.assertEqual(self.left(), {A, B, C})
        self.run_script([DEV], source="association", wanted={DEV: 5})
        self.assertEqual(self.left(), {C})

    def test_all_tags_of_the_newest_are_here(self):
        self.ecr_images = [{"imagePushedAt": 2, "imageTags": ["v1", "latest", "v1.sig"], "imageDigest": B}]
        self.runtime.remote.update({APP + ":v1": B, APP + ":latest": B})
        # One of them stood for something else here.
        self.here(("latest", A, 1))
        report = self.run_script([APP], source="association", wanted={APP: 1})
        self.assertTrue(report["ok"], report)
        self.assertEqual(sorted(self.runtime.names), sorted([APP + ":latest", APP + ":v1", APP + "@" + B]))
        self.assertEqual(len(self.runtime.pulled), 2)
        self.run_script([APP], source="association", wanted={APP: 1})
        self.assertEqual(len(self.runtime.pulled), 2)


class Meanwhile(Prod):
    """An association's run asked for a tag, and another image is pushed under it before that run ends."""

    def setUp(self):
        super().setUp()
        self.big, self.wanted = HOST + "/big:v1", {PROD: 1, HOST + "/big:v1": 1}
        self.runtime.remote[self.big] = D
        self.tags[PROD] = A
        pull = self.runtime.pull

        def slow(name, *more):
            if name == self.during:
                self.between()
            pull(name, *more)

        self.replace("pull", slow, self.runtime)

    def push(self, second):
        self.tags[PROD] = self.runtime.remote[PROD] = B
        pushed = nodecache.time.strftime("%Y-%m-%dT%H:%M:%SZ", nodecache.time.gmtime(second))
        return self.run_script([f"{PROD}@{B}"], pushed=pushed, wanted=self.wanted)["images"][0]

    def test_the_newer_one_stays(self):
        self.here(("prod", A, 1))
        self.during, self.between = self.big, lambda: self.push(nodecache.time.time() + 1)
        # A container's image outlasts the event's own keep.
        self.runtime.in_use = {"id-" + A}
        report = self.run_script(list(self.wanted), source="association", wanted=self.wanted)
        self.assertTrue(report["ok"], report)
        self.assertEqual(self.left(), {A, B, D})
        self.runtime.in_use = set()
        self.run_script(list(self.wanted), source="association", wanted=self.wanted)
        self.assertEqual(self.left(), {B, D})

    def test_how_long_a_pull_takes_makes_it_no_newer(self):
        now = [1000.0]
        self.replace("time", lambda: now[0], nodecache.time)
        self.runtime.remote[PROD] = A
        self.during, self.between = PROD, lambda: now.append(now.pop() + 60)
        self.run_script([PROD], source="association", wanted=self.wanted)
        self.assertEqual((self.left(), now), ({A}, [1060.0]))
        # Pushed while that pull went on.
        self.assertTrue(self.push(1030)["cached"])
        self.assertEqual(self.left(), {B})
