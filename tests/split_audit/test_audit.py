"""Audits of small splits: each kind of leak is found once, and nothing else."""

from __future__ import annotations

import csv
import json
import re
import shutil

import numpy as np
import pytest
import soundfile

from serenade import audit
from serenade.audio import effects
from serenade.corpora.registry import CORPORA
from serenade.errors import CorpusError
from serenade.split_audit import write_audit
from serenade.split_audit.leaks import CHECKS
from serenade.split_audit.write import WRITERS, summary


@pytest.fixture
def split(clip, tmp_path):
    """Ten clips of anna in train, five of ben in test."""
    rows = ["file,speaker,text"]
    for number in range(10):
        clip(f"data/anna_{number}.wav", seed=number)
        rows.append(f"data/anna_{number}.wav,anna,Sentence {number}.")
    (tmp_path / "train.csv").write_text("\n".join(rows))
    rows = ["file,speaker,text"]
    for number in range(5):
        clip(f"data/ben_{number}.wav", seed=100 + number)
        rows.append(f"data/ben_{number}.wav,ben,Other {number}.")
    (tmp_path / "test.csv").write_text("\n".join(rows))
    return tmp_path


def add(split, line: str, part: str = "test") -> None:
    with (split / f"{part}.csv").open("a") as file:
        file.write(f"\n{line}")


def checks(result) -> dict[str, int]:
    return {overlap.check: overlap.shared for overlap in result.overlaps() if overlap.shared}


def audited(split, **options):
    return audit(split / "train.csv", split / "test.csv", **options)


def test_a_clean_split_is_clean(split) -> None:
    result = audited(split)
    assert result.is_clean
    assert checks(result) == {}
    assert all(overlap.is_checked for overlap in result.overlaps())
    assert result.count("test") == {"clips": 5, "speakers": 1, "sounds": 5}
    assert summary(result) == "No leak between train (10 clips) and test (5 clips)."


def test_a_shared_speaker_whatever_the_spelling(split, clip) -> None:
    clip("data/new.wav", seed=50)
    add(split, "data/new.wav,Anna ,New.")
    result = audited(split)
    assert checks(result) == {"speaker": 1}
    assert "1 of 6 clips of test is of 1 speaker who is also in train." in summary(result)


def test_the_same_recording_under_another_name(split) -> None:
    shutil.copy(split / "data/anna_3.wav", split / "data/copy.wav")
    add(split, "data/copy.wav,carl,New.")
    result = audited(split)
    assert checks(result) == {"bytes": 1}
    (leak,) = result.leaks
    assert result.table["name"][leak.clips[0]] == "data/anna_3.wav"
    assert result.table["name"][leak.other_clips[0]] == "data/copy.wav"


def test_the_same_entry_in_both_lists(split) -> None:
    add(split, "data/anna_3.wav,carl,New.")
    assert checks(audited(split)) == {"source": 1, "bytes": 1}


def test_the_same_samples_in_another_format(split, clip, speech_of) -> None:
    clip("data/copy.flac", samples=soundfile.read(split / "data/anna_4.wav", dtype="int16")[0])
    add(split, "data/copy.flac,carl,New.")
    assert checks(audited(split)) == {"sound": 1}


def test_a_near_duplicate(split, clip, speech_of) -> None:
    clip("data/copy.mp3", samples=0.2 * speech_of(4, 2.0)[5000:], format="MP3")
    add(split, "data/copy.mp3,carl,New.")
    result = audited(split)
    assert checks(result) == {"similar": 1}
    (leak,) = result.leaks
    assert leak.offset_s == pytest.approx(-5000 / 16_000, abs=0.06)
    assert leak.correlation > 0.9


def test_a_source_that_is_stated(split, clip) -> None:
    for part, name in (("train", "anna_noisy"), ("test", "ben_noisy")):
        clip(f"data/{name}.wav", seed=60 + len(name))
        text = (split / f"{part}.csv").read_text().splitlines()
        text = [text[0] + ",source", *(f"{line},s{number}{part}" for number, line in enumerate(text[1:]))]
        (split / f"{part}.csv").write_text("\n".join([*text, f"data/{name}.wav,{part},x {part},take 7"]))
    assert checks(audited(split)) == {"source": 1}


def test_a_shared_text_counts_only_if_asked_for(split, clip) -> None:
    clip("data/new.wav", seed=50)
    add(split, "data/new.wav,carl,sentence 3")
    assert checks(audited(split)) == {"text": 1}
    assert audited(split).is_clean
    assert not audited(split, text=True).is_clean


def test_silent_clips_are_not_the_same_sound(split, clip) -> None:
    clip("data/silence1.wav", samples=np.zeros(8000))
    clip("data/silence2.wav", samples=np.zeros(8000), subtype="FLOAT")
    add(split, "data/silence1.wav,anna,x.", "train")
    add(split, "data/silence2.wav,carl,y.")
    assert checks(audited(split)) == {}


def test_dev_is_compared_with_both(split, clip) -> None:
    shutil.copy(split / "data/anna_1.wav", split / "data/one.wav")
    shutil.copy(split / "data/ben_1.wav", split / "data/two.wav")
    (split / "dev.csv").write_text("file,speaker\ndata/one.wav,dora\ndata/two.wav,dora")
    result = audit(split / "train.csv", split / "test.csv", split / "dev.csv")
    found = {(leak.check, leak.part, leak.other_part) for leak in result.leaks}
    assert found == {("bytes", "train", "dev"), ("bytes", "dev", "test")}


def test_one_list_with_a_column_split(split) -> None:
    lines = [f"{line},train" for line in (split / "train.csv").read_text().splitlines()[1:]]
    lines += [f"{line},Test" for line in (split / "test.csv").read_text().splitlines()[1:]]
    lines.append("data/ben_9.wav,anna,x,Test")
    (split / "all.csv").write_text("\n".join(["file,speaker,text,split", *lines]))
    result = audit(split / "all.csv")
    assert result.parts == ("train", "test")
    assert checks(result) == {"speaker": 1}
    assert "1 of 16 recordings were not found" in result.notes[0]
    with pytest.raises(CorpusError, match="has no column `split`"):
        audit(split / "train.csv")


def test_folders(clip) -> None:
    first, second = clip("train/a.wav", seed=1), clip("test/b.wav", seed=2)
    assert audit(first.parent, second.parent).is_clean
    shutil.copy(first, second.parent / "c.wav")
    assert checks(audit(first.parent, second.parent)) == {"bytes": 1}
    assert checks(audit(first.parent, second.parent, sound=False)) == {}


LINES = [{"key": "a", "wav": "{data_root}/x/a.wav", "spk": "1"}, {"key": "b", "wav": "x/b.wav", "spk": "01"}]
LISTS = {
    "jsonl": lambda line: json.dumps(line),
    "json": lambda line: json.dumps({line["key"]: line}),
    "txt": lambda line: f"{line['wav']}",
    "tsv": lambda line: f"wav\tspk\n{line['wav']}\t{line['spk']}",
}


@pytest.mark.parametrize("kind", LISTS)
def test_lists_of_other_toolkits(kind, clip, tmp_path) -> None:
    clip("data/x/a.wav", seed=1)
    clip("data/x/b.flac", samples=None, seed=1)
    lists = []
    for part, line in zip(("train", "test"), LINES, strict=True):
        lists.append(tmp_path / f"{part}.{kind}")
        lists[-1].write_text(LISTS[kind](line))
    result = audit(*lists, data=tmp_path / "data")
    assert result.count("train")["sounds"] == result.count("test")["sounds"] == 1
    assert ("speaker" in checks(result)) == (kind != "txt")
    assert "sound" in checks(result)


@pytest.mark.parametrize(
    "corpus", [c for c in CORPORA.entries() if c.acted and c.name != "meld"], ids=lambda c: c.name
)
def test_names_of_a_known_corpus_state_the_speaker(corpus, tmp_path) -> None:
    names = [name for name, content in corpus.example.items() if not content]
    for part, name in zip(("train", "test"), names, strict=False):
        (tmp_path / f"{part}.txt").write_text(name)
    result = audit(tmp_path / "train.txt", tmp_path / "test.txt")
    stated = [corpus.describe_file(tmp_path / name)["speaker"] for name in names[:2]]
    assert result.table["speaker"].tolist() == stated
    assert ("speaker" in checks(result)) == (stated[0] == stated[1])


@pytest.mark.parametrize("suffix", WRITERS)
def test_every_format_names_the_leaks(split, clip, speech_of, tmp_path, suffix) -> None:
    clip("data/<b>.mp3", samples=effects.clip(speech_of(4, 2.0), rate_hz=16_000, rng=None), format="MP3")
    add(split, "data/<b>.mp3,anna,New.")
    result = audited(split)
    assert checks(result) == {"speaker": 1, "similar": 1}
    out = tmp_path / f"audit{suffix}"
    write_audit(result, out)
    text = out.read_text(encoding="utf-8")
    if suffix == ".csv":
        rows = list(csv.DictReader(text.splitlines()))
        assert [row["check"] for row in rows] == ["speaker", "similar"]
        assert (rows[0]["shared"], rows[0]["clips"], rows[0]["other_clips"]) == ("anna", "10", "1")
        assert (rows[1]["clip"], rows[1]["other_clip"]) == ("data/anna_4.wav", "data/<b>.mp3")
        assert float(rows[1]["correlation"]) > 0.5
    elif suffix == ".json":
        content = json.loads(text)
        assert content["is_clean"] is False
        assert content["leaks"][1]["other_clips"] == ["data/<b>.mp3"]
        assert {overlap["check"] for overlap in content["overlaps"]} == set(CHECKS)
    elif suffix == ".md":
        assert "| near-duplicate sound | train, test | 1 | 1 of 10 | 1 of 6 |" in text
    else:
        assert text.count("data:audio/mpeg;base64,") == 2
        assert "&lt;b&gt;.mp3" in text
        assert "<b>.mp3" not in text
        assert not re.search(r'(src|href)="(?!data:)', text)


def test_bad_input_is_one_sentence(split, tmp_path) -> None:
    with pytest.raises(CorpusError, match="there is no such file or folder"):
        audit(split / "none.csv", split / "test.csv")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(CorpusError, match="is not valid JSON"):
        audit(tmp_path / "bad.json", split / "test.csv")
    (tmp_path / "empty.jsonl").write_text('{"a": 1}')
    with pytest.raises(CorpusError, match="lists no recordings"):
        audit(tmp_path / "empty.jsonl", split / "test.csv")
    with pytest.raises(CorpusError, match="gives no speaker"):
        audited(split, speakers_from="name:(xyz)")


def test_copies_of_real_speech(shared, tmp_path, clip) -> None:
    """Two actors, who say the same sentences: only the copies are found."""
    for part, actor in (("train", "Actor_01"), ("test", "Actor_02")):
        for file in sorted((shared / "ravdess" / actor).iterdir())[:20]:
            (tmp_path / part).mkdir(exist_ok=True)
            shutil.copy(file, tmp_path / part)
    for number, file in enumerate(sorted((tmp_path / "train").iterdir())[::5]):
        samples, rate_hz = soundfile.read(file)
        clip(f"test/copy{number}.mp3", samples=0.1 * samples[8000:], rate_hz=rate_hz, format="MP3")
    result = audit(tmp_path / "train", tmp_path / "test")
    assert checks(result) == {"similar": 4, "text": 2}


def test_relative_folders_are_compared_by_sound(clip, tmp_path, monkeypatch):
    clip("train/a.wav", seed=1)
    clip("test/b.wav", seed=2)
    shutil.copy(tmp_path / "train" / "a.wav", tmp_path / "test" / "c.wav")
    monkeypatch.chdir(tmp_path)
    found = audit("train", "test")
    assert [leak.check for leak in found.leaks] == ["bytes"]
    assert all((tmp_path / file).is_file() for file in found.table["file"])


def test_times_of_a_list_are_read_as_in_a_manifest(clip, tmp_path):
    clip("a.wav", seed=1)
    clip("b.wav", seed=2)
    lists = tmp_path / "split.csv"
    lists.write_text("file,split,start,end\na.wav,train,0 days 00:00:00.250000,0.5\nb.wav,test,,\n")
    times = audit(lists, sound=False).table[["start", "end"]].to_numpy()
    assert times[0].tolist() == [0.25, 0.5]
    assert np.isnan(times[1]).all()


@pytest.mark.parametrize(
    ("start", "end"), [("abc", "2"), ("-5", "2"), ("3", "1"), ("0", "1e400"), ("0", "inf")]
)
def test_a_time_that_no_recording_has_is_refused(tmp_path, start, end):
    lists = tmp_path / "split.csv"
    lists.write_text(f"file,split,start,end\na.wav,train,{start},{end}\nb.wav,test,,\n")
    with pytest.raises(CorpusError, match=r"split\.csv: .*(start|end|second)"):
        audit(lists)


@pytest.mark.parametrize(
    "content", ["5", "null", '"a.wav"', "[" * 100_000, '[{"wav": "a.wav", "start": 0, "end": 1e400}]']
)
def test_json_that_is_no_list_of_recordings_is_refused(tmp_path, content):
    (tmp_path / "a.json").write_text(content)
    (tmp_path / "b.txt").write_text("b.wav\n")
    with pytest.raises(CorpusError, match=r"a\.json: "):
        audit(tmp_path / "a.json", tmp_path / "b.txt")


def test_a_name_too_long_for_the_file_system_is_a_recording_that_is_not_found(clip, tmp_path):
    clip("b.wav", seed=2)
    (tmp_path / "a.txt").write_text("a" * 5000 + ".wav\n")
    (tmp_path / "b.txt").write_text("b.wav\n")
    found = audit(tmp_path / "a.txt", tmp_path / "b.txt", data=tmp_path)
    assert found.table["file"].tolist() == ["", str(tmp_path / "b.wav")]


LATE = '{"wav": "%s", "start": %s, "split": "%s"}'


@pytest.mark.parametrize(
    ("name", "content", "place"),
    [
        ("a.csv", "file,split,start\na.wav,train,0\n\nb.wav,test,soon\n", "line 4"),
        ("a.csv", "\ufeffsep=;\nfile;split;start\na.wav;train;0\nb.wav;test;-5\n", "line 4"),
        ("a.tsv", "file\tsplit\tstart\n\ttrain\t0\na.wav\ttrain\t0\nb.wav\ttest\t-5\n", "line 4"),
        (
            "a.jsonl",
            f"{LATE % ('a.wav', '0', 'train')}\n\n{{}}\n{LATE % ('b.wav', '-5', 'test')}",
            "line 4",
        ),
        ("a.json", f"[{LATE % ('a.wav', '0', 'train')},\n\n7,{LATE % ('b.wav', '-5', 'test')}]", "entry 3"),
    ],
)
def test_a_time_that_cannot_be_right_is_named_by_its_line(tmp_path, name, content, place):
    (tmp_path / name).write_text(content)
    with pytest.raises(CorpusError, match=rf"{name}: {place}: "):
        audit(tmp_path / name, sound=False)


def test_what_is_skipped_is_counted(tmp_path):
    (tmp_path / "a.csv").write_text("file,split\na.wav,train\n,train\nb.wav,test\nc.wav,\nNA,test\n")
    result = audit(tmp_path / "a.csv", sound=False)
    assert len(result.table) == 2
    assert "2 rows of a.csv without a recording: skipped" in result.notes
    assert "1 row without a part in the column `split`: skipped" in result.notes


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("file\n", r"train\.csv: lists no recordings; give a folder"),
        ("", r"train\.csv: is empty"),
        ("name|speaker\na.wav|1\n", r"has no column that names the recordings .its columns are name.speaker"),
        ("file,split\n" + "".join(f"{i}.wav,{i}\n" for i in range(60)), "has 60 parts in the column `split`"),
    ],
)
def test_a_list_that_is_none_is_one_sentence(tmp_path, content, message):
    (tmp_path / "train.csv").write_text(content)
    lists = [tmp_path / "train.csv"]
    if "split" not in content:
        (tmp_path / "test.csv").write_text("file\nb.wav\n")
        lists.append(tmp_path / "test.csv")
    with pytest.raises(CorpusError, match=message):
        audit(*lists, sound=False)


def test_one_list_for_two_parts_is_refused(split):
    (split / "link.csv").symlink_to("train.csv")
    for same in ("train.csv", "link.csv", "../" + split.name + "/train.csv"):
        with pytest.raises(
            CorpusError, match="is given as train and as test; name a list or a folder for each"
        ):
            audit(split / "train.csv", split / same)
    with pytest.raises(CorpusError, match="is given as test and as dev"):
        audit(split / "train.csv", split / "data", split / "data")


def test_a_json_list_of_paths(tmp_path):
    (tmp_path / "a.json").write_text('["1.wav", "2.wav"]')
    (tmp_path / "b.json").write_text('["3.wav"]')
    assert audit(tmp_path / "a.json", tmp_path / "b.json", sound=False).table["name"].tolist() == [
        "1.wav",
        "2.wav",
        "3.wav",
    ]
