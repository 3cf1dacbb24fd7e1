"""Wraps the bash script in other formats: a Dockerfile, a Kubernetes Job, a GitHub workflow.

Secrets are named, never written. Formats: https://docs.docker.com/reference/dockerfile/,
https://kubernetes.io/docs/concepts/workloads/controllers/job/,
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from registry_cli.tasks.script.bash import fill, format_bash

if TYPE_CHECKING:
    from registry_cli.tasks.script.bash import ScriptJob

_DEFAULT_PYTHON: Final = "3.11"

_DOCKERFILE: Final = """\
# syntax=docker/dockerfile:1
# {title}
# docker build -t reg-task - < Dockerfile
# docker run --rm -u "$(id -u):$(id -g)" -v "$REG_DIR:/registry"{passed} reg-task
FROM python:{python}
ENV REG_DIR=/registry HOME=/tmp
COPY --chmod=755 <<'REG_TASK_SCRIPT' /usr/local/bin/reg-task
{script}REG_TASK_SCRIPT
ENTRYPOINT ["/usr/local/bin/reg-task"]
"""
_KUBERNETES: Final = """\
# {title}
# kubectl create -f job.yaml    # `apply` keeps a copy that is too long for an annotation
apiVersion: v1
kind: ConfigMap
metadata:
  name: {name}
data:
  job.sh: |
{script}---
apiVersion: batch/v1
kind: Job
metadata:
  name: {name}
  labels:
    app.kubernetes.io/managed-by: reg
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: task
          image: python:{python}
          command: [bash, /job/job.sh]
          env:
            - name: REG_DIR
              value: /registry
            - name: HOME
              value: /tmp
{env}          volumeMounts:
            - name: job
              mountPath: /job
            - name: registry
              mountPath: /registry
      volumes:
        - name: job
          configMap:
            name: {name}
        - name: registry
          persistentVolumeClaim:
            claimName: registry
"""
_GITHUB: Final = """\
# {title}
name: {title_json}
on: workflow_dispatch
permissions:
  contents: read
jobs:
  task:
    runs-on: self-hosted
    env:
      REG_DIR: ${{ vars.REG_DIR }}
{env}    steps:
      - uses: actions/setup-python@v5
        with:
          python-version: "{python}"
      - shell: bash
        run: |
{script}"""


def format_dockerfile(job: ScriptJob) -> str:
    """Return a Dockerfile whose image runs the task on a registry that is mounted at `/registry`."""
    passed = "".join(f" -e {name}" for name in job.secrets)
    return _fill(_DOCKERFILE, job, passed=passed, script=format_bash(job))


def format_kubernetes(job: ScriptJob) -> str:
    """Return a ConfigMap with the script and a Job that runs it; the registry is in the volume claim `registry`."""
    env = "".join(
        f"            - name: {name}\n              valueFrom:\n                secretKeyRef:\n"
        f"                  name: reg-task\n                  key: {name}\n"
        for name in job.secrets
    )
    return _fill(_KUBERNETES, job, name=f"reg-{job.task.lower()}", env=env, script=_indent(format_bash(job), 4))


def format_github(job: ScriptJob) -> str:
    """Return a workflow, started by hand, for a runner that has the registry at the variable REG_DIR."""
    env = "".join(f"      {name}: ${{{{ secrets.{name} }}}}\n" for name in job.secrets)
    title = json.dumps(job.title, ensure_ascii=False)
    return _fill(_GITHUB, job, title_json=title, env=env, script=_indent(format_bash(job), 10))


def _fill(template: str, job: ScriptJob, **values: str) -> str:
    return fill(template, {**values, "title": job.title, "python": job.python or _DEFAULT_PYTHON})


def _indent(text: str, width: int) -> str:
    return "".join(" " * width + line if line.strip() else line for line in text.splitlines(keepends=True))
