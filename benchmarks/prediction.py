"""Prediction with the bundled models, beside transformers' pipeline with a network of wav2vec2-base's size.

    python benchmarks/prediction.py

One thread. The clips are synthetic voices. The network of the pipeline has random weights, which changes
nothing for its speed. A start is one process from the command to its result, for one clip; the shortest of
five.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import soundfile
from watched import watch

from serenade import load_model
from serenade.inference.locate import bundled_models
from serenade.synthetic.cremad import make_cremad

CLIPS, REPEATS = 40, 5
_PIPELINE = """
import sys
import soundfile
import torch
torch.set_num_threads(1)
from transformers import pipeline
samples, rate_hz = soundfile.read(sys.argv[2], dtype="float32")
classify = pipeline("audio-classification", model=sys.argv[1], feature_extractor=sys.argv[1])
print(classify({"raw": samples, "sampling_rate": rate_hz}))
"""
"""Files are read by soundfile: the pipeline itself would need ffmpeg."""


def write_pipeline(folder: Path) -> Path:
    """Write a wav2vec 2.0 classifier of the size of wav2vec2-base with random weights."""
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2ForSequenceClassification

    config = Wav2Vec2Config(num_labels=8, vocab_size=32)
    Wav2Vec2ForSequenceClassification(config).save_pretrained(folder)
    Wav2Vec2FeatureExtractor().save_pretrained(folder)
    return folder


def seconds_per_start(command: list[str | Path]) -> tuple[float, float]:
    """Least wall and processor time of a process."""
    runs = [watch(command) for _ in range(REPEATS)]
    return min(run.seconds for run in runs), min(run.processor_s for run in runs)


def speed(predict: Callable[[Path], object], clips: Sequence[Path]) -> float:
    """Seconds of sound per second of processor time, without the first clip."""
    predict(clips[0])
    sound_s = sum(soundfile.info(clip).duration for clip in clips)
    started = time.process_time()
    for clip in clips:
        predict(clip)
    return float(sound_s) / (time.process_time() - started)


def main() -> None:
    """Print the table."""
    import torch
    from transformers import pipeline

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        clips = make_cremad(Path(scratch) / "corpus", speakers=2, rng=np.random.default_rng(0))[:CLIPS]
        folder = write_pipeline(Path(scratch) / "pipeline")
        print("| | start, wall s | start, processor s | × real time |\n|---|---:|---:|---:|")
        for name in bundled_models():
            wall, processor = seconds_per_start(
                [sys.executable, "-m", "serenade", "predict", clips[0], "--model", name]
            )
            model = load_model(name, threads=1)
            print(f"| {name} | {wall:.2f} | {processor:.2f} | {speed(model.predict, clips):.0f} |")
        wall, processor = seconds_per_start([sys.executable, "-c", _PIPELINE, folder, clips[0]])
        classify = pipeline("audio-classification", model=str(folder), feature_extractor=str(folder))

        def classify_file(clip: Path) -> object:
            samples, rate_hz = soundfile.read(clip, dtype="float32")
            return classify({"raw": samples, "sampling_rate": rate_hz})

        rate = speed(classify_file, clips)
        print(f"| transformers pipeline, wav2vec2-base's size | {wall:.2f} | {processor:.2f} | {rate:.0f} |")


if __name__ == "__main__":
    main()
