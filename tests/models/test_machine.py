"""What a container may use: quotas and limits of control groups, of both versions, at any depth."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from models.cuda import LIBRARIES, open_cublas
from models.machine import this_machine, usable_cores, usable_memory

ALL = float(len(os.sched_getaffinity(0)))


def group(folder: Path, files: dict[str, str], member: str) -> tuple[Path, Path]:
    for name, text in files.items():
        path = folder / "cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    membership = folder / "membership"
    membership.write_text(member + "\n")
    return folder / "cgroup", membership


@pytest.mark.parametrize(
    ("files", "member", "cores"),
    [
        ({"cpu.max": "50000 100000"}, "0::/", 0.5),
        ({"cpu.max": "max 100000"}, "0::/", ALL),
        ({"a/b/cpu.max": "max 100000", "a/cpu.max": "25000 100000"}, "0::/a/b", 0.25),
        ({"a/cpu.max": "75000 100000", "a/b/cpu.max": "25000 100000"}, "0::/a/b", 0.25),
        ({"cpu.max": "30000 100000"}, "0::/not/mounted/here", 0.3),
        ({"cpu,cpuacct/x/cpu.cfs_quota_us": "40000", "cpu,cpuacct/x/cpu.cfs_period_us": "100000"},
         "4:cpu,cpuacct:/x", 0.4),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, "4:cpu:/docker/1", ALL),
        ({"memory/cpu.max": "1 100000"}, "4:memory:/", ALL),
        ({"other/cpu.max": "1000 100000"}, "0::/mine", ALL),
        ({"cpu.max": "100000000 100000"}, "0::/", ALL),
    ],
)  # fmt: skip
def test_a_quota_of_cpu_time_counts_as_cores(
    tmp_path: Path, files: dict[str, str], member: str, cores: float
) -> None:
    cgroups, membership = group(tmp_path, files, member)
    assert usable_cores(cgroups=cgroups, membership=membership) == pytest.approx(cores)


def test_the_least_memory_limit_on_the_way_up_counts(tmp_path: Path) -> None:
    files = {"a/memory.max": "1000000000", "a/b/memory.max": "max"}
    cgroups, membership = group(tmp_path, files, "0::/a/b")
    assert usable_memory(cgroups=cgroups, membership=membership) == 1_000_000_000


def test_a_system_without_control_groups_is_taken_whole(tmp_path: Path) -> None:
    nothing = {"cgroups": tmp_path / "none", "membership": tmp_path / "none"}
    assert usable_cores(**nothing) == ALL
    assert usable_memory(**nothing) == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def test_a_machine_without_the_driver_has_no_gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("models.machine._GPU_NODES", (tmp_path / "nvidiactl",))
    found = this_machine()
    assert (found.gpus, found.gpu_types) == (0, frozenset())
    assert 0 < found.cores <= ALL and found.memory_bytes > 0


def test_a_driver_that_answers_nothing_is_no_gpu_and_no_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As on a machine whose driver is too old, or in a container without NVIDIA's runtime."""
    import ctranslate2

    def too_old() -> int:
        raise RuntimeError("CUDA driver version is insufficient for CUDA runtime version")

    (tmp_path / "nvidiactl").touch()
    monkeypatch.setattr("models.machine._GPU_NODES", (tmp_path / "nvidiactl",))
    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", too_old)
    assert this_machine().gpus == 0


def test_a_gpu_is_asked_for_its_compute_types(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import ctranslate2

    (tmp_path / "nvidiactl").touch()
    monkeypatch.setattr("models.machine._GPU_NODES", (tmp_path / "nvidiactl",))
    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 2)
    monkeypatch.setattr(ctranslate2, "get_supported_compute_types", lambda device: {device, "float16"})
    found = this_machine()
    assert (found.gpus, found.gpu_types) == (2, frozenset({"cuda", "float16"}))


def test_cublas_of_the_wheel_is_opened_in_the_order_that_it_needs(tmp_path: Path) -> None:
    opened: list[str] = []
    assert not open_cublas(tmp_path, opened=lambda path, mode: opened.append(path))
    for name in LIBRARIES:
        (tmp_path / name).touch()
    assert open_cublas(tmp_path, opened=lambda path, mode: opened.append(path))
    assert [Path(path).name for path in opened] == ["libcublasLt.so.12", "libcublas.so.12"]


def test_the_library_that_ctranslate2_opens_is_the_one_of_the_gpu_extra() -> None:
    """A CTranslate2 built for another CUDA would ask for another library than the extra brings."""
    import ctranslate2

    folder = Path(ctranslate2.__file__).parent.parent / "ctranslate2.libs"
    binaries = list(folder.glob("libctranslate2*"))
    if not binaries:
        pytest.skip("this CTranslate2 has its library elsewhere")
    data = binaries[0].read_bytes()
    assert b"libcublas.so.12" in data
    assert b"libcudnn" not in data
