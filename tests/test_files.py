from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from serenade.errors import OutputError
from serenade.files import (
    LOCK,
    MAX_NAME_BYTES,
    fitting_name,
    is_stream,
    lock,
    protect_inputs,
    write_json,
    write_whole,
)

BUSY = OutputError("another process is writing here")
LONGEST = "é" * 127 + "x"  # 255 bytes


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    (tmp_path / "a.txt").write_text("old")

    def fail():
        with write_whole(tmp_path / "a.txt") as out:
            out.write("new")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("a.txt", "old")]


def test_files_follow_the_umask(tmp_path):
    umask = os.umask(0o027)
    try:
        with write_whole(tmp_path / "a.txt") as out:
            out.write("x")
    finally:
        os.umask(umask)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o640


@pytest.mark.parametrize("mode", ["w", "wb"])
def test_the_longest_name_that_a_file_system_takes(tmp_path, mode):
    with write_whole(tmp_path / LONGEST, mode) as out:
        out.write("x" if mode == "w" else b"x")
    assert [file.name for file in tmp_path.iterdir()] == [LONGEST]
    with pytest.raises(OutputError, match="the name is too long"), write_whole(tmp_path / (LONGEST + "y")):
        pass


def test_a_name_that_is_not_utf8_is_written_as_an_escape(tmp_path):
    name = os.fsdecode(b"caf\xe9.wav")
    write_json(tmp_path / "a.json", {"file": name})
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"file": name}
    with write_whole(tmp_path / name) as out:
        out.write(name)
    assert os.fsencode(name) in os.listdir(os.fsencode(tmp_path))


class TestLinks:
    def test_a_link_is_written_through(self, tmp_path):
        target, link = tmp_path / "data" / "target.txt", tmp_path / "link.txt"
        target.parent.mkdir()
        target.write_text("old")
        link.symlink_to("data/target.txt")
        with write_whole(link) as out:
            out.write("new")
        assert link.is_symlink()
        assert target.read_text() == "new"

    def test_a_link_to_nothing_makes_its_target(self, tmp_path):
        (tmp_path / "link.txt").symlink_to("new/target.txt")
        with write_whole(tmp_path / "link.txt") as out:
            out.write("x")
        assert (tmp_path / "new" / "target.txt").read_text() == "x"

    def test_links_in_a_circle_are_refused(self, tmp_path):
        (tmp_path / "a").symlink_to("b")
        (tmp_path / "b").symlink_to("a")
        with pytest.raises(OutputError, match="cannot be written"), write_whole(tmp_path / "a" / "x.txt"):
            pass


class TestStreams:
    def test_a_named_pipe_gets_the_text_and_stays(self, tmp_path):
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        received = []
        reader = threading.Thread(target=lambda: received.append(pipe.read_text()))
        reader.start()
        with write_whole(pipe) as out:
            out.write("through the pipe")
        reader.join(10)
        assert received == ["through the pipe"]
        assert is_stream(pipe)

    def test_a_full_device_is_an_error_and_stays_a_device(self):
        with pytest.raises(OutputError, match="the disk is full"), write_whole("/dev/full") as out:
            out.write("x")
        assert stat.S_ISCHR(os.stat("/dev/full").st_mode)

    @pytest.mark.parametrize("how", ["pipe", "file", "appended"])
    def test_stdout_is_written_to_wherever_it_leads(self, tmp_path, how):
        code = (
            "from serenade.files import write_whole\n"
            "with write_whole('/dev/stdout') as out: out.write('one')\n"
            "with write_whole('/dev/stdout', 'wb') as out: out.write(b' two')\n"
        )
        command, log = [sys.executable, "-c", code], tmp_path / "log"
        log.write_text("before ")
        if how == "pipe":
            assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "one two"
        else:
            inode = log.stat().st_ino
            with log.open("a" if how == "appended" else "w") as stdout:
                subprocess.run(command, check=True, stdout=stdout)
            assert log.read_text() == ("before " if how == "appended" else "") + "one two"
            assert log.stat().st_ino == inode
        assert os.path.islink("/dev/stdout")

    def test_what_is_printed_does_not_overwrite_what_is_written(self, tmp_path):
        code = (
            "from serenade.files import write_whole\n"
            "print('before', flush=True)\n"
            "with write_whole('/dev/stdout') as out: out.write('written\\n')\n"
            "print('after')\n"
        )
        with (tmp_path / "log").open("w") as stdout:
            subprocess.run([sys.executable, "-c", code], check=True, stdout=stdout)
        assert (tmp_path / "log").read_text() == "before\nwritten\nafter\n"

    def test_plain_files_and_folders_are_none(self, tmp_path):
        (tmp_path / "file").touch()
        paths = [tmp_path, tmp_path / "file", tmp_path / "gone", "/dev/shm/x.csv"]
        assert not any(map(is_stream, paths))
        (tmp_path / "link").symlink_to("/dev/null")
        assert is_stream(tmp_path / "link")


class TestProtectInputs:
    @pytest.fixture
    def sound(self, tmp_path):
        (tmp_path / "x.wav").write_bytes(b"sound")
        return tmp_path / "x.wav"

    @pytest.mark.parametrize("how", ["same", "detour", "symlink", "hard link", "linked folder"])
    def test_an_input_under_any_name_is_refused(self, sound, how):
        folder = sound.parent
        out = {
            "same": sound,
            "detour": folder / "sub" / ".." / "x.wav",
            "linked folder": folder / "l" / "x.wav",
        }
        out |= {"symlink": folder / "s.csv", "hard link": folder / "h.csv"}
        (folder / "sub").mkdir()
        (folder / "l").symlink_to(folder)
        out["symlink"].symlink_to("x.wav")
        os.link(sound, out["hard link"])
        with pytest.raises(OutputError, match="is an input of this command and would be overwritten"):
            protect_inputs([folder / "new.csv", out[how]], [sound])
        with pytest.raises(OutputError, match="is an input"):
            protect_inputs([sound], [out[how]])

    def test_a_folder_of_inputs_keeps_its_files_and_takes_new_ones(self, sound):
        protect_inputs([sound.parent / "new.csv", sound.parent / "new"], [sound.parent])
        with pytest.raises(OutputError, match="is a file in a folder that this command reads"):
            protect_inputs([sound], [sound.parent])
        with pytest.raises(OutputError, match="is an input"):
            protect_inputs([sound.parent], [sound.parent])

    def test_what_is_no_path_is_no_input(self, sound):
        protect_inputs([sound, None, "gone.csv"], ["I am so happy", "a\0b", "x" * 5000, None, "gone.csv"])

    def test_streams_are_never_refused(self):
        protect_inputs(["/dev/null"], ["/dev/null"])


class TestFittingName:
    @pytest.mark.parametrize("stem", ["a", "a" * 251, "a" * 252, "é" * 127, os.fsdecode(b"\xe9" * 255)])
    def test_every_name_fits_and_keeps_its_suffix(self, tmp_path, stem):
        name = fitting_name(stem, ".vtt")
        assert len(os.fsencode(name)) <= MAX_NAME_BYTES
        assert name.endswith(".vtt")
        (tmp_path / name).touch()

    def test_long_names_stay_apart(self):
        stems = ["a" * 254 + end for end in "xyz"]
        assert len({fitting_name(stem, ".TextGrid") for stem in stems}) == 3


HOLD = """
import sys, time
from pathlib import Path
from serenade.errors import OutputError
from serenade.files import lock
with lock(sys.argv[1], busy=OutputError("busy")):
    print("held", flush=True)
    time.sleep(60)
"""


class TestLock:
    def test_another_process_is_kept_out_until_the_first_ends_or_is_killed(self, tmp_path):
        file = tmp_path / LOCK
        with subprocess.Popen(
            [sys.executable, "-c", HOLD, file], stdout=subprocess.PIPE, text=True
        ) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            with pytest.raises(OutputError, match="another process is writing here"), lock(file, busy=BUSY):
                pass
            holder.kill()
        assert file.exists()
        with lock(file, busy=BUSY):
            pass
        assert not file.exists()

    def test_a_planted_link_is_not_followed(self, tmp_path):
        victim = tmp_path / "victim"
        (tmp_path / LOCK).symlink_to(victim)
        with (
            pytest.raises(OutputError, match="cannot be written: it is a link"),
            lock(tmp_path / LOCK, busy=BUSY),
        ):
            pass
        assert not victim.exists()


def test_write_json_ends_with_a_newline(tmp_path):
    write_json(tmp_path / "a.json", [1])
    assert Path(tmp_path / "a.json").read_text() == "[\n 1\n]\n"


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="/proc is Linux's")
def test_a_folder_without_new_files_is_not_taken_for_a_busy_one():
    with (
        pytest.raises(OutputError, match="/proc: cannot be written: no file can be created in this folder"),
        lock("/proc/x.lock", busy=BUSY),
    ):
        pass
