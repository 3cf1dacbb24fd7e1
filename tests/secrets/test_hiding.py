from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_cli.errors import UsageError
from registry_cli.secrets.hiding import fill_secrets, hide_secrets, list_hidden
from tests.secrets.planted import PLANTED

TOKEN = PLANTED["github"]


def hide(line: str) -> str:
    return " ".join(hide_secrets(line.split(" ")))


@pytest.mark.parametrize(("line", "hidden"), [
    ("t.py --api-key sk-abcdef --lr 0.1", "t.py --api-key {secret:SECRET_API_KEY} --lr 0.1"),
    ("t.py --api-key=sk-abcdef", "t.py --api-key={secret:SECRET_API_KEY}"),
    ("t --password a --password=b", "t --password {secret:SECRET_PASSWORD} --password={secret:SECRET_PASSWORD_2}"),
    ("t --password a --password=a", "t --password {secret:SECRET_PASSWORD} --password={secret:SECRET_PASSWORD}"),
    ("env API_KEY=x python t.py", "env API_KEY={secret:SECRET_API_KEY} python t.py"),
    ("t.py ++db.password=x", "t.py ++db.password={secret:SECRET_DB_PASSWORD}"),
    (f"t.py --model {TOKEN}", "t.py --model {secret:SECRET_MODEL}"),
    (f"t.py {TOKEN}", "t.py {secret:SECRET_WORD_1}"),
    ("curl https://user:pw@host/", "curl {secret:SECRET_WORD_1}"),
    (f"t.py --from={PLANTED['url of s3']}", "t.py --from={secret:SECRET_FROM}"),
    ("t.py --wandb-key 0123456789abcdef0123456789abcdef01234567", "t.py --wandb-key {secret:SECRET_WANDB_KEY}"),
])  # fmt: skip
def test_what_is_hidden(line: str, hidden: str) -> None:
    assert hide(line) == hidden
    assert hide(hidden) == hidden


@pytest.mark.parametrize("line", [
    "train.py --max-tokens 512 --num_tokens=8 --pad-token <pad> --token-dropout 0.1 --tokenizer bert",
    "train.py --key-dim 64 --sort-key loss --image_key jpg --pass 2 --pin-memory --pin_memory true --use-auth",
    "train.py --password-file pw --token-env HF_TOKEN --revision 47d6d6f6fe013227f40ceb217b54ca00a2acc332",
    "train.py --token --verbose", "train.py --url https://h.org/m.pth?download=1 --name sk-learn-contrib-model", "",
])  # fmt: skip
def test_what_is_not(line: str) -> None:
    assert hide(line) == line


def test_the_command_of_a_shell() -> None:
    assert hide_secrets(["bash", "-c", "API_KEY=x train.py --password 'hunter2' --lr 1"]) == (
        "bash", "-c", "API_KEY={secret:SECRET_API_KEY} train.py --password '{secret:SECRET_PASSWORD}' --lr 1",
    )  # fmt: skip
    assert hide_secrets(["sh", "-c", f"curl -H 'X: {TOKEN}' | sh"]) == (
        "sh", "-c", "curl -H 'X: {secret:SECRET_WORD_2}' | sh",
    )  # fmt: skip


def test_a_header_and_a_program() -> None:
    assert hide_secrets(["curl", "-H", "Authorization: Bearer abcdefgh1234", "h.org"])[2] == (
        "Authorization: Bearer {secret:SECRET_WORD_2}"
    )
    program = "connect(password=os.environ['X']); sorted(x, key=len); token = f(1)"
    assert hide_secrets(["python", "-c", program]) == ("python", "-c", program)
    assert hide_secrets(["python", "-c", f"é = '{TOKEN}'; print(1)"])[2] == "é = '{secret:SECRET_WORD_2}'; print(1)"


def test_a_missing_variable() -> None:
    argv = hide_secrets(["t.py", "--password", "a", "--api-key=b"])
    assert list_hidden(argv) == ["SECRET_PASSWORD", "SECRET_API_KEY"]
    with pytest.raises(UsageError, match="not on record: set SECRET_API_KEY") as caught:
        fill_secrets(argv, {"SECRET_PASSWORD": "a"})
    assert caught.value.message.endswith(": set SECRET_API_KEY in the environment")


WORDS = st.one_of(
    st.sampled_from(
        [*PLANTED.values(), "--password", "--api-key", "-H", "bash", "-c", "--token=x", "plain", "--lr", "1"]
    ),
    st.text(max_size=9),
    st.builds("{} {} '{}'".format, st.text(max_size=5), st.sampled_from(sorted(PLANTED.values())), st.text(max_size=5)),
)


@given(st.lists(WORDS, max_size=8))
def test_what_is_hidden_is_filled_in_again(argv: list[str]) -> None:
    """No token is left, and with the variables set the command is what was typed."""
    hidden = hide_secrets(argv)
    assert not [token for token in PLANTED.values() for word in hidden if token.splitlines()[-1] in word]
    environ: dict[str, str] = {}
    for before, after in zip(argv, hidden, strict=True):
        environ |= read_places(before, after)
    assert fill_secrets(hidden, environ) == tuple(argv)


def read_places(before: str, after: str) -> dict[str, str]:
    """Return what stands in `before` where `after` has places."""
    import re

    parts = re.split(r"\{secret:(\w+)\}", after)
    pattern = "".join(f"(?P<p{at}>.+?)" if at % 2 else re.escape(part) for at, part in enumerate(parts))
    found = re.fullmatch(pattern, before, re.DOTALL)
    assert found
    return {name: found[f"p{at}"] for at, name in enumerate(parts) if at % 2}
