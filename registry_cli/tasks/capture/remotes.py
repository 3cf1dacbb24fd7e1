"""Finds the URL from which a repository's commits can be fetched again, without credentials. Runs nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from registry_cli.secrets.tokens import hide_tokens

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_USER: Final = re.compile(r"^(?P<scheme>(?:[\w.+-]+::)?(?P<kind>[A-Za-z][\w.+-]*)://)(?P<user>[^/?#]*)@")
_BARE_USER: Final = re.compile(r"^[^/@:]*:[^/@]*@")
_NEED_USER: Final = ("ssh", "git+ssh", "ssh+git")
"""Schemes in which the user's name is part of the address; in others it is that of the requester, or a token."""

Config = dict[str, list[str]]
"""Values by key, in the order in which git reads them."""


def parse_config(text: str) -> Config:
    """Return the settings that `git config -z --get-regexp` lists as `key`, a line feed, the value, a zero byte."""
    config: Config = {}
    for pair in text.split("\0"):
        key, _, value = pair.partition("\n")
        if key:
            config.setdefault(key, []).append(value)
    return config


def find_remote(config: Config, branch: str | None) -> str | None:
    """Return the URL of the remote that the branch follows, else of `origin`, else of the first; None without any.

    Args:
        config: The sections `remote`, `branch` and `url`.
        branch: The branch that is checked out.
    """
    urls = {key.removeprefix("remote.").removesuffix(".url"): values[0]
            for key, values in config.items() if key.startswith("remote.") and key.endswith(".url")}  # fmt: skip
    followed = config.get(f"branch.{branch}.remote", [""])[-1]
    for name in (followed, "origin", *urls):
        if name in urls:
            return strip_url(_replace_prefix(urls[name], config))
    return None


def strip_url(url: str) -> str:
    """Return a URL without password and query, with tokens as `***`; `git@host:path` and plain paths stay."""
    if found := _USER.match(url):
        name = found["user"].partition(":")[0] if found["kind"].lower() in _NEED_USER else ""
        url = f"{found['scheme']}{name}{'@' if name else ''}{url[found.end() :]}"
    elif "://" not in url:
        return hide_tokens(_BARE_USER.sub("", url))
    return hide_tokens(re.split(r"[?#]", url, maxsplit=1)[0])


def _replace_prefix(url: str, config: Mapping[str, Sequence[str]]) -> str:
    """Apply `url.<base>.insteadOf`, the longest prefix first, as git does."""
    bases = [
        (prefix, key[len("url.") : -len(".insteadof")])
        for key, prefixes in config.items()
        if key.startswith("url.") and key.endswith(".insteadof")
        for prefix in prefixes
        if url.startswith(prefix)
    ]
    if not bases:
        return url
    prefix, base = max(bases, key=lambda pair: len(pair[0]))
    return base + url[len(prefix) :]
