"""An EKS image's programs that are scripts here, and which of the host's programs it does not have.

https://github.com/awslabs/amazon-eks-ami: templates/al2023/runtime/bin and provisioners/install-worker.sh;
https://github.com/amazonlinux/amazon-ec2-utils for ec2-metadata.
"""

from __future__ import annotations

# Tools of the host that the image does not have: a script that leans on one must fail here too.
ABSENT = ("apt", "apt-get", "buildah", "crictl", "docker", "dpkg", "kubectl", "podman", "skopeo")

# Amazon Linux's sudoers: env_reset, these kept, and this secure_path.
SUDO = """#!/bin/bash
# A node's scripts run as root already; what sudo changes for them is the environment.
keep=(TERM LANG LC_ALL DISPLAY PS1 PS2 HOSTNAME)
all= assignments=()
while [ $# -gt 0 ]; do
    case $1 in
        --) shift; break ;;
        -E|--preserve-env) all=1; shift ;;
        --preserve-env=*) IFS=, read -ra more <<<"${1#*=}"; keep+=("${more[@]}"); shift ;;
        -u|--user|-g|--group)
            [ "$2" = root ] || { echo "sudo: unknown user or group $2" >&2; exit 1; }
            shift 2 ;;
        --user=root|--group=root|-n|-H|-S|-b|-k) shift ;;
        -i|-s|--login|--shell) shift; [ $# -gt 0 ] && set -- bash -c "$*" || set -- bash; break ;;
        -*) echo "sudo: option $1 is not known" >&2; exit 1 ;;
        [A-Za-z_]*=*) assignments+=("$1"); shift ;;
        *) break ;;
    esac
done
[ $# -gt 0 ] || { echo "usage: sudo [-E] [-u user] [VAR=value] command" >&2; exit 1; }
clean=()
if [ -z "$all" ]; then
    clean=(-i)
    for name in "${keep[@]}"; do [ -z "${!name+x}" ] || clean+=("$name=${!name}"); done
fi
exec env "${clean[@]}" HOME=/root USER=root LOGNAME=root SUDO_USER=root SUDO_UID=0 SUDO_GID=0 \\
    PATH=/sbin:/bin:/usr/sbin:/usr/bin "${assignments[@]}" "$@"
"""

IMDS = """#!/bin/bash
# Asks the instance metadata service with a token of its own.
[ $# -eq 1 ] || { echo "usage: imds token|API_PATH" >&2; exit 1; }
host=http://${IMDS_ENDPOINT:-169.254.169.254}
token() {
    curl -sSf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: ${IMDS_TOKEN_TTL_SECONDS:-900}" "$host/latest/api/token"
}
if [ "$1" = token ]; then token && echo; exit; fi
curl -sSf -H "X-aws-ec2-metadata-token: ${IMDS_TOKEN:-$(token)}" "$host/${1#/}" && echo
"""

EC2_METADATA = """#!/bin/bash
# What Amazon Linux's ec2-metadata tells, as far as the lab's instances know it.
quiet= wanted=()
for option; do
    case $option in
        -a|--ami-id) wanted+=(ami-id:ami-id) ;;
        -h|--local-hostname) wanted+=(local-hostname:local-hostname) ;;
        -i|--instance-id) wanted+=(instance-id:instance-id) ;;
        -o|--local-ipv4) wanted+=(local-ipv4:local-ipv4) ;;
        -t|--instance-type) wanted+=(instance-type:instance-type) ;;
        -z|--availability-zone) wanted+=(placement:placement/availability-zone) ;;
        -R|--region) wanted+=(region:placement/region) ;;
        --quiet) quiet=1 ;;
        *) echo "ec2-metadata: option $option is not known to the lab" >&2; exit 1 ;;
    esac
done
for each in "${wanted[@]}"; do
    found=$(imds "latest/meta-data/${each#*:}") || exit 1
    [ -n "$quiet" ] && echo "$found" || echo "${each%%:*}: $found"
done
"""

SYSTEMCTL = """#!/bin/bash
# A node's first process looks after containerd here, and the lab is its agent; no kubelet runs.
quiet= words=()
for word; do
    case $word in
        -q|--quiet) quiet=1 ;;
        -*) ;;
        *) words+=("${word%.service}") ;;
    esac
done
set -- "${words[@]}"
say() { [ -n "$quiet" ] || echo "$1"; }
active() { case $1 in amazon-ssm-agent) ;; containerd) ctr version >/dev/null 2>&1 ;; *) false ;; esac; }
verb=$1 code=3
shift
case $verb in
    is-active)
        for unit; do if active "$unit"; then say active; code=0; else say inactive; fi; done
        exit "$code" ;;
    start|restart|try-restart|reload-or-restart)
        for unit; do
            [ "$unit" = containerd ] || { echo "systemctl: the lab runs no $unit to $verb" >&2; exit 5; }
            old=$(pgrep -x containerd) && [ "$verb" != start ] && kill "$old"
            # Until the old one is gone, it is the one that answers.
            for _ in {1..100}; do [ "$verb" = start ] || [ ! -e "/proc/${old:-none}" ] && break; sleep 0.1; done
            for _ in {1..100}; do active containerd && break; sleep 0.1; done
            active containerd || exit 1
        done ;;
    daemon-reload) ;;
    *) echo "systemctl: '$verb' is not known to the lab" >&2; exit 1 ;;
esac
"""

# runc's own words: https://github.com/opencontainers/runc/blob/main/libcontainer/specconv/spec_linux.go
RUNC = r"""#!/bin/bash
# EKS has systemd make the cgroups, and runc then takes a slice, a prefix and a name for one. No systemd runs here: runc
# is asked without it, but a path is refused as there.
systemd= words=() bundle=. log=/dev/null
for word; do [ "$word" = --systemd-cgroup ] && systemd=1 || words+=("$word"); done
for at in "${!words[@]}"; do
    case ${words[at]} in --bundle) bundle=${words[at + 1]} ;; --log) log=${words[at + 1]} ;; esac
done
if [ -n "$systemd" ] && [[ " ${words[*]} " == *" create "* ]]; then
    [[ $(<"$bundle/config.json") =~ \"cgroupsPath\":\"([^\"]*)\" ]] && path=${BASH_REMATCH[1]} || path=
    if [ -n "$path" ] && [[ ! $path =~ ^[^:]*:[^:]*:[^:]*$ ]]; then
        why='expected cgroupsPath to be of format \"slice:prefix:name\" for systemd cgroups, got \"'$path'\" instead'
        printf '{"level":"error","msg":"%s"}\n' "$why" | tee -a "$log" >&2
        exit 1
    fi
fi
exec RUNC "${words[@]}"
"""

SCRIPTS = {"ec2-metadata": EC2_METADATA, "imds": IMDS, "sudo": SUDO, "systemctl": SYSTEMCTL}
