"""The manifests of docs/scaling.md: valid, and every worker gets the TF_CONFIG that is its own."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from page_blocks import read_blocks

from ddsp_tf.training.strategies import check_tf_config

PAGE = Path(__file__).parents[2] / "docs" / "scaling.md"

STAND_INS = {
    "ddsp-tf": 'echo "$TF_CONFIG"; echo "$@"',
    "scontrol": '[ "$1" = requeue ] && echo requeued || printf "node1\\nnode2\\nnode3\\n"',
    "srun": 'shift; for i in 0 1 2; do SLURM_PROCID=$i "$@"; done; exit ${FAILS:-0}',
}


@pytest.fixture
def stand_ins(tmp_path: Path) -> dict[str, str]:
    """An environment in which the scheduler's commands say what they were asked."""
    for name, text in STAND_INS.items():
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/bash\n{text}\n")
        path.chmod(0o755)
    return {**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}


def manifest(name: str) -> str:
    return next(block.text for block in read_blocks(PAGE) if block.note == f"file: {name}")


def bash(folder: Path, script: str, environment: dict[str, str]) -> list[str]:
    done = subprocess.run(
        ["bash", "-euc", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert not done.stderr
    return done.stdout.splitlines()


def begin_run(folder: Path) -> None:
    (folder / "runs/violin").mkdir(parents=True)
    (folder / "runs/violin/settings.json").touch()


def test_slurm_gives_each_node_its_place(tmp_path: Path, stand_ins: dict[str, str]) -> None:
    slurm = {**stand_ins, "SLURM_JOB_NODELIST": "node[1-3]", "SLURM_JOB_ID": "7"}
    said = bash(tmp_path, manifest("train.sbatch"), slurm)
    for index, (config, arguments) in enumerate(zip(said[::2], said[1::2], strict=True)):
        check_tf_config({"TF_CONFIG": config})
        assert json.loads(config) == {
            "cluster": {"worker": ["node1:12345", "node2:12345", "node3:12345"]},
            "task": {"type": "worker", "index": index},
        }
        assert arguments.startswith("train --strategy multi_worker")
        assert "--resume" not in arguments
    begin_run(tmp_path)
    said = bash(tmp_path, manifest("train.sbatch"), {**slurm, "FAILS": "1"})
    assert said[1].endswith("--resume")
    assert said[-1] == "requeued"


def test_kubernetes_gives_each_pod_its_place(tmp_path: Path, stand_ins: dict[str, str]) -> None:
    service, job = yaml.safe_load_all(manifest("train.yaml"))
    assert (service["kind"], job["kind"]) == ("Service", "Job")
    spec: dict[str, Any] = job["spec"]
    pod = spec["template"]["spec"]
    assert spec["completionMode"] == "Indexed"
    assert pod["subdomain"] == service["metadata"]["name"]
    assert service["spec"]["selector"] == {"job-name": job["metadata"]["name"]}
    (container,) = pod["containers"]
    (n_workers,) = (int(each["value"]) for each in container["env"] if each["name"] == "N_WORKERS")
    assert spec["completions"] == spec["parallelism"] == n_workers
    shell, flags, script = container["command"]
    assert (shell, flags) == ("bash", "-euc")
    (port,) = (each["port"] for each in service["spec"]["ports"])
    begin_run(tmp_path)
    for index in range(n_workers):
        environment = {**stand_ins, "N_WORKERS": "4", "JOB_COMPLETION_INDEX": str(index)}
        config, arguments = bash(tmp_path, script, environment)
        check_tf_config({"TF_CONFIG": config})
        read = json.loads(config)
        assert read["task"]["index"] == index
        name = f"{job['metadata']['name']}-{index}.{pod['subdomain']}"
        assert read["cluster"]["worker"][index] == f"{name}:{port}"
        assert arguments.endswith("--resume")
