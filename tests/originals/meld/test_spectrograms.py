from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from serenade.audio.logmel import MELD_SEED
from serenade.cli.main import run
from serenade.errors import CorpusError, OutputError, StoreError
from serenade.features.alignment import read_vectors, sound_rows
from serenade.features.mel_folder import read_front_end
from serenade.originals.meld import spectrogram_writer
from serenade.originals.meld.spectrogram_writer import Progress, Spectrograms, write_spectrograms
from serenade.originals.meld.spectrograms import rows_in_order, spectrogram, spectrogram_of
from serenade.synthetic.meld import SyntheticMeld, make_meld

PARTS = ("train", "val", "test")


@pytest.fixture(scope="module")
def made(synthetic_meld: SyntheticMeld, tmp_path_factory: pytest.TempPathFactory) -> Spectrograms:
    return write_spectrograms(synthetic_meld.path, tmp_path_factory.mktemp("out") / "s", jobs=1)


@pytest.fixture(scope="module")
def ids(made: Spectrograms) -> dict[str, pd.DataFrame]:
    return {part: pd.read_csv(made.path / f"ids_{part}.csv", keep_default_na=False) for part in PARTS}


def of_trap(ids: dict[str, pd.DataFrame], name: str) -> pd.Series:
    part, _, clip = name.partition("/")
    dialogue, utterance = (int(number) for number in clip[3:].split("_utt"))
    table = ids["val" if part == "dev" else part].set_index(["dialogue", "utterance"])
    return table.loc[(dialogue, utterance)]


def array_of(made: Spectrograms, name: str, ids: dict[str, pd.DataFrame]) -> np.ndarray:
    part = name.partition("/")[0]
    array = np.load(made.path / f"X_audio_{'val' if part == 'dev' else part}.npy")
    return array[of_trap(ids, name)["row"]]


def contents(folder: Path) -> dict[str, str]:
    files = sorted(file for file in folder.iterdir() if file.is_file())
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


class TestOneClip:
    @pytest.mark.filterwarnings("ignore:n_fft=2048 is too large")
    @pytest.mark.parametrize("seconds", [0.06, 1.0, 2.99, 3.0, 4.5])
    @pytest.mark.fidelity(
        system="audio_to_spectrogram.ipynb",
        output="values of one clip",
        verdict="equal",
        note="librosa's mel spectrogram, in dB, scaled from 0 to 1 over the clip, within 2e-5.",
    )
    def test_as_the_original_makes_it(self, tmp_path: Path, seconds: float) -> None:
        librosa = pytest.importorskip("librosa")
        from sklearn.preprocessing import minmax_scale

        rng = np.random.default_rng(0)
        sound = 0.1 * rng.normal(size=round(seconds * 16_000)) * np.linspace(0, 1, round(seconds * 16_000))
        soundfile.write(tmp_path / "a.wav", sound, 16_000)
        samples, rate = librosa.load(tmp_path / "a.wav", sr=16_000, duration=3.0)
        decibels = librosa.power_to_db(
            librosa.feature.melspectrogram(y=samples, sr=rate, n_mels=128), ref=np.max
        )
        scaled = minmax_scale(decibels.flatten()).reshape(decibels.shape)
        expected = np.pad(scaled, ((0, 0), (0, 128 - scaled.shape[1])))[..., None]
        image, _ = spectrogram_of(str(tmp_path / "a.wav"))
        assert (image.shape, image.dtype) == ((128, 128, 1), np.float32)
        np.testing.assert_allclose(image, expected, atol=2e-5)

    @given(st.integers(400, 60_000), st.floats(0.01, 1.0), st.integers(0, 9))
    @settings(max_examples=25, deadline=None)
    def test_any_length_fills_0_to_1_and_then_zeros(self, n: int, level: float, seed: int) -> None:
        samples = (level * np.random.default_rng(seed).uniform(-1, 1, n)).astype(np.float32)
        image = spectrogram(samples)
        frames = MELD_SEED.frames(n)
        assert frames <= 94
        assert (image.min(), image.max()) == (0, 1)
        assert not image[:, frames:].any()

    @pytest.mark.fidelity(
        system="audio_to_spectrogram.ipynb",
        output="order of the bands",
        verdict="equal",
        note="Row 0 is the lowest.",
    )
    def test_row_0_is_the_lowest_mel(self) -> None:
        low = spectrogram(np.sin(2 * np.pi * 100 / 16_000 * np.arange(16_000)).astype(np.float32))
        assert low[:8, :30].mean() > low[-8:, :30].mean() + 0.3

    @pytest.mark.fidelity(
        system="audio_to_spectrogram.ipynb",
        output="length",
        verdict="equal",
        note="The first 3.0 s; digital silence is zeros.",
    )
    def test_only_the_first_three_seconds_count_and_silence_is_zeros(self) -> None:
        samples = np.random.default_rng(0).normal(size=80_000).astype(np.float32)
        np.testing.assert_array_equal(spectrogram(samples), spectrogram(samples[:48_000]))
        assert not spectrogram(np.zeros(16_000, np.float32)).any()


class TestArrays:
    @pytest.mark.fidelity(
        system="audio_to_spectrogram.ipynb",
        output="`X_audio_{train,val,test}.npy`",
        verdict="equal",
        note="(n, 128, 128, 1), from 0 to 1, columns 94 to 127 always zero.",
    )
    @pytest.mark.fidelity(
        system="audio_to_spectrogram.ipynb",
        output="type of the arrays",
        verdict="differs",
        note="float32. The original's become float64 as soon as one clip is missing.",
    )
    def test_names_shapes_types_and_range(self, made: Spectrograms, synthetic_meld: SyntheticMeld) -> None:
        for part, count in zip(PARTS, (24, 10, 12), strict=True):
            array = np.load(made.path / f"X_audio_{part}.npy")
            assert (array.shape, array.dtype) == ((count, 128, 128, 1), np.float32)
            assert (array.min(), array.max()) == (0, 1)
            assert not array[:, :, 94:].any()
        assert not (made.path / ".chunks").exists()

    @pytest.mark.fidelity(
        system="audio_to_spectrogram.ipynb",
        output="missing, corrupt, silent and cut clips",
        verdict="differs",
        note="`ids_{train,val,test}.csv` has the status of every row, with dialogue, utterance, rank and "
        "label.",
    )
    def test_every_row_has_a_status(
        self, ids: dict[str, pd.DataFrame], synthetic_meld: SyntheticMeld
    ) -> None:
        for kind in ("missing", "corrupt", "silent", "long"):
            assert {of_trap(ids, name)["status"] for name in synthetic_meld.defects[kind]} == {kind}
        for kind in ("tiny", "both"):
            assert {of_trap(ids, name)["status"] for name in synthetic_meld.defects[kind]} == {"ok"}
        table = pd.concat(ids.values())
        assert set(table["status"]) == {"ok", "cut", "missing", "corrupt", "silent", "long"}
        assert (table[table["status"] == "cut"]["duration_s"].between(3.0, 30.0)).all()
        assert (table[table["status"] == "ok"]["duration_s"] <= 3.0).all()
        assert of_trap(ids, synthetic_meld.defects["tiny"][0])["duration_s"] == pytest.approx(0.06, abs=0.01)
        assert of_trap(ids, synthetic_meld.defects["long"][0])["duration_s"] == pytest.approx(300, abs=0.1)

    @pytest.mark.fidelity(
        system="audio_to_spectrogram.ipynb",
        output="rows of missing and corrupt clips",
        verdict="equal",
        note="Zeros, so that rows and labels stay aligned; `.mp4` is preferred to `.wav`.",
    )
    def test_zeros_are_those_of_missing_corrupt_and_silent_clips(
        self, made: Spectrograms, ids: dict[str, pd.DataFrame], synthetic_meld: SyntheticMeld
    ) -> None:
        for part in PARTS:
            array = np.load(made.path / f"X_audio_{part}.npy")
            blank = ~array.any(axis=(1, 2, 3))
            assert (blank == ids[part]["status"].isin(["missing", "corrupt", "silent"])).all()
        assert array_of(made, synthetic_meld.defects["both"][0], ids).any(), "the wav beside it is silent"

    def test_each_row_is_its_own_clip(
        self, made: Spectrograms, ids: dict[str, pd.DataFrame], synthetic_meld: SyntheticMeld
    ) -> None:
        for part, rows in rows_in_order(synthetic_meld.path).items():
            array = np.load(made.path / f"X_audio_{part}.npy", mmap_mode="r")
            at = sound_rows(rows, ids[part])
            for row, file in list(zip(at, rows["file"], strict=True))[::5]:
                np.testing.assert_array_equal(array[row], spectrogram_of(file)[0])

    @pytest.mark.fidelity(
        system="audio_to_spectrogram.ipynb",
        output="order of the rows",
        verdict="equal",
        note="Dialogues in the order of `text_emotion.pkl`, utterances ascending.",
    )
    def test_the_order_is_that_of_the_pickle_or_of_the_tables(
        self, ids: dict[str, pd.DataFrame], synthetic_meld: SyntheticMeld, tmp_path: Path
    ) -> None:
        keys = [list(part) for part in read_vectors(synthetic_meld.path / "text_emotion.pkl")]
        assert keys[0] != sorted(keys[0], key=int)
        for part, dialogues in zip(PARTS, keys, strict=True):
            table = ids[part]
            assert table["dialogue"].astype(str).drop_duplicates().tolist() == dialogues
            assert (table.groupby("dialogue")["utterance"].diff().dropna() > 0).all()
            assert table["row"].tolist() == list(range(len(table)))
        for file in synthetic_meld.path.iterdir():
            if file.suffix != ".pkl":
                (tmp_path / file.name).symlink_to(file)
        assert rows_in_order(tmp_path)["train"]["dialogue"].iloc[0] == "train/0"

    def test_a_pickle_that_does_not_fit_is_refused(
        self, synthetic_meld: SyntheticMeld, tmp_path: Path
    ) -> None:
        for file in synthetic_meld.path.iterdir():
            if not file.name.startswith("test_"):
                (tmp_path / file.name).symlink_to(file)
        table = (
            (synthetic_meld.path / "test_sent_emo.csv")
            .read_text(encoding="utf-8")
            .replace(",0,0,", ",77,0,", 1)
        )
        (tmp_path / "test_sent_emo.csv").write_text(table, encoding="utf-8")
        with pytest.raises(CorpusError, match=r"text_emotion\.pkl: has no dialogue 77 of test"):
            write_spectrograms(tmp_path, tmp_path / "out")

    @pytest.mark.fidelity(
        system="audio_to_spectrogram.ipynb",
        output="other files",
        verdict="differs",
        note="`frontend.json` and `ids_*.csv`.",
    )
    def test_the_front_end_lies_beside(self, made: Spectrograms) -> None:
        assert read_front_end(made.path / "frontend.json") == MELD_SEED

    def test_two_workers_give_the_same_bytes(
        self, made: Spectrograms, synthetic_meld: SyntheticMeld, tmp_path: Path
    ) -> None:
        write_spectrograms(synthetic_meld.path, tmp_path / "s", jobs=2)
        assert contents(tmp_path / "s") == contents(made.path)

    def test_compressed_holds_the_same_in_less(
        self, made: Spectrograms, synthetic_meld: SyntheticMeld, tmp_path: Path
    ) -> None:
        write_spectrograms(synthetic_meld.path, tmp_path / "s", jobs=1, compress=True)
        assert not list((tmp_path / "s").glob("*.npy"))
        for part in PARTS:
            plain, packed = made.path / f"X_audio_{part}.npy", tmp_path / "s" / f"X_audio_{part}.npz"
            with np.load(packed) as archive:
                np.testing.assert_array_equal(archive["X_audio"], np.load(plain))
            assert packed.stat().st_size < 0.6 * plain.stat().st_size


KILLED = """
import os, signal, sys
from serenade.originals.meld import spectrogram_writer as writer
writer.CLIPS_PER_CHUNK = 4
name, calls = sys.argv[3], int(sys.argv[4])
real = getattr(writer, name)
def counted(*arguments):
    global calls
    calls -= 1
    if calls < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments)
setattr(writer, name, counted)
writer.write_spectrograms(sys.argv[1], sys.argv[2], jobs=1)
"""


MEMORY = """
import sys
from pathlib import Path
from serenade.originals.meld.spectrogram_writer import write_spectrograms
write_spectrograms(sys.argv[1], sys.argv[2], jobs=1)
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_corpus(tmp_path: Path) -> None:
    """ru_maxrss would begin with what this process holds."""
    peaks_mib = []
    for count in (100, 2_500):
        tree, out = tmp_path / f"{count}", tmp_path / f"{count}s"
        rows = {"train": count, "dev": 8, "test": 8}
        make_meld(tree, rows=rows, distinct=8, rng=np.random.default_rng(0), defects=False)
        (tree / "text_emotion.pkl").unlink()  # held whole while its order is read
        told = subprocess.check_output([sys.executable, "-c", MEMORY, str(tree), str(out)], text=True)
        peaks_mib.append(int(told) / 1024)
    assert (tmp_path / "2500s" / "X_audio_train.npy").stat().st_size > 150 * 2**20
    assert peaks_mib[1] - peaks_mib[0] < 30


class TestInterrupted:
    @pytest.mark.parametrize(
        ("at", "calls", "found"),
        [("spectrogram_of", 18, 16), ("_name", 17, 46), ("write_json", 12, 46)],
        ids=["in a piece", "between two arrays' names", "before the front end"],
    )
    @pytest.mark.fidelity(
        system="audio_to_spectrogram.ipynb",
        output="an interrupted run",
        verdict="differs",
        note="Continues, with the same bytes. The original starts again.",
    )
    def test_killed_and_continued_it_gives_the_same_bytes(
        self,
        made: Spectrograms,
        synthetic_meld: SyntheticMeld,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        at: str,
        calls: int,
        found: int,
    ) -> None:
        out = tmp_path / "s"
        command = [sys.executable, "-c", KILLED, str(synthetic_meld.path), str(out), at, str(calls)]
        assert subprocess.run(command, capture_output=True).returncode == -signal.SIGKILL
        assert not (out / "frontend.json").exists()
        monkeypatch.setattr(spectrogram_writer, "CLIPS_PER_CHUNK", 4)
        told: list[Progress] = []
        write_spectrograms(synthetic_meld.path, out, jobs=1, progress=told.append)
        assert (told[0].found, told[0].total) == (found, 46)
        assert told[-1].done == 46
        same = contents(out)
        del same["frontend.json"]  # its key tells the size of the pieces
        assert same == {name: sha for name, sha in contents(made.path).items() if name in same}

    def test_finished_it_is_left_as_it_is(self, made: Spectrograms, synthetic_meld: SyntheticMeld) -> None:
        before = {file: file.stat().st_mtime_ns for file in made.path.iterdir()}
        told: list[Progress] = []
        again = write_spectrograms(synthetic_meld.path, made.path, progress=told.append)
        assert told[0].already_prepared
        assert again.statuses == made.statuses
        assert {file: file.stat().st_mtime_ns for file in made.path.iterdir()} == before

    def test_what_is_not_ours_is_neither_overwritten_nor_in_the_way(
        self, made: Spectrograms, synthetic_meld: SyntheticMeld, tmp_path: Path
    ) -> None:
        with pytest.raises(StoreError, match="of other clips, tables or order"):
            write_spectrograms(synthetic_meld.path, made.path, compress=True)
        (tmp_path / "X_audio_val.npy").write_bytes(b"theirs")
        with pytest.raises(StoreError, match="of another program"):
            write_spectrograms(synthetic_meld.path, tmp_path)
        assert [file.name for file in tmp_path.iterdir()] == ["X_audio_val.npy"]

    def test_a_readme_may_lie_there(self, synthetic_meld: SyntheticMeld, tmp_path: Path) -> None:
        (tmp_path / "README.md").write_text("About these arrays")
        write_spectrograms(synthetic_meld.path, tmp_path, jobs=1)
        assert (tmp_path / "README.md").read_text() == "About these arrays"

    def test_a_full_disk_is_one_sentence(
        self, synthetic_meld: SyntheticMeld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "posix_fallocate", full)
        with pytest.raises(OutputError, match="the disk is full"):
            write_spectrograms(synthetic_meld.path, tmp_path / "s", jobs=1)
        assert not list((tmp_path / "s").glob("X_audio*"))


class TestCommand:
    @pytest.mark.fidelity(
        system="audio_to_spectrogram.ipynb",
        output="progress and warnings printed",
        verdict="differs",
        note="Each missing or corrupt clip by name, on stderr. The original prints the number of missing "
        "ones.",
    )
    def test_banner_on_stdout_trouble_on_stderr(
        self, synthetic_meld: SyntheticMeld, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out = tmp_path / "MELD_spectrograms"
        command = ["originals", "spectrograms", str(synthetic_meld.path), "--out", str(out)]
        assert run([*command, "--jobs", "1"]) == 0
        told = capsys.readouterr()
        rule = "=" * 70
        assert f"\n{rule}\nSPECTROGRAM GENERATION COMPLETE\n{rule}\n\nFinal Shapes:\n" in told.out
        assert (
            "  Train: (24, 128, 128, 1)\n  Val:   (10, 128, 128, 1)\n  Test:  (12, 128, 128, 1)\n" in told.out
        )
        assert "3 missing" in told.out
        assert told.err.count(": missing") == told.err.count(": corrupt: cannot be decoded as sound") == 3
        assert run([*command, "--strict"]) == 1
        assert "already prepared: all 46 clips are done" in capsys.readouterr().err
