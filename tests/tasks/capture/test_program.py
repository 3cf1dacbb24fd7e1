import pytest

from registry_cli.tasks.capture.program import find_program, is_kernel


@pytest.mark.parametrize(
    ("command", "name", "own"),
    [
        ("python train.py --lr 1", "train.py", "--lr 1"),
        ("/usr/bin/python3.11 -u -W ignore train.py --lr 1", "train.py", "--lr 1"),
        ("python -m pkg.train --lr 1", "pkg.train", "--lr 1"),
        ("python -mpkg.train --lr 1", "pkg.train", "--lr 1"),
        ("python -Xdev -c code --lr 1", None, "--lr 1"),
        ("python - --lr 1", "-", "--lr 1"),
        ("python", None, ""),
        ("./train.sh --lr 1", "./train.sh", "--lr 1"),
        ("mytool --lr 1", "mytool", "--lr 1"),
        ("bash -e run.sh --lr 1", "run.sh", "--lr 1"),
        ("bash -c 'x' --lr 1", None, ""),
        ("env SEED=1 python train.py --lr 1", "train.py", "--lr 1"),
        ("env -u A ./train --lr 1", "./train", "--lr 1"),
        ("nohup nice -n 5 ./train --lr 1", "./train", "--lr 1"),
        ("torchrun --nproc_per_node 4 train.py --lr 1", "train.py", "--lr 1"),
        ("torchrun --standalone -m pkg.train --lr 1", "pkg.train", "--lr 1"),
        ("python -m torch.distributed.run --nproc_per_node=4 train.py --lr 1", "train.py", "--lr 1"),
        ("accelerate launch --config_file x.yaml train.py --lr 1", "train.py", "--lr 1"),
        ("uv run train.py --lr 1", "train.py", "--lr 1"),
        ("uv run --with numpy python train.py --lr 1", "train.py", "--lr 1"),
        ("uv run mytool --engine python --lr 1", "mytool", "--engine python --lr 1"),
        ("uv run -- mytool --lr 1", "mytool", "--lr 1"),
        ("conda run -n env python train.py --lr 1", "train.py", "--lr 1"),
        ("srun -n 4 python train.py --lr 1", "train.py", "--lr 1"),
        ("mpirun -np 4 --hostfile hosts ./train --lr 1", "./train", "--lr 1"),
        ("timeout 10m ./train --lr 1", "./train", "--lr 1"),
        ("Rscript fit.R --lr 1", "fit.R", "--lr 1"),
    ],
)
def test_launchers_are_looked_through(command: str, name: str | None, own: str) -> None:
    argv = command.split()
    program = find_program(argv)
    assert program.name == name
    assert argv[program.words :] == own.split()


def test_nothing() -> None:
    assert find_program([]).name is None


@pytest.mark.parametrize(
    "words", ["env", "uv run", "python -m", "python -W", "torchrun -m", "bash", "srun --", "conda run -n"]
)
def test_a_launcher_without_a_program(words: str) -> None:
    argv = words.split()
    assert find_program(argv).words >= 1


def test_kernels_of_notebooks() -> None:
    assert is_kernel(["/usr/bin/python3.11", "-m", "ipykernel_launcher", "-f", "/run/kernel-1.json"])
    assert is_kernel(["python", "-Xfrozen_modules=off", "-m", "ipykernel", "-f", "/run/kernel-1.json"])
    assert not is_kernel(["python", "train.py", "-m", "ipykernel_launcher"])
    assert not is_kernel(["jupyter", "nbconvert", "--execute", "a.ipynb"])
