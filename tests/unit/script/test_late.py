# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events that come late, twice, or in one second with another, and pulls that take turns."""

from __future__ import annotations

import json

from script_support import APP, HOST, A, B, C, Case, nodecache

NEWER = "newer ones are here, as many as are kept"


class Late(Case):
    def setUp(self):
        super().setUp()
        for tag, digest, stamp in (("v1", A, 1), ("v2", B, 2), ("v3", C, 3)):
            for name in (APP + ":" + tag, APP + "@" + digest):
                self.runtime.mark(name, digest, stamp)

    def test_an_event_that_comes_again_pushes_nothing_newer_out(self):
        report = self.run_script([APP + ":v1@" + A], keep=2, pushed="1970-01-01T00:00:01Z")
        self.assertEqual((report["ok"], report["images"][0]["skipped"]), (True, NEWER))
        self.assertEqual(sorted(self.runtime.names), sorted([APP + ":v2", APP + "@" + B, APP + ":v3", APP + "@" + C]))

    def test_an_image_that_others_pushed_out_meanwhile_did_not_fail(self):
        for name in (APP + ":v1", APP + "@" + A):
            del self.runtime.names[name]
        self.runtime.remote[APP + ":v1"] = A
        pull, images = self.runtime.pull, self.runtime.images

        def raced(*arguments):
            # As another run's keep does right after.
            pull(*arguments)
            self.replace("images", lambda: {key: row for key, row in images().items() if row.digest != A}, self.runtime)

        self.replace("pull", raced, self.runtime)
        report = self.run_script([APP + ":v1@" + A], keep=3, wanted={APP: 2}, pushed="1970-01-01T00:00:01Z")
        self.assertEqual((report["ok"], report["images"][0]["skipped"]), (True, NEWER))

    def test_of_two_in_one_second_the_tags_own_stays(self):
        self.runtime.names = {}
        for name in (APP + ":v1", APP + "@" + B):
            self.runtime.mark(name, B, 7)
        self.tags[APP + ":v1"] = B
        report = self.run_script([APP + ":v1@" + A], keep=1, pushed="1970-01-01T00:00:07Z")
        self.assertEqual((report["ok"], report["images"][0]["skipped"]), (True, NEWER))
        self.assertEqual(sorted(self.runtime.names), [APP + ":v1", APP + "@" + B])

    def test_what_an_association_asks_for_stays_however_old_it_is(self):
        # ECR's newest, after newer ones were deleted there.
        self.ecr_images = [{"imagePushedAt": 1, "imageTags": ["v1"], "imageDigest": A}]
        report = self.run_script([APP], keep=1, source="association", wanted={APP: 1})
        self.assertTrue(report["images"][0]["cached"])


class Turn(Case):
    def test_a_run_waits_for_its_turn_once_however_many_images_it_pulls(self):
        refs = [f"{HOST}/app{number}:v1@{A}" for number in range(6)]
        self.runtime.remote.update({ref.partition("@")[0]: A for ref in refs})
        self.kubelet["serializeImagePulls"] = True
        now, slept = [1000.0], []

        def sleep(seconds):
            slept.append(seconds)
            now[0] += seconds

        self.replace("sleep", sleep, nodecache.time)
        self.replace("monotonic", lambda: now[0], nodecache.time)
        self.replace("uniform", lambda _least, most: most, nodecache.random)
        self.assertTrue(self.run_script(refs, jitter="1800")["ok"])
        self.assertEqual(sum(slept), 1800)


class Told(Case):
    def test_a_long_error_keeps_both_ends(self):
        said = "failed to pull and unpack image: write " + "/very/long/path" * 30 + ": no space left on device"
        images = [{"ref": APP, "digest": None, "cached": False, "pinned": False, "error": said}]
        (entry,) = json.loads(nodecache.shorten({"v": 1, "images": images, "ok": False}))["images"]
        self.assertTrue(entry["error"].startswith("failed to pull") and entry["error"].endswith("left on device"))
        self.assertLessEqual(len(entry["error"]), 200)

    def test_what_a_head_was_refused_for_is_asked_again(self):
        def refused(_image, _what, _token, *options):
            raise nodecache.Failure("403 Forbidden" if options else "403 not authorized to perform: ecr:BatchGetImage")

        self.replace("manifest", refused)
        self.assertIn("BatchGetImage", self.run_script([APP + ":v1"])["images"][0]["error"])

    def test_whatever_goes_wrong_is_told_in_the_report(self):
        hanging = nodecache.subprocess.TimeoutExpired("ctr", 60)
        for wrong in (hanging, TypeError("'NoneType' object is not iterable"), AttributeError("no such")):

            def fail(*_arguments, wrong=wrong):
                raise wrong

            self.replace("pull", fail, self.runtime)
            self.runtime.remote[APP + ":v1"] = A
            report = self.run_script([APP + ":v1@" + A])
            self.assertEqual((report["ok"], report["images"][0]["error"]), (False, str(wrong)))
