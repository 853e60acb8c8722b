# Copyright (c) 2026 nodecache.eks contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs behind nodecache.py in one script, and uses its runtime, its registry login and its lock.
# pylint: disable=undefined-variable

START_ATTEMPTS, STOP_ATTEMPTS = 5, 6


def number(field_number, value):
    return varint(field_number << 3) + varint(value)


def cgroup(kubelet):
    """Return what runc takes for the parent of a sandbox's cgroup; where systemd makes those, it has to be a slice."""
    return field(1, "system.slice") if kubelet.get("cgroupDriver") == "systemd" else b""


def start(runtime, name, round_name):
    """Start one container as the kubelet does; return seconds until it runs, then remove it.

    The kubelet knows of no such Pod, and now and then removes it before the container is there.
    """
    for attempt in range(START_ATTEMPTS):
        try:
            return start_once(runtime, name, f"{round_name}-{attempt}")
        except Failure:
            if attempt == START_ATTEMPTS - 1:
                raise


def start_once(runtime, name, round_name):
    metadata = field(1, round_name) + field(2, round_name) + field(3, "nodecache-benchmark")
    # The node's own network: a CNI's time is not what is measured.
    config = field(1, metadata) + field(8, runtime.cgroup + field(2, field(1, number(1, 2))))
    begun = time.monotonic()
    sandbox = text(runtime.call("RuntimeService/RunPodSandbox", field(1, config)), 1)
    try:
        container_config = field(1, field(1, "benchmark")) + field(2, field(1, name))
        message = field(1, sandbox) + field(2, container_config) + field(3, config)
        container = text(runtime.call("RuntimeService/CreateContainer", message), 1)
        runtime.call("RuntimeService/StartContainer", field(1, container))
        return time.monotonic() - begun
    finally:
        stop(runtime, sandbox)


def stop(runtime, sandbox):
    """Remove a sandbox, trying again as the kubelet does: a container that ends by itself can get in between."""
    for attempt in range(STOP_ATTEMPTS):
        try:
            runtime.call("RuntimeService/StopPodSandbox", field(1, sandbox))
            runtime.call("RuntimeService/RemovePodSandbox", field(1, sandbox))
            return
        except Failure:
            if attempt == STOP_ATTEMPTS - 1:
                raise
            time.sleep(0.2 * 2**attempt)


def restore(runtime, kept):
    """Give the names back the labels they had: pin and mark went with the image."""
    for name, row in kept.items():
        for key, value in row.labels.items():
            if key.startswith((MARKS, PIN)):
                runtime.ctr("images", "label", name, f"{key}={value}")


def registry_login(ecr):
    return ecr_api(ecr, "GetAuthorizationToken")["authorizationData"][0]["authorizationToken"]


def measure(request):
    deadline = time.monotonic() + RUN_SECONDS
    kubelet = kubelet_config()
    image, runtime = Image(request["image"]), Runtime(kubelet)
    runtime.cgroup = cgroup(kubelet)
    if not image.digest or not image.tags:
        raise Failure("the image must be given as repository:tag@digest")
    with lock(image.repository, deadline):
        return rounds(image, runtime, int(request["rounds"]), deadline)


def rounds(image, runtime, count, deadline):
    tagged, exact = image.names()
    local = runtime.images()
    if exact not in local or not local[exact].id:
        raise Failure("the image is not on this node: prefetch it first")
    kept = {name: row for name, row in local.items() if row.digest == image.digest}
    login = retry(deadline, registry_login, image.ecr) if image.ecr else None
    result = {"cached": [], "uncached": []}
    token = f"{os.getpid()}-{int(time.time())}"
    for turn in range(count):
        result["cached"].append(round(start(runtime, exact, f"cached-{token}-{turn}"), 3))
    try:
        for turn in range(count):
            runtime.call("ImageService/RemoveImage", field(1, field(1, local[exact].id)))
            begun = time.monotonic()
            runtime.pull(tagged, login, deadline)
            pulled = time.monotonic() - begun
            name = exact if exact in runtime.images() else tagged
            result["uncached"].append(round(pulled + start(runtime, name, f"uncached-{token}-{turn}"), 3))
    finally:
        if exact not in runtime.images():
            runtime.pull(exact, login, deadline)
        restore(runtime, kept)
    return result


def benchmark():
    with os.fdopen(3, encoding="utf-8") as handle:
        request = json.load(handle)
    os.environ["PATH"] = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    try:
        print(json.dumps(measure(request)))
    except TROUBLE as error:
        print(json.dumps({"error": str(error)[:1500]}))
        return 1
    return 0


sys.exit(benchmark())
