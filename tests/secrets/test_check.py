from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from registry_cli.errors import UsageError
from registry_cli.secrets.check import check_url, check_value
from tests.secrets.planted import PLANTED, letters

SECRET = "hunter2" + letters(20)
LETTING_IN = {
    f"https://ada:{SECRET}@h.org/m.bin": "a password",
    f"https://{SECRET}@h.org/m.bin": "a user or token before the `@`",
    f"s3://{PLANTED['github']}@bucket/m.bin": "a user or token before the `@`",
    f"https://h.org/m.bin?X-Amz-Algorithm=AWS4&X-Amz-Signature={SECRET}": "`X-Amz-Signature`",
    "https://h.org/m.bin?X-Goog-Signature=short": "`X-Goog-Signature`",
    f"https://h.org/m.bin?sv=2024-08-04&sr=b&sig={SECRET}%3D": "`sig`",
    f"https://h.org/m.bin?Expires=1&Signature={SECRET}&Key-Pair-Id=K": "`Signature`",
    f"https://h.org/m.bin?AWSAccessKeyId={SECRET}&Expires=1": "`AWSAccessKeyId`",
    f"https://h.org/m.bin?access_token={SECRET}": "`access_token`",
    f"https://h.org/m.bin?private-token={SECRET}": "`private-token`",
    f"https://h.org/m.bin?api_key={SECRET}": "`api_key`",
    f"https://h.org/m.bin#access_token={SECRET}": "`access_token`",
    f"https://h.org/m.bin?next={PLANTED['hugging face']}": "`next`",
    f"https://h.org/{PLANTED['github']}/m.bin": "a GitHub token",
    f"https://h.org/x%2F{PLANTED['github']}/m.bin": "a GitHub token",
}
PLAIN = [
    "https://h.org/m.pth",
    "https://h.org/m.pth?download=1&version=3&revision=47d6d6f6fe013227f40ceb217b54ca00a2acc332",
    "https://zenodo.org/records/1/files/m.pth?download=1#sha256=0123456789abcdef",
    "s3://bucket/key@1/m.bin",
    "abfss://models-of-the-team@account.dfs.core.windows.net/m.bin",
    "hdfs://ann@host:9000/m.bin",
    "ssh://git@host/m.bin",
    "hf://ann/repo@main/m.safetensors",
    "file:///home/ann/m.bin",
]


@pytest.mark.parametrize("url", LETTING_IN)
def test_an_address_that_lets_one_in_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match=LETTING_IN[url].replace("`", ".")) as caught:
        check_url(urlsplit(url))
    told = caught.value.message
    assert not [secret for secret in (SECRET, *PLANTED.values()) if secret in told]


@pytest.mark.parametrize("url", PLAIN)
def test_a_plain_address_is_fine(url: str) -> None:
    check_url(urlsplit(url))


def test_values_and_what_is_in_them() -> None:
    check_value("metadata", {"owner": "ann", "n": 1, "list": ["a", 2.0, None], "deep": {"x": "sk-learn"}})
    for value in (PLANTED["github"], ["a", PLANTED["github"]], {"x": [PLANTED["github"]]}, PLANTED["github"].encode()):
        with pytest.raises(UsageError, match=r"meta.* holds a GitHub token, and a record is permanent") as caught:
            check_value("meta", value)
        assert PLANTED["github"] not in caught.value.message
