"""Where workers are: the scheduler that is named, or jobs of SLURM by a file."""

from pathlib import Path

import pytest

from napari_ggs.cohort import clusters
from napari_ggs.cohort.slurm import SlurmJobs
from napari_ggs.errors import UserError

JOBS = """
queue = "cpu"
account = "kidney"
walltime = "1-02:00:00"
workers = 16
memory = "64GB"
most = 20
interface = "lo"
local_directory = "/scratch/ggs"
log_directory = "logs"
python = "/opt/ggs/bin/python"
prologue = ["module load openslide"]
directives = ["--qos=long"]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "jobs.toml"


def test_the_job_script_says_what_the_file_says(file: Path) -> None:
    file.write_text(JOBS)
    jobs = SlurmJobs.read(file)
    with jobs.cluster() as cluster:
        lines = cluster.job_script().splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    directives = [line.removeprefix("#SBATCH ") for line in lines if line.startswith("#SBATCH")]
    assert directives == [
        "-J napari-ggs", "-e logs/napari-ggs-%J.err", "-o logs/napari-ggs-%J.out", "-p cpu",
        "-A kidney", "-n 1", "--cpus-per-task=16", "--mem=60G", "-t 1-02:00:00", "--qos=long",
    ]  # fmt: skip
    assert "module load openslide" in lines
    assert "export DASK_DISTRIBUTED__WORKER__MEMORY__PAUSE=False" in lines
    command = lines[-1]
    assert command.startswith("/opt/ggs/bin/python -m distributed.cli.dask_worker tcp://127.0.0.1:")
    for option in (
        "--nthreads 1", "--nworkers 16", "--nanny", "--local-directory /scratch/ggs",
        "--interface lo", "--lifetime 93300s",
    ):  # fmt: skip
        assert option in command


def test_a_file_can_be_short(file: Path) -> None:
    file.write_text("")
    with SlurmJobs.read(file).cluster() as cluster:
        script = cluster.job_script()
    assert "--nworkers 8" in script
    assert "--lifetime 14100s" in script


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("queue = ", "cannot be read as TOML"),
        ("partition = 'cpu'", "partition: .*It may have queue, account"),
        ("walltime = '2h'", "walltime"),
        ("workers = 0", "workers"),
    ],
)
def test_a_wrong_file_is_refused(file: Path, text: str, words: str) -> None:
    file.write_text(text)
    with pytest.raises(UserError, match=words):
        SlurmJobs.read(file)


def test_a_scheduler_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "WAIT", "1s")
    with (
        pytest.raises(
            UserError, match=r"There is no scheduler at tcp://127.0.0.1:9 .*start one with"
        ),
        clusters.at("tcp://127.0.0.1:9"),
    ):
        pass
