"""What `prepare` does when the machine does not play along: kills, full disks, places not to write to."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from serenade.audio.logmel import FrontEnd
from serenade.errors import OutputError, StoreError
from serenade.features import chunks
from serenade.features.prepare import prepare
from serenade.features.store import Store

MakeClips = Callable[..., Path]

EMOTIONS = ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD")

PREPARE = """
import sys
from serenade.features import chunks
from serenade.features.prepare import prepare
chunks.CLIPS_PER_CHUNK = 2
clips, out, jobs = sys.argv[1:]
prepare(clips, out, corpus="cremad", augment=2, jobs=int(jobs),
        progress=lambda p: print(p.done, p.found, flush=True))
"""


def start(clips: Path, out: Path, jobs: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PREPARE, str(clips), str(out), str(jobs)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def kill_after_first_chunk(clips: Path, out: Path, jobs: int, how: signal.Signals) -> list[int]:
    process = start(clips, out, jobs)
    assert process.stdout is not None
    process.stdout.readline()
    assert process.stdout.readline().strip(), "the first chunk was never written"
    workers = children(process.pid)
    process.send_signal(how)
    process.wait(20)
    return workers


@pytest.mark.parametrize(("jobs", "how"), [(1, signal.SIGKILL), (2, signal.SIGKILL), (2, signal.SIGINT)])
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads the processes from /proc")
def test_a_run_that_was_killed_is_continued_to_the_same_bytes(
    tmp_path: Path, make_clips: MakeClips, jobs: int, how: signal.Signals
) -> None:
    clips = make_clips(tmp_path / "clips", 24)
    out = tmp_path / "out"
    workers = kill_after_first_chunk(clips, out, jobs, how)
    with pytest.raises(StoreError, match="not a finished store"):
        Store.open(out)
    deadline = time.monotonic() + 10
    while any(running(worker) for worker in workers):
        assert time.monotonic() < deadline, "a worker outlived its parent"
        time.sleep(0.05)
    again = start(clips, out, jobs)
    first = again.communicate(timeout=60)[0].split()
    assert again.returncode == 0
    assert int(first[1]) >= 2, "nothing of the first run was found"
    unbroken = prepare(clips, tmp_path / "unbroken", corpus="cremad", augment=2, jobs=1)
    for name in ("frames.npy", "index.csv"):
        assert (out / name).read_bytes() == (unbroken.path / name).read_bytes()
    assert sorted(path.name for path in out.iterdir()) == ["frames.npy", "index.csv", "store.json"]


def test_ctrl_c_is_for_the_parent_alone(tmp_path: Path, make_clips: MakeClips) -> None:
    process = start(make_clips(tmp_path / "clips", 24), tmp_path / "out", 2)
    assert process.stdout is not None
    assert process.stdout.readline().strip()
    # A terminal sends it to every process of the command, here while the workers are still starting.
    os.killpg(process.pid, signal.SIGINT)
    errors = process.communicate(timeout=60)[1]
    assert process.returncode != 0
    assert errors.count("Traceback") == 1
    assert errors.strip().endswith("KeyboardInterrupt")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", disk], capture_output=True
        ).returncode
    )
    if not mounted:
        pytest.skip("a small file system can only be mounted by root")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_full_disk_is_said_and_the_rerun_finishes(
    small_disk: Path, tmp_path: Path, make_clips: MakeClips, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CLIPS_PER_CHUNK", 2)
    clips = make_clips(tmp_path / "clips", 12)
    with pytest.raises(OutputError, match="the disk is full"):
        prepare(clips, small_disk / "out", corpus="cremad", jobs=1)
    with pytest.raises(StoreError, match="not a finished store"):
        Store.open(small_disk / "out")
    subprocess.run(["mount", "-o", "remount,size=8m", small_disk], check=True)
    found = []
    store = prepare(
        clips, small_disk / "out", corpus="cremad", jobs=1, progress=lambda told: found.append(told.found)
    )
    assert found[0] > 0
    assert len(store) == 12


def test_the_disk_is_full_for_a_worker_too(small_disk: Path, tmp_path: Path, make_clips: MakeClips) -> None:
    clips = make_clips(tmp_path / "clips", 40, duration_s=1.0)
    with pytest.raises(OutputError, match="the disk is full"):
        prepare(clips, small_disk / "out", corpus="cremad", jobs=2)


def test_a_place_that_is_no_folder(tmp_path: Path, make_clips: MakeClips) -> None:
    clips = make_clips(tmp_path / "clips", 1)
    (tmp_path / "file").touch()
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OutputError, match="cannot be written"):
            prepare(clips, out, corpus="cremad", jobs=1)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_place_without_permission(tmp_path: Path, make_clips: MakeClips) -> None:
    clips = make_clips(tmp_path / "clips", 1)
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(OutputError, match="no permission"):
        prepare(clips, tmp_path / "locked" / "out", corpus="cremad", jobs=1)


# Not ru_maxrss, which begins with what the parent held.
MEMORY = """
import sys
from pathlib import Path
from serenade.audio.logmel import FrontEnd
from serenade.features.prepare import prepare
prepare(sys.argv[1], sys.argv[2], corpus="cremad", front_end=FrontEnd(hop=64), jobs=1)
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_corpus(tmp_path: Path, make_clips: MakeClips) -> None:
    one = next(make_clips(tmp_path / "one", 1, duration_s=2.5).iterdir())
    peaks_mib = []
    for count in (40, 600):
        folder = tmp_path / f"clips{count}"
        folder.mkdir()
        for number in range(count):
            shutil.copy(
                one,
                folder / f"{1001 + number // 6}_DFA_{EMOTIONS[number % 6]}_XX.wav",
            )
        out = tmp_path / f"out{count}"
        told = subprocess.check_output([sys.executable, "-c", MEMORY, str(folder), str(out)], text=True)
        peaks_mib.append(int(told) / 1024)
    store = Store.open(tmp_path / "out600")
    assert store.frames.nbytes > 180 * 2**20
    assert store.front_end == FrontEnd(hop=64)
    assert peaks_mib[1] - peaks_mib[0] < 50
    np.testing.assert_array_equal(store.features(0), store.features(599))
