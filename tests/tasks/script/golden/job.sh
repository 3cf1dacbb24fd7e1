#!/usr/bin/env bash
# task iris/the "best" {one} (01J00000000000000000000000)
# Made by reg VERSION. Runs the next attempt at this task and records it there.
# Needs bash, git, Python 3.11 or newer with venv, the package index, and in REG_DIR a registry that can be written.
set -euo pipefail

fail() { printf 'error: %s\n' "$*" >&2; exit 125; }

[[ -n "${REG_DIR:-}" ]] || fail 'REG_DIR is not set: the folder of the registry'
[[ -w "$REG_DIR" ]] || fail "REG_DIR cannot be written: $REG_DIR"
command -v git >/dev/null || fail 'git is not installed'
[[ -n "${HF_TOKEN:-}" ]] || fail 'HF_TOKEN is not set, and the task needs it'
[[ -n "${WANDB_API_KEY:-}" ]] || fail 'WANDB_API_KEY is not set, and the task needs it'

python=''
for candidate in python3.12 python3 python python3.14 python3.13 python3.11; do
    if "$candidate" -c 'import sys, venv, lzma; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
[[ -n "$python" ]] || fail 'no Python 3.11 or newer with venv is installed'

home=${REG_CACHE_HOME:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/reg}/jobs/72b95f35ff19f2bd
if [[ ! -x "$home/bin/python" ]]; then
    mkdir -p -- "${home%/*}"
    new=$(mktemp -d -- "$home.XXXXXX")
    trap 'rm -rf -- "$new"' EXIT
    "$python" -m venv "$new"
    "$new/bin/python" -m pip install --quiet --disable-pip-version-check registry-cli==1.0 >&2
    "$python" -c 'import os, sys; os.rename(*sys.argv[1:])' "$new" "$home" 2>/dev/null \
        || [[ -x "$home/bin/python" ]] || fail "cannot make $home"
    rm -rf -- "$new"
    trap - EXIT
fi
exec "$home/bin/python" -P -m registry_cli task run 01J00000000000000000000000 --inline --env lock
