import pytest

from registry_cli.tasks.capture.remotes import find_remote, parse_config, strip_url
from tests.secrets.planted import PLANTED


@pytest.mark.parametrize(
    ("url", "stripped"),
    [
        ("https://github.com/a/b.git", "https://github.com/a/b.git"),
        ("https://ann:pw@github.com/a/b.git", "https://github.com/a/b.git"),
        ("https://ghp_0123456789@github.com/a/b", "https://github.com/a/b"),
        ("https://x-access-token:abc@host:8443/a", "https://host:8443/a"),
        ("https://a:p@ss@host/a", "https://host/a"),
        ("https://host/a?private_token=1#x", "https://host/a"),
        ("HTTPS://a:b@host/x", "HTTPS://host/x"),
        (f"https://host/{PLANTED['npm']}/x", "https://host/***/x"),
        (f"host:{PLANTED['github']}/x", "host:***/x"),
        ("ssh://git@host:22/a", "ssh://git@host:22/a"),
        ("ssh://git:pw@host/a", "ssh://git@host/a"),
        ("git+https://a:b@host/x", "git+https://host/x"),
        ("https://host/path@v1", "https://host/path@v1"),
        ("git@github.com:a/b.git", "git@github.com:a/b.git"),
        ("git:pw@host:a", "host:a"),
        ("/srv/git/a#b.git", "/srv/git/a#b.git"),
        ("../a", "../a"),
        ("file:///srv/a", "file:///srv/a"),
    ],
)
def test_what_lets_one_in_is_stripped(url: str, stripped: str) -> None:
    assert strip_url(url) == stripped


def config(**values: str) -> dict[str, list[str]]:
    return {key.replace("__", "."): [value] for key, value in values.items()}


def test_the_branch_says_which_remote() -> None:
    told = config(remote__first__url="/1", remote__origin__url="/2", remote__up__url="/3", branch__main__remote="up")
    assert find_remote(told, "main") == "/3"
    assert find_remote(told, "other") == "/2"
    assert find_remote(told, None) == "/2"


def test_else_the_first() -> None:
    assert find_remote(config(remote__b__url="/1", remote__a__url="/2"), "main") == "/1"
    assert find_remote({}, "main") is None
    assert find_remote(config(branch__main__remote=".", remote__a__url="/1"), "main") == "/1"


def test_short_names_are_written_out() -> None:
    text = "remote.origin.url\ngh:a/b\0url.https://tok:en@github.com/.insteadof\ngh:\0url.https://x/.insteadof\ng\0"
    assert find_remote(parse_config(text), None) == "https://github.com/a/b"


def test_a_value_may_have_lines() -> None:
    assert parse_config("a.b\none\ntwo\0a.b\nthree\0empty.key\0") == {"a.b": ["one\ntwo", "three"], "empty.key": [""]}
