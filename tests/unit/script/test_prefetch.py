# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the node script pulls, pins and marks."""

from __future__ import annotations

import json
import threading

from script_support import APP, HOST, PIN, TOKEN, A, B, Case, nodecache

MARK = "nodecache.eks/main"


class Prefetch(Case):
    def test_it_pulls_pins_and_marks_both_names(self):
        self.runtime.remote[APP + ":v1"] = A
        report = self.run_script([APP + ":v1@" + A], pushed="1970-01-01T00:02:00Z")
        self.assertTrue(report["ok"])
        self.assertEqual(self.runtime.pulled, [(APP + ":v1", TOKEN)])
        for name in (APP + ":v1", APP + "@" + A):
            labels = self.runtime.names[name][1]
            self.assertEqual(labels[PIN], "pinned")
            self.assertRegex(labels[MARK], r"event:\d+\.\d\d:120:aaaaaaaaaaaa:v1$")
        self.assertEqual(report["images"][0]["digest"], A)
        self.assertEqual(report["images"][0]["source"], "event")
        self.assertNotIn(TOKEN, json.dumps(report))

    def test_again_it_changes_nothing(self):
        self.runtime.remote[APP + ":v1"] = A
        self.run_script([APP + ":v1@" + A])
        before = json.dumps(self.runtime.names)
        report = self.run_script([APP + ":v1@" + A], source="association")
        self.assertEqual(len(self.runtime.pulled), 1)
        self.assertEqual(json.dumps(self.runtime.names), before)
        self.assertEqual(report["images"][0]["source"], "event")

    def test_what_lost_its_pin_is_pinned_again_and_keeps_its_mark(self):
        self.runtime.mark(APP + "@" + A, A, 5)
        del self.runtime.names[APP + "@" + A][1][PIN]
        self.run_script([APP + "@" + A], source="association")
        self.assertEqual(self.runtime.names[APP + "@" + A][1], {PIN: "pinned", MARK: "event:1.00:5:aaaaaaaaaaaa"})

    def test_a_tag_that_moved_on_stays_with_its_new_digest(self):
        self.runtime.remote[APP + ":v1"] = B
        self.runtime.mark(APP + ":v1", B, 9)
        report = self.run_script([APP + ":v1@" + A], keep=2)
        self.assertTrue(report["ok"], report)
        self.assertEqual([name for name, _token in self.runtime.pulled], [APP + "@" + A])
        self.assertEqual(self.runtime.names[APP + ":v1"][0], B)
        self.assertIn(MARK, self.runtime.names[APP + "@" + A][1])
        self.assertFalse(self.run_script([APP + ":v1@" + A], action="report")["ok"])

    def test_a_tag_that_moves_in_between_is_pulled_by_digest_too(self):
        self.tags[APP + ":v1"], self.runtime.remote[APP + ":v1"] = A, B
        report = self.run_script([APP + ":v1@" + A])
        self.assertEqual([name for name, _token in self.runtime.pulled], [APP + ":v1", APP + "@" + A])
        self.assertNotIn(MARK, self.runtime.names[APP + ":v1"][1])
        self.assertIn(MARK, self.runtime.names[APP + "@" + A][1])
        self.assertEqual(report["images"][0]["digest"], A)

    def test_events_out_of_order_leave_the_newest(self):
        for tag, digest in (("v1", A), ("v2", B)):
            self.runtime.remote[APP + ":" + tag] = digest
        for tag, digest, second in (("v2", B, 2), ("v1", A, 1), ("v2", B, 2)):
            report = self.run_script([f"{APP}:{tag}@{digest}"], keep=1, pushed=f"2026-01-01T00:00:0{second}Z")
            self.assertTrue(report["ok"])
        self.assertEqual(sorted(self.runtime.names), [APP + ":v2", APP + "@" + B])
        self.assertEqual(len(self.runtime.pulled), 1)

    def test_the_newest_is_asked_of_ecr(self):
        self.ecr_images = [
            {"imagePushedAt": 1.5, "imageTags": ["v1"], "imageDigest": A},
            {"imagePushedAt": 2.5, "imageTags": ["w1"], "imageDigest": B},
        ]
        self.runtime.remote.update({APP + ":v1": A, APP + ":w1": B})
        report = self.run_script([APP, APP + ":v*"], source="association")
        self.assertTrue(report["ok"])
        self.assertEqual([entry["digest"] for entry in report["images"]], [B, A])
        self.assertTrue(self.runtime.names[APP + ":v1"][1][MARK].endswith(":1:aaaaaaaaaaaa:v1"))

    def test_a_plain_tag_follows_the_registry(self):
        self.runtime.remote["registry.k8s.io/pause:3.9"] = A
        self.assertTrue(self.run_script(["registry.k8s.io/pause:3.9"])["ok"])
        self.runtime.remote["registry.k8s.io/pause:3.9"] = B
        report = self.run_script(["registry.k8s.io/pause:3.9"], action="report")
        self.assertEqual((report["images"][0]["cached"], report["images"][0]["expected"]), (False, B))
        self.assertTrue(self.run_script(["registry.k8s.io/pause:3.9"])["ok"])

    def test_a_registry_that_says_nothing_leaves_the_local_image(self):
        self.runtime.remote["registry.example/a/b:c"] = A
        self.replace("manifest", self.refused)
        self.assertTrue(self.run_script(["registry.example/a/b:c"])["ok"])
        self.assertTrue(self.run_script(["registry.example/a/b:c"])["ok"])
        self.assertEqual(len(self.runtime.pulled), 1)

    def test_only_ecr_is_asked_again(self):
        asked = []

        def late(image, *_arguments):
            asked.append(image.host)
            raise nodecache.Failure("timed out")

        self.replace("manifest", late)
        self.replace("sleep", lambda seconds: None, nodecache.time)
        self.runtime.remote["registry.example/a/b:c"] = A
        self.assertTrue(self.run_script(["registry.example/a/b:c"])["ok"])
        self.assertEqual(len(asked), 2, "for the digest and for the size")
        self.assertFalse(self.run_script([APP + ":v1"])["ok"])
        self.assertEqual(len(asked), 2 + nodecache.ATTEMPTS)

    def refused(self, *_arguments):
        raise nodecache.Failure("403 Forbidden")

    def test_an_unanswered_ecr_tag_is_not_called_cached(self):
        self.replace("manifest", self.refused)
        self.runtime.hold(APP + ":v1", A)
        report = self.run_script([APP + ":v1"], action="report")
        self.assertFalse(report["ok"])
        self.assertEqual(report["images"][0]["error"], "403 Forbidden")

    def test_one_bad_image_does_not_stop_the_others(self):
        self.ecr_images = [{"imageTags": ["v1"]}]
        self.runtime.remote[APP + ":v1"] = A
        report = self.run_script(["nonsense", APP + ":v*", "docker.io/app:v*", APP + ":v1@" + A])
        self.assertEqual([entry["cached"] for entry in report["images"]], [False, False, False, True])
        self.assertFalse(report["ok"])
        self.assertEqual(sum("error" in entry for entry in report["images"]), 3)

    def test_an_association_made_before_the_first_push_has_not_failed(self):
        report = self.run_script([APP], source="association")
        self.assertTrue(report["ok"])
        self.assertEqual(report["images"][0]["skipped"], "no tagged image matches '*'")
        self.assertFalse(report["images"][0]["cached"])
        for other in ({"source": "command"}, {"source": "association", "action": "report"}):
            self.assertIn("error", self.run_script([APP], **other)["images"][0])

    def test_the_same_image_under_another_repositorys_name_stays(self):
        other = HOST + "/other"
        for repository in (APP, other):
            for name in (repository + ":v1", repository + "@" + A):
                self.runtime.mark(name, A, 1)
        self.run_script([APP], action="release")
        self.assertEqual(sorted(self.runtime.names), [other + ":v1", other + "@" + A])
        self.assertEqual(self.runtime.names[other + ":v1"][1][PIN], "pinned")
        self.run_script([other], action="release")
        self.assertEqual(self.runtime.names, {})

    def test_what_is_no_image_is_left_alone(self):
        for tag in ("sha256-" + "a" * 64, "sha256-" + "a" * 64 + ".sig", "v1.att", "v1.sbom", "v1-soci"):
            with self.subTest(tag):
                report = self.run_script([f"{APP}:{tag}@{A}"])
                self.assertTrue(report["ok"])
                self.assertIn("not an image", report["images"][0]["skipped"])
        for body in (
            {"config": {"mediaType": "application/vnd.cncf.helm.config.v1+json"}, "layers": []},
            {"config": {"mediaType": nodecache.CONFIGS[0]}, "artifactType": "application/spdx+json", "layers": []},
            {"manifests": [{"digest": B, "platform": {"architecture": "unknown", "os": "unknown"}}]},
            {"manifests": [{"digest": B, "platform": {"architecture": "s390x"}}]},
        ):
            with self.subTest(body):
                answer = f"\r\ndocker-content-digest: {A}\r\n", json.dumps(body).encode()
                self.replace("manifest", lambda *_arguments, answer=answer: answer)
                report = self.run_script([f"{APP}:v1@{A}"])
                self.assertTrue(report["ok"], report)
                self.assertTrue(report["images"][0]["skipped"])
        self.assertEqual(self.runtime.pulled, [])

    def test_an_event_for_a_tag_nobody_wants_is_left_alone(self):
        self.runtime.remote.update({APP + ":v1": A, APP + ":w1": B})
        report = self.run_script([f"{APP}:w1@{B}"], wanted={APP + ":v*": 2})
        self.assertEqual((report["ok"], self.runtime.pulled), (True, []))
        self.run_script([f"{APP}:v1@{A}"], wanted={APP + ":v*": 2})
        self.run_script([f"{APP}:w1@{B}"], wanted={APP + ":v*": 2}, source="command")
        self.assertEqual(len(self.runtime.pulled), 2)

    def test_pulls_run_side_by_side_unless_the_kubelet_says_otherwise(self):
        refs = [f"{HOST}/app{number}:v1@{A}" for number in range(6)]
        self.runtime.remote.update({ref.partition("@")[0]: A for ref in refs})
        for serial, most in ((False, 4), (True, 1)):
            self.kubelet["serializeImagePulls"] = serial
            running, seen, pull = [], [], type(self.runtime).pull
            both = threading.Barrier(2 if most > 1 else 1)

            def slow(name, token, deadline, shared=(running, seen, pull, both)):
                running, seen, pull, both = shared
                running.append(name)
                seen.append(len(running))
                both.wait(60)
                pull(self.runtime, name, token, deadline)
                running.remove(name)

            self.replace("pull", slow, self.runtime)
            self.assertTrue(self.run_script(refs)["ok"])
            self.assertLessEqual(max(seen), most)
            self.assertEqual(max(seen) > 1, most > 1)
            self.runtime.names.clear()

    def test_only_a_pull_waits_for_its_turn(self):
        self.runtime.remote[APP + ":v1"] = A
        slept = []
        self.replace("sleep", slept.append, nodecache.time)
        for _round in range(2):
            self.run_script([APP + ":v1@" + A], jitter="30")
        self.assertEqual(len(slept), 1)
        self.assertTrue(0 <= slept[0] <= 30)
