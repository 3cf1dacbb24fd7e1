"""The file of a notebook's cells: what is written as they run, and what is read from it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from registry_cli.sdk.notebook.cells import Cell, format_before, format_begin, format_end, parse_cells

TOKEN = "ghp_" + "a1B2" * 9
TYPED = """\
# %% In[1]
import sys

# ran before the task began

# %% In[2]
%%bash
echo

# %% In[3]
1 / 0
# raised ZeroDivisionError: division by zero

# %% In[5]
def f(:
"""


def test_cells_are_kept_as_they_were_typed() -> None:
    text = format_before(1, "import sys\n")
    text += format_begin(2, "%%bash\necho") + format_end(None)
    text += format_begin(3, "1 / 0") + format_end(ZeroDivisionError("division by zero"))
    text += format_begin(5, "def f(:")
    assert text == TYPED.replace("import sys\n\n", "import sys\n")
    cells = [
        Cell(1, "import sys", before=True), Cell(2, "%%bash\necho"), Cell(3, "1 / 0", "ZeroDivisionError"),
        Cell(5, "def f(:"),
    ]  # fmt: skip
    assert parse_cells(text) == cells
    assert [cell.code.strip() for cell in parse_cells(f"# of an editor\n\n{TYPED}\n\n")] == [one.code for one in cells]


def test_an_exception_is_one_line_without_secrets() -> None:
    assert format_end(ValueError("one\ntwo")) == "# raised ValueError: one\n\n"
    assert format_end(KeyError()) == "# raised KeyError\n\n"
    assert TOKEN not in format_end(ValueError(f"bad {TOKEN}"))


def test_a_cell_with_a_secret_is_left_out() -> None:
    text = format_begin(1, f"token = '{TOKEN}'") + format_end(None) + format_begin(2, "print(1)")
    assert TOKEN not in text
    assert [cell.is_left_out for cell in parse_cells(text)] == [True, False]
    assert "a GitHub token" in text


CODE = st.text(st.characters(exclude_categories=["Cs"])).filter(lambda text: "# " not in text)


@given(st.lists(st.tuples(st.integers(1, 99), CODE, st.sampled_from([None, "ValueError", "KeyError"]))))
def test_what_is_written_is_read(cells: list[tuple[int, str, str | None]]) -> None:
    errors = {"ValueError": ValueError("bad"), "KeyError": KeyError("x"), None: None}
    text = "".join(format_begin(number, code) + format_end(errors[raised]) for number, code, raised in cells)
    assert parse_cells(text) == [Cell(number, code.strip("\n"), raised) for number, code, raised in cells]
