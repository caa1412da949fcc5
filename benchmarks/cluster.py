"""Prediction on a Ray cluster of this machine beside plain processes, and a plan for many hours from it.

    python benchmarks/cluster.py [--sound 600] [--write benchmarks/cluster.json]
    python benchmarks/cluster.py --plan docs/how-to/cluster.md [--core-price 0.04 --gpu-price 2.5 ...]

Every way runs the same function on the same chunks and writes them as Parquet files. The start of processes
is measured apart. Processor time is that of all processes. The recordings are synthetic voices.

With --plan nothing is measured: the table between two marks of the page is computed from the measured figures
in `benchmarks/cluster.json` and from the prices that are passed.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from speed import processor
from watched import tree

from serenade import load_model
from serenade.audio.logmel import FrontEnd
from serenade.cluster.connection import connected
from serenade.cluster.fetching import Item
from serenade.cluster.predict import PER_CHUNK
from serenade.cluster.rows import Row, table_of, to_parquet
from serenade.cluster.tasks import map_chunks
from serenade.cluster.worker import PredictSettings, predict_chunk
from serenade.files import sha256_of, write_json, write_whole
from serenade.inference.locate import bundled_models, find_model
from serenade.synthetic.cremad import make_cremad

MEASURED = Path(__file__).with_suffix(".json")
CORES, CALL_S, CHUNKS = 2, 60.0, 8
BEGIN, END = "<!-- plan: written by benchmarks/cluster.py -->", "<!-- end of plan -->"
ONE, PLAIN, RAY = "one process", f"{CORES} plain processes", f"Ray, {CORES} cores"

Run = Callable[[dict[str, list[Item]]], Iterator[list[list[Row]]]]


def processor_s() -> float:
    """Processor time of this process and all below it so far, in seconds."""
    ticks = 0
    for process in tree(os.getpid()):
        with suppress(OSError):  # it ended just now
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def recordings(folder: Path, sound_s: float) -> dict[str, list[Path]]:
    """Clips as in a corpus, and calls of some minutes; `sound_s` seconds of each."""
    clips = make_cremad(folder / "clips", speakers=6, rng=np.random.default_rng(0))
    sounds = [soundfile.read(clip, dtype="float32") for clip in clips]
    rate_hz = sounds[0][1]
    used = int(np.searchsorted(np.cumsum([len(samples) / rate_hz for samples, _ in sounds]), sound_s)) + 1
    voice = np.concatenate([samples for samples, _ in sounds[:used]])
    calls = []
    for number in range(round(sound_s / CALL_S)):
        calls.append(folder / f"call{number}.wav")
        start = number * int(CALL_S * rate_hz)
        soundfile.write(calls[-1], np.resize(np.roll(voice, -start), int(CALL_S * rate_hz)), rate_hz)
    return {"clips": list(clips[:used]), "calls": calls}


@contextmanager
def ways(settings: PredictSettings, onnx: Any) -> Iterator[dict[str, Run]]:
    """The three ways, each with its processes started and its model loaded."""

    def one(chunks: dict[str, list[Item]]) -> Iterator[list[list[Row]]]:
        for items in chunks.values():
            yield predict_chunk(items, settings, onnx)

    def plain(chunks: dict[str, list[Item]]) -> Iterator[list[list[Row]]]:
        for future in [pool.submit(predict_chunk, items, settings, onnx) for items in chunks.values()]:
            yield future.result()

    def ray(chunks: dict[str, list[Item]]) -> Iterator[list[list[Row]]]:
        for _, rows in map_chunks(predict_chunk, chunks, settings, onnx, gave_up=lambda item: []):
            yield rows

    with ProcessPoolExecutor(CORES, mp_context=get_context("spawn")) as pool, connected("local"):
        yield {ONE: one, PLAIN: plain, RAY: ray}


def measure(sound_s: float) -> dict[str, Any]:
    """Time every model, kind of recording and way."""
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        kinds = recordings(Path(scratch), sound_s)
        for name in bundled_models():
            file = find_model(name)
            settings = PredictSettings(model_sha256=sha256_of(file))
            onnx = np.frombuffer(file.read_bytes(), np.uint8)
            labels = load_model(name).labels
            with ways(settings, onnx) as runs:
                for kind, files in kinds.items():
                    chunks = cut(files)
                    for way, run in runs.items():
                        for _ in run(cut(files[:CORES])):  # the model is loaded
                            pass
                        began, before = time.perf_counter(), processor_s()
                        written = 0
                        for number, found in enumerate(run(chunks)):
                            table = table_of([row for one in found for row in one], labels=labels, model={})
                            content = to_parquet(table)
                            with write_whole(Path(scratch) / f"{number}.parquet", "wb") as out:
                                out.write(content)
                            written += len(content)
                        rows.append(
                            {
                                "model": name,
                                "kind": kind,
                                "way": way,
                                "recordings": len(files),
                                "sound_s": sum(soundfile.info(one).duration for one in files),
                                "seconds": time.perf_counter() - began,
                                "processor_s": processor_s() - before,
                                "result_bytes": written,
                                "recording_bytes": sum(one.stat().st_size for one in files),
                            }
                        )
    return {"processor": processor(), "per_chunk": PER_CHUNK, "ray_start": ray_start(), "rows": rows}


def cut(files: Sequence[Path]) -> dict[str, list[Item]]:
    """The files in `CHUNKS` chunks."""
    parts = np.array_split(np.array([str(file) for file in files]), min(CHUNKS, len(files)))
    return {str(number): [Item(str(file), True) for file in part] for number, part in enumerate(parts)}


def ray_start() -> dict[str, float]:
    """Time until the first task on a new cluster of this machine has ended."""
    began, before = time.perf_counter(), processor_s()
    with connected("local"):
        for _ in map_chunks(len_of, {"a": [1]}, gave_up=int):
            pass
        return {"seconds": time.perf_counter() - began, "processor_s": processor_s() - before}


def len_of(items: Sequence[int]) -> list[int]:
    """A task that does nothing."""
    return [0 for _ in items]


def table_of_measured(measured: dict[str, Any]) -> str:
    """The measured figures as a Markdown table."""
    lines = [
        "| model | recordings | way | × real time | cores that it got | processor s per hour of sound | "
        "of that of one process |",
        "|---|---|---|---:|---:|---:|---:|",
    ]
    rows = measured["rows"]
    for row in rows:
        (base,) = (
            one for one in rows if (one["model"], one["kind"], one["way"]) == (row["model"], row["kind"], ONE)
        )
        length = row["sound_s"] / row["recordings"]
        lines.append(
            f"| {row['model']} | {row['kind']} of {length:.0f} s | {row['way']} | "
            f"{row['sound_s'] / row['seconds']:.0f} | {row['processor_s'] / row['seconds']:.2f} | "
            f"{3600 * row['processor_s'] / row['sound_s']:.0f} | "
            f"{row['processor_s'] / base['processor_s']:.2f} |"
        )
    start = measured["ray_start"]
    lines.append(
        "\nWhere a way got fewer cores than it has processes, other programs used them: compare processor "
        "times.\n\nStart of Ray on this machine until the first task has ended: "
        f"{start['seconds']:.0f} s, of which {start['processor_s']:.0f} s of processor time in the "
        "processes that are left then."
    )
    return "\n".join(lines)


def plan(measured: dict[str, Any], inputs: argparse.Namespace) -> str:
    """The table of a plan: processor hours, costs, storage and failures, from measured figures and inputs."""
    columns = [row for row in measured["rows"] if row["way"] == RAY]
    lines: dict[str, list[str]] = {}
    front_end = FrontEnd()
    store_gb = inputs.hours * 3600 * front_end.rate_hz / front_end.hop * front_end.n_mels * 4 / 1e9
    for row in columns:
        core_hours = inputs.hours * row["processor_s"] / row["sound_s"]
        cost = core_hours * inputs.core_price
        results_gb = inputs.hours * 3600 * row["result_bytes"] / row["sound_s"] / 1e9
        sound_gb = inputs.hours * 3600 * row["recording_bytes"] / row["sound_s"] / 1e9
        chunk_h = measured["per_chunk"] * row["processor_s"] / row["recordings"] / 3600
        interruptions = core_hours / inputs.cores_per_node * inputs.interruptions
        lost = interruptions * inputs.cores_per_node * chunk_h / 2
        break_even = inputs.gpu_price * inputs.hours / cost
        gpu = f"not measured; less than on CPU above {break_even:,.0f} × real time"
        if inputs.gpu_speed:
            gpu = f"{inputs.hours / inputs.gpu_speed * inputs.gpu_price:,.0f} $"
        cells = {
            "processor hours": f"{core_hours:,.0f}",
            f"days on {inputs.cores:,} cores": f"{core_hours / inputs.cores / 24:.1f}",
            "cost on CPU": f"{cost:,.0f} $",
            "cost on CPU per hour of sound": f"{cost / inputs.hours:.5f} $",
            "cost on GPU": gpu,
            "recordings as 16-bit WAV": _stored(sound_gb, inputs),
            "results": _stored(results_gb, inputs),
            "store of `prepare`": _stored(store_gb, inputs),
            f"processor time of a chunk of {measured['per_chunk']}": f"{60 * chunk_h:.1f} min",
            "interruptions of a node": f"{interruptions:,.0f}",
            "processor hours lost by them": f"{lost:,.0f} ({lost / core_hours:.2%})",
        }
        for name, cell in cells.items():
            lines.setdefault(name, []).append(cell)
    head = [f"{row['model']}, {row['kind']} of {row['sound_s'] / row['recordings']:.0f} s" for row in columns]
    table = [f"| {inputs.hours:,.0f} hours | " + " | ".join(head) + " |", "|---" * (len(head) + 1) + "|"]
    table += [f"| {name} | " + " | ".join(cells) + " |" for name, cells in lines.items()]
    given = (
        f"Inputs: {inputs.core_price:g} $ per core and hour, {inputs.gpu_price:g} $ per GPU and hour, "
        f"{inputs.storage_price:g} $ per GB and month, {inputs.cores:,} cores in nodes of "
        f"{inputs.cores_per_node}, {inputs.interruptions:g} interruptions per node and hour. Processor time "
        f"was measured on {measured['processor']}."
    )
    return "\n".join([BEGIN, *table, "", given, END])


def _stored(gigabytes: float, inputs: argparse.Namespace) -> str:
    return f"{gigabytes:,.0f} GB, {gigabytes * inputs.storage_price:,.0f} $ a month"


def main() -> None:
    """Print the table of the measured figures, or write a plan."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sound", type=float, default=600.0, metavar="S", help="seconds per kind")
    parser.add_argument("--write", type=Path, default=MEASURED, metavar="FILE")
    parser.add_argument("--show", action="store_true", help="the figures that were measured last")
    parser.add_argument("--plan", type=Path, metavar="PAGE")
    parser.add_argument("--hours", type=float, default=1e6, help="hours of sound")
    parser.add_argument("--core-price", type=float, default=0.04, help="$ per core and hour")
    parser.add_argument("--gpu-price", type=float, default=2.5, help="$ per GPU and hour")
    parser.add_argument("--gpu-speed", type=float, help="× real time on a GPU; not measured here")
    parser.add_argument("--storage-price", type=float, default=0.023, help="$ per GB and month")
    parser.add_argument("--cores", type=int, default=1000)
    parser.add_argument("--cores-per-node", type=int, default=16)
    parser.add_argument("--interruptions", type=float, default=0.05, help="per node and hour")
    options = parser.parse_args()
    if options.show:
        print(table_of_measured(json.loads(MEASURED.read_text())))
        return
    if options.plan is None:
        measured = measure(options.sound)
        write_json(options.write, measured)
        print(table_of_measured(measured))
        return
    page = options.plan.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    with write_whole(options.plan) as out:
        out.write(before + plan(json.loads(MEASURED.read_text()), options) + rest.partition(END)[2])


if __name__ == "__main__":
    main()
