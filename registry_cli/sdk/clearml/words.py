"""ClearML's words for the type and the status of a task."""

from __future__ import annotations

from enum import StrEnum


class TaskTypes(StrEnum):
    """The types of a task, recorded as the parameter `task_type`."""

    training = "training"
    testing = "testing"
    inference = "inference"
    data_processing = "data_processing"
    application = "application"
    monitor = "monitor"
    controller = "controller"
    optimizer = "optimizer"
    service = "service"
    qc = "qc"
    custom = "custom"


class TaskStatusEnum(StrEnum):
    """ClearML's names of the statuses, each equal to the status here."""

    created = "draft"
    queued = "draft"  # ClearML distinguishes more
    in_progress = "running"
    completed = "completed"
    closed = "completed"
    published = "completed"
    publishing = "completed"
    stopped = "cancelled"
    failed = "failed"
    crashed = "crashed"
    unknown = "unknown"
