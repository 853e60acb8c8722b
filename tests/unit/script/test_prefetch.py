# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the node script pulls, pins, keeps and lets go of."""

from __future__ import annotations

import fcntl
import json
import threading

from script_support import APP, HOST, PIN, TOKEN, A, B, C, Case, D, nodecache

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
            self.assertRegex(labels[MARK], r"event:\d+\.\d\d:120:aaaaaaaaaaaa")
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
        self.assertTrue(self.runtime.names[APP + ":v1"][1][MARK].endswith(":1:aaaaaaaaaaaa"))

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


class Room(Case):
    def test_a_pull_without_room_is_refused_in_numbers(self):
        self.runtime.remote[APP + ":v1"] = A
        mib = 1 << 20
        cases = [
            ({}, (200 * mib, 1000 * mib), 20 * mib, "20 MiB and about 50 unpacked would leave 130 of 200 MiB free"),
            ({}, (240 * mib, 1000 * mib), 20 * mib, None),
            ({"imageGCHighThresholdPercent": 90}, (200 * mib, 1000 * mib), 20 * mib, None),
            ({"imageGCHighThresholdPercent": 50}, (540 * mib, 1000 * mib), 20 * mib, "500 of the kubelet's imageGC"),
            ({"evictionHard": {"nodefs.available": "45%"}}, (500 * mib, 1000 * mib), 20 * mib, "nodefs.available"),
            ({"evictionHard": {"imagefs.available": "450Mi"}}, (500 * mib, 1000 * mib), 20 * mib, "imagefs.available"),
        ]
        for config, space, size, said in cases:
            with self.subTest(config=config):
                self.kubelet = {"evictionHard": {"nodefs.available": "10%"}, **config}
                self.runtime.space, self.sizes[A] = (*space, True), size
                report = self.run_script([APP + ":v1@" + A])
                self.assertEqual(report["ok"], said is None, report)
                if said:
                    self.assertIn(said, report["images"][0]["error"])
                    self.assertEqual(self.runtime.pulled, [])
                self.runtime.names.clear()
                self.runtime.pulled.clear()

    def test_the_kubelets_own_disk_is_spared_only_where_it_is_the_same(self):
        self.runtime.remote[APP + ":v1"] = A
        self.kubelet = {"evictionHard": {"nodefs.available": "95%"}}
        self.assertFalse(self.run_script([APP + ":v1@" + A])["ok"])
        self.runtime.space = (*self.runtime.space[:2], False)
        self.assertTrue(self.run_script([APP + ":v1@" + A])["ok"])

    def test_layers_that_the_repository_has_already_take_no_room(self):
        self.runtime.space, self.sizes[A] = (200 << 20, 1000 << 20, True), 20 << 20
        self.runtime.remote[APP + ":v2"] = A
        for name, fits in ((HOST + "/other:v1", False), (APP + ":v1", True)):
            self.runtime.hold(name, B)
            self.runtime.unpacked = {B}
            self.assertEqual(self.run_script([APP + ":v2@" + A])["ok"], fits)

    def test_pulls_at_once_do_not_share_the_same_room(self):
        self.runtime.space = (400 << 20, 1000 << 20, True)
        refs = [f"{HOST}/app{number}:v1@{digest}" for number, digest in enumerate((A, B))]
        self.runtime.remote.update({ref.partition("@")[0]: ref.partition("@")[2] for ref in refs})
        self.sizes.update({A: 50 << 20, B: 50 << 20})
        waiting, pull = threading.Event(), self.runtime.pull

        def slow(*arguments):
            waiting.wait(0.5)
            pull(*arguments)

        self.replace("pull", slow, self.runtime)
        report = self.run_script(refs)
        self.assertEqual(sorted(entry["cached"] for entry in report["images"]), [False, True])

    def test_runs_at_once_do_not_share_the_same_room(self):
        self.runtime.space = (400 << 20, 1000 << 20, True)
        self.runtime.remote[APP + ":v1"], self.sizes[A] = A, 50 << 20
        locks = self.path / "locks"
        locks.mkdir()
        other = (locks / "other.lock").open("w")
        self.addCleanup(other.close)
        other.write(str(175 << 20))
        other.flush()
        fcntl.flock(other, fcntl.LOCK_EX)
        report = self.run_script([APP + ":v1@" + A])
        self.assertIn("would leave 50 of 400 MiB free", report["images"][0]["error"])
        # Its run ended, in whatever way.
        fcntl.flock(other, fcntl.LOCK_UN)
        self.assertTrue(self.run_script([APP + ":v1@" + A])["ok"])

    def test_thresholds(self):
        for value, wanted in (("10%", 100), ("1Ki", 1024), ("2k", 2000), ("1.5Gi", 1.5 * 2**30), ("7", 7)):
            self.assertEqual(nodecache.size_of(value, 1000), wanted)


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
        report = self.run_script([f"{APP}:w1@{C}"], keep=1, wanted={APP + ":v*": 5})
        self.assertIn("skipped", report["images"][0])
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

    def test_release_of_one_image_leaves_the_others(self):
        self.run_script([APP + ":v1"], action="release")
        self.assertEqual(self.left(), [APP + ":v2", APP + "@" + B])


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
