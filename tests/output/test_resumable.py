from __future__ import annotations

import json
import os
from itertools import islice
from pathlib import Path

import pytest

from serenade.errors import OutputError
from serenade.files import MAX_NAME_BYTES
from serenade.output.counts import PredictionCounts
from serenade.output.format import FORMATS
from serenade.output.resumable import ResumableFile, lock_output

RESUMABLE = [name for name in FORMATS if FORMATS[name].is_resumable]
SETTINGS = {"model": "toy 3", "model file": "a" * 64, "timeline": True}


@pytest.fixture
def inputs(tmp_path, hostile):
    """The recordings as files, so that they have a size and a time of change."""
    folder = tmp_path / "calls"
    folder.mkdir()
    files = [folder / recording[0].file for recording in hostile]
    for file in files:
        file.write_bytes(b"sound")
    return files


@pytest.fixture
def recordings(inputs, timeline, failure):
    """What is predicted for the inputs."""
    return [failure(str(f)) if i % 3 == 2 else timeline(str(f)) for i, f in enumerate(inputs)]


@pytest.fixture
def opened(layout):
    """Opens a resumable file."""

    def make(out, inputs, settings=SETTINGS, **options):
        its_format = FORMATS["jsonl" if out.suffix == ".jsonl" else "csv"]
        files = layout(*map(str, inputs))
        return ResumableFile(
            out, format=its_format, layout=files, settings=settings, inputs=inputs, **options
        )

    return make


def run(file, recordings):
    """Predict what is missing and finish."""
    missing = set(map(str, file.missing))
    done = list(file.extend([recording for recording in recordings if recording[0].file in missing]))
    file.finish()
    return done


@pytest.mark.parametrize("name", RESUMABLE)
def test_cut_anywhere_it_ends_as_an_unbroken_run(name, tmp_path, inputs, recordings, layout):
    settings = {"format": FORMATS[name], "layout": layout(*map(str, inputs)), "settings": SETTINGS}
    whole = tmp_path / "whole"
    run(ResumableFile(whole, inputs=inputs, **settings), recordings)
    expected = "".join(FORMATS[name].write(recordings, settings["layout"]))
    assert whole.read_bytes() == expected.encode()
    part = ResumableFile(tmp_path / "cut", inputs=inputs, **settings)
    list(part.extend(recordings))
    part.close()
    written = part.path.read_bytes()
    for cut in range(0, len(written) + 1, len(written) // 37):
        part.path.write_bytes(written[:cut])
        run(ResumableFile(tmp_path / "cut", inputs=inputs, **settings), recordings)
        assert (tmp_path / "cut").read_bytes() == whole.read_bytes()
        assert not part.path.exists()
        (tmp_path / "cut").unlink()


def test_it_knows_what_is_done_and_what_had_failed(tmp_path, opened, inputs, recordings):
    first = opened(tmp_path / "o.csv", inputs)
    list(islice(first.extend(recordings), 4))
    first.close()
    second = opened(tmp_path / "o.csv", inputs)
    assert second.missing == inputs[4:]
    counts = PredictionCounts(rate_hz=16_000, is_timeline=True)
    second.count_earlier(counts)
    assert str(counts) == (
        "3 recordings predicted in 15 segments (3 unsure, 3 without speech), 1 not readable, "
        "4 of these by an earlier run"
    )
    assert counts.failed == {str(inputs[2]): 'is "text",\nnot sound'}


def test_a_prediction_is_on_the_disk_before_the_next_is_made(tmp_path, opened, inputs, recordings):
    part = opened(tmp_path / "o.jsonl", inputs)
    for number, _ in enumerate(part.extend(recordings)):
        last = part.path.read_text().splitlines()[-1]
        assert json.loads(last)["file"] == str(inputs[number])


def test_added_and_changed_recordings_are_predicted_and_removed_ones_left_out(
    tmp_path, opened, inputs, recordings
):
    first = opened(tmp_path / "o.csv", inputs[:4])
    list(islice(first.extend(recordings), 3))
    first.close()
    inputs[0].write_bytes(b"another sound")
    now = [inputs[5], inputs[0], inputs[2]]
    second = opened(tmp_path / "o.csv", now)
    assert second.missing == [inputs[5], inputs[0]]
    run(second, [recordings[5], recordings[0], recordings[2]])
    whole = opened(tmp_path / "whole.csv", now)
    run(whole, [recordings[5], recordings[0], recordings[2]])
    assert (tmp_path / "o.csv").read_text() == (tmp_path / "whole.csv").read_text()


class TestFinished:
    @pytest.fixture
    def out(self, tmp_path, opened, inputs, recordings):
        run(opened(tmp_path / "o.csv", inputs), recordings)
        return tmp_path / "o.csv"

    def test_the_same_run_is_complete_and_knows_its_counts(self, out, opened, inputs):
        again = opened(out, inputs)
        assert again.is_complete
        assert again.missing == []
        counts = PredictionCounts(rate_hz=16_000)
        again.count_earlier(counts)
        assert (counts.predicted, len(counts.failed), counts.earlier) == (6, 3, 9)

    def test_another_order_of_the_recordings_is_the_same_run(self, out, opened, inputs):
        assert opened(out, inputs[::-1]).is_complete

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"model": "toy 4"}, r"o\.csv: is the output of another run \(model toy 3, now toy 4\); choose"),
            ({"model file": "b" * 64}, r"\(model file aaaaaaaa, now bbbbbbbb\)"),
            (
                {"timeline": False},
                r"\(timeline on, now off\); choose another --out, or predict all again with",
            ),
        ],
    )
    def test_other_settings_are_another_run(self, out, opened, inputs, changes, message):
        before = out.read_bytes()
        with pytest.raises(OutputError, match=message):
            opened(out, inputs, SETTINGS | changes)
        assert out.read_bytes() == before
        assert not opened(out, inputs, SETTINGS | changes, overwrite=True).is_complete

    def test_other_inputs_are_another_run(self, out, opened, inputs, tmp_path):
        inputs[0].write_bytes(b"another sound")
        (tmp_path / "new.wav").touch()
        message = r"another run \(2 recordings added, 1 removed, 1 changed\)"
        with pytest.raises(OutputError, match=message):
            opened(out, [*inputs[:-1], tmp_path / "new.wav", tmp_path / "gone.wav"])

    @pytest.mark.parametrize("what", ["edited", "foreign", "damaged record", "record of another version"])
    def test_a_file_that_is_not_the_last_output_is_kept(self, out, opened, inputs, what):
        record = out.with_name(".o.csv.run.json")
        if what == "edited":
            out.write_text(out.read_text() + "a note\n")
        elif what == "foreign":
            record.unlink()
        else:
            record.write_text("{" if what == "damaged record" else '{"settings": {}, "inputs": 3}')
        with pytest.raises(OutputError, match="exists, and is not what serenade predict wrote here last"):
            opened(out, inputs)
        assert opened(out, inputs, overwrite=True).missing == inputs

    def test_an_empty_file_is_in_nobodys_way(self, tmp_path, opened, inputs):
        (tmp_path / "new.csv").touch()
        assert not opened(tmp_path / "new.csv", inputs).is_complete


class TestUnfinished:
    def test_another_model_does_not_continue_it(self, tmp_path, opened, inputs, recordings):
        first = opened(tmp_path / "o.csv", inputs)
        next(first.extend(recordings))
        first.close()
        with pytest.raises(
            OutputError, match=r"o\.csv\.part: is the start of another run \(model toy 3, now x\)"
        ):
            opened(tmp_path / "o.csv", inputs, SETTINGS | {"model": "x"})
        assert opened(tmp_path / "o.csv", inputs, SETTINGS | {"model": "x"}, overwrite=True).missing == inputs

    @pytest.mark.parametrize(
        "content", [b"\xff\xfe something else\n", b"[]\n", b'{"settings": 3}\n', b"\0" * 99]
    )
    def test_a_foreign_file_is_refused_and_kept(self, tmp_path, opened, inputs, content):
        (tmp_path / "o.csv.part").write_bytes(content)
        with pytest.raises(OutputError, match=r"o\.csv\.part: is no unfinished output \("):
            opened(tmp_path / "o.csv", inputs)
        assert (tmp_path / "o.csv.part").read_bytes() == content

    def test_a_damaged_line_is_refused(self, tmp_path, opened, inputs, recordings):
        first = opened(tmp_path / "o.csv", inputs)
        list(first.extend(recordings))
        first.close()
        lines = first.path.read_bytes().splitlines(keepends=True)
        first.path.write_bytes(lines[0] + lines[1].replace(b'"text"', b'"txet"') + lines[2])
        with pytest.raises(OutputError, match="unknown key 'txet'"):
            opened(tmp_path / "o.csv", inputs)

    def test_a_folder_in_the_way(self, tmp_path, opened, inputs):
        (tmp_path / "o.csv.part").mkdir()
        with pytest.raises(OutputError, match="cannot be written: this is a folder"):
            opened(tmp_path / "o.csv", inputs)

    @pytest.mark.parametrize("how", ["symlink", "dangling", "hard link", "pipe"])
    def test_a_planted_part_is_not_written_through(self, tmp_path, opened, inputs, how):
        victim, part = tmp_path / "victim", tmp_path / "o.csv.part"
        if how != "dangling":
            victim.touch()
        if how == "hard link":
            os.link(victim, part)
        elif how == "pipe":
            os.mkfifo(part)
        else:
            part.symlink_to("victim")
        with pytest.raises(OutputError, match="it is a link where no link is allowed"):
            opened(tmp_path / "o.csv", inputs)
        assert how == "dangling" or victim.read_bytes() == b""
        assert victim.exists() == (how != "dangling")

    def test_one_that_holds_nothing_hinders_no_other_run(self, tmp_path, opened, inputs):
        opened(tmp_path / "o.csv", inputs).close()
        assert [file.name for file in tmp_path.iterdir()] == ["calls"]


def test_the_longest_name_and_one_that_is_not_utf8(tmp_path, opened, inputs, recordings):
    for name in ("é" * 124 + "x.csv", os.fsdecode(b"\xe9" * 251 + b".csv")):
        run(opened(tmp_path / name, inputs), recordings)
        assert opened(tmp_path / name, inputs).is_complete
    assert all(len(os.fsencode(file.name)) <= MAX_NAME_BYTES for file in tmp_path.iterdir())


def test_a_second_run_is_told_to_wait(tmp_path):
    out = tmp_path / "o.csv"
    message = (
        r"o\.csv: another serenade predict is writing this file; wait until it ends, or choose another --out"
    )
    with lock_output(out), pytest.raises(OutputError, match=message), lock_output(out):
        pass
    assert not list(Path(tmp_path).iterdir())
