"""The drop-in generator, run as people run it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile

from serenade.audio.logmel import CREMAD_SEED, log_mel

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "mel_generator.py"
CLASSES = ["ANG", "DIS", "FEA", "HAP", "NEU", "SAD"]
VARIANTS = {
    "time_shift_pos",
    "time_shift_neg",
    "pitch_up",
    "pitch_down",
    "stretch_fast",
    "stretch_slow",
    "noise_low",
    "noise_med",
}


def generate(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@pytest.fixture
def wavs(tmp_path: Path) -> Path:
    folder = tmp_path / "AudioWAV"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in ("1001_DFA_ANG_XX", "1001_DFA_SAD_XX", "notes", "1001_DFA_XYZ_XX"):
        soundfile.write(folder / f"{name}.wav", 0.1 * rng.normal(size=12_000), 16_000)
    return folder


@pytest.mark.fidelity(
    system="mel_generator.py",
    output="folders and files",
    verdict="equal",
    note="`OUT/{ANG,DIS,FEA,HAP,NEU,SAD}/{stem}_original.npy` and `{stem}_{variant}.npy`; three variants "
    "per clip by default.",
)
@pytest.mark.fidelity(
    system="mel_generator.py",
    output="array",
    verdict="equal",
    note="(128, frames), float32, in dB from -80 to 0, not padded.",
)
@pytest.mark.fidelity(
    system="mel_generator.py",
    output="other files",
    verdict="differs",
    note="`frontend.json` describes the front end.",
)
@pytest.mark.fidelity(
    system="mel_generator.py",
    output="files without a class in their name",
    verdict="differs",
    note="Skipped as in the original, but named and counted.",
)
@pytest.mark.fidelity(
    system="mel_generator.py",
    output="last line printed",
    verdict="differs",
    note="Counts of spectrograms, unusable clips and skipped files, with the folder.",
)
def test_the_original_layout(wavs: Path, tmp_path: Path) -> None:
    out = tmp_path / "cremad_mels"
    ran = generate("--input_dir", wavs, "--output_dir", out)
    assert ran.returncode == 0, ran.stderr
    assert sorted(path.name for path in out.iterdir() if path.is_dir()) == CLASSES
    stem = "1001_DFA_ANG_XX_"
    names = {path.stem.removeprefix(stem) for path in (out / "ANG").iterdir()}
    assert len(names) == 4
    assert "original" in names
    assert names - {"original"} < VARIANTS
    array = np.load(out / "ANG" / f"{stem}original.npy", allow_pickle=False)
    samples = soundfile.read(wavs / "1001_DFA_ANG_XX.wav", dtype="float32")[0]
    np.testing.assert_array_equal(array, log_mel(samples, CREMAD_SEED).T)
    assert array.dtype == np.float32
    assert array.shape == (128, 24)
    assert array.flags.c_contiguous
    assert array.max() == 0
    assert array.min() >= -80
    assert json.loads((out / "frontend.json").read_text()) == CREMAD_SEED.to_dict()
    assert "8 spectrograms" in ran.stdout
    assert "2 skipped" in ran.stdout
    assert "notes.wav" in ran.stderr


@pytest.mark.fidelity(
    system="mel_generator.py",
    output="choice of the variants",
    verdict="differs",
    note="Drawn from a seed: two runs give the same bytes. The original draws without a seed.",
)
def test_two_runs_give_the_same_files(wavs: Path, tmp_path: Path) -> None:
    made = []
    for name in ("a", "b"):
        generate("--input_dir", wavs, "--output_dir", tmp_path / name, "--n_augmentations", "8")
        made.append({path.name: path.read_bytes() for path in (tmp_path / name).rglob("*.npy")})
    assert len(made[0]) == 18
    assert made[0] == made[1]


@pytest.mark.fidelity(
    system="mel_generator.py",
    output="`--no_augment`",
    verdict="equal",
    note="Only `{stem}_original.npy`, whatever `--n_augmentations` is.",
)
def test_no_augment(wavs: Path, tmp_path: Path) -> None:
    generate("--input_dir", wavs, "--output_dir", tmp_path / "out", "--no_augment", "--n_augmentations", "5")
    names = sorted(path.name for path in (tmp_path / "out").rglob("*.npy"))
    assert names == ["1001_DFA_ANG_XX_original.npy", "1001_DFA_SAD_XX_original.npy"]


@pytest.mark.fidelity(
    system="mel_generator.py",
    output="sampling rate",
    verdict="differs",
    note="That of the files, as in the original; a file of another rate than most is resampled, so that "
    "a folder has one front end.",
)
def test_the_rate_of_the_files_is_kept(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number, rate_hz in enumerate((24_000, 24_000, 16_000)):
        noise = 0.1 * np.random.default_rng(number).normal(size=rate_hz)
        soundfile.write(tmp_path / "in" / f"100{number}_DFA_ANG_XX.wav", noise, rate_hz)
    ran = generate("--input_dir", tmp_path / "in", "--output_dir", tmp_path / "out", "--no_augment")
    assert json.loads((tmp_path / "out" / "frontend.json").read_text())["rate_hz"] == 24_000
    assert "1 clips resampled to 24000 Hz" in ran.stderr
    shapes = {np.load(file).shape for file in (tmp_path / "out" / "ANG").iterdir()}
    assert shapes == {(128, 47)}


@pytest.mark.fidelity(
    system="mel_generator.py",
    output="unreadable and silent clips",
    verdict="differs",
    note="No array is written. The original writes one for a silent clip.",
)
def test_clips_in_trouble_are_named(wavs: Path, tmp_path: Path) -> None:
    (wavs / "1002_DFA_ANG_XX.wav").write_text("version https://git-lfs.github.com/spec/v1\n")
    soundfile.write(wavs / "1002_DFA_SAD_XX.wav", np.zeros(8000), 16_000)
    ran = generate("--input_dir", wavs, "--output_dir", tmp_path / "out", "--no_augment")
    assert ran.returncode == 0
    assert "1002_DFA_ANG_XX.wav" in ran.stderr
    assert "1002_DFA_SAD_XX.wav" in ran.stderr
    assert not (tmp_path / "out" / "ANG" / "1002_DFA_ANG_XX_original.npy").exists()
    assert "2 clips silent or unreadable" in ran.stdout


@pytest.mark.parametrize("content", ["missing", "empty", "unnamed", "unreadable"])
@pytest.mark.fidelity(
    system="mel_generator.py",
    output="an empty or missing folder",
    verdict="differs",
    note="One sentence and exit code 1.",
)
def test_nothing_to_do_is_one_sentence(tmp_path: Path, content: str) -> None:
    folder = tmp_path / "in"
    if content != "missing":
        folder.mkdir()
    if content == "unnamed":
        soundfile.write(folder / "hello.wav", np.full(8000, 0.1), 16_000)
    if content == "unreadable":
        (folder / "1001_DFA_ANG_XX.wav").write_bytes(b"nothing")
    ran = generate("--input_dir", folder, "--output_dir", tmp_path / "out")
    assert ran.returncode == 1
    assert len(ran.stderr.strip().splitlines()) == 1
    assert "Traceback" not in ran.stderr


def test_an_output_that_cannot_be_written(wavs: Path) -> None:
    ran = generate("--input_dir", wavs, "--output_dir", wavs / "notes.wav")
    assert ran.returncode == 1
    assert len(ran.stderr.strip().splitlines()) == 1
    assert "cannot be written" in ran.stderr


@pytest.mark.parametrize(
    "arguments", [[], ["--input_dir", "a", "--output_dir", "b", "--n_augmentations", "9"]]
)
def test_wrong_arguments(arguments: list[str]) -> None:
    assert generate(*arguments).returncode == 2


@pytest.mark.fidelity(
    system="mel_generator.py",
    output="values of the array",
    verdict="equal",
    note="Those of librosa with the arguments of the original, within 1e-3 dB, at both ends too.",
)
def test_equal_to_librosa_with_the_arguments_of_the_original(wavs: Path, tmp_path: Path) -> None:
    """The original asks for reflections at both ends; librosa's own default is zeros since version 0.9."""
    generate("--input_dir", wavs, "--output_dir", tmp_path / "out", "--no_augment")
    for stem, name in (("1001_DFA_ANG_XX", "ANG"), ("1001_DFA_SAD_XX", "SAD")):
        samples, rate_hz = librosa.load(wavs / f"{stem}.wav", sr=None)
        options = {"y": samples, "sr": rate_hz, "n_mels": 128, "fmax": 8000}
        mel = librosa.feature.melspectrogram(**options, pad_mode="reflect")
        array = np.load(tmp_path / "out" / name / f"{stem}_original.npy")
        np.testing.assert_allclose(array, librosa.power_to_db(mel, ref=np.max), atol=1e-3)
        # With zeros at the ends it is another spectrogram, so the comparison above can fail.
        zeros = librosa.feature.melspectrogram(**options)
        assert np.abs(array - librosa.power_to_db(zeros, ref=np.max)).max() > 0.5
