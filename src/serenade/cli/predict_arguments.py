"""The arguments and options of `serenade predict`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from serenade.output.format import FORMATS, known_suffixes


class SegmentsKind(StrEnum):
    """How a timeline is cut."""

    WINDOWS = "windows"
    SPEECH = "speech"


class DeviceKind(StrEnum):
    """Where a model is computed."""

    CPU = "cpu"
    CUDA = "cuda"


def format_name(name: str) -> str:
    """The name of an output format, in lower case."""
    if name.lower() not in FORMATS:
        by_suffix = known_suffixes().get(f".{name.lower()}")
        hint = f"did you mean {by_suffix.name!r}?" if by_suffix else FORMATS.suggest(name)
        raise typer.BadParameter(f"there is no output format {name!r}; {hint}")
    return name.lower()


RecordingsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[FILE|FOLDER|GLOB|-]...",
        help="Recordings, folders (with their subfolders) or patterns; - for standard input.",
    ),
]
TextOption = Annotated[
    str | None,
    typer.Option(
        "--text",
        metavar="TEXT",
        help="A text, a .txt file with one utterance per line, or a CSV file with the columns file, "
        "text, dialogue and speaker.",
    ),
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        metavar="MODEL",
        help="ONNX file, model folder, run folder, name of a bundled model, or hf://owner/name[@revision].",
    ),
]
DeviceOption = Annotated[
    DeviceKind,
    typer.Option(
        "--device", help="Where the model is computed; cuda needs onnxruntime-gpu and an NVIDIA GPU."
    ),
]
TimelineOption = Annotated[
    bool,
    typer.Option(
        "--timeline", help="Emotion over time: one prediction per segment instead of one per recording."
    ),
]
WindowOption = Annotated[
    float | None,
    typer.Option(
        "--window",
        metavar="S",
        help="Length of a window in seconds (default: as in training, or 5); with --segments speech of "
        "the longest segment (default: as in training, or 10).",
    ),
]
HopOption = Annotated[
    float | None,
    typer.Option(
        "--hop",
        metavar="S",
        help="Seconds from the start of one window to the next (default: half a window).",
    ),
]
SpeakersOption = Annotated[
    str | None,
    typer.Option(
        "--speakers",
        metavar="FILE|folder|column:NAME",
        help="Adapt predictions to their speakers, by all recordings of each: an RTTM file; a CSV "
        "file with the columns file, speaker (and start, end); folder: each sub-folder is a speaker; "
        "column:NAME: a column of the CSV file of --text.",
    ),
]
LabelsOption = Annotated[
    str | None,
    typer.Option(
        "--labels",
        metavar="A,B,…",
        help="Restrict predictions to some of the model's labels, separated by commas; their "
        "probabilities are divided by their sum.",
    ),
]
PrecisionOption = Annotated[
    float | None,
    typer.Option(
        "--precision",
        metavar="SHARE",
        help="Predictions are `unsure` unless this share of them, 0.5 to 0.95, can be expected to be "
        "correct, by speakers that were held out in training (default: the model's threshold).",
    ),
]
TrackOption = Annotated[
    int | None,
    typer.Option("--track", min=1, metavar="N", help="Audio track (default: the first that is not silent)."),
]
FormatOption = Annotated[
    str | None,
    typer.Option(
        "--format",
        parser=format_name,
        autocompletion=lambda: list(FORMATS),
        metavar=f"[{'|'.join(FORMATS)}]",
        help="Output format (default: by the suffix of --out, else a table).",
    ),
]
OutOption = Annotated[
    str | None,  # a Path would take one slash of s3://
    typer.Option(
        "--out",
        "-o",
        metavar="PATH",
        help="Output file; a folder for captions of several recordings, and with --cluster.",
    ),
]
ClusterOption = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="ADDRESS",
        help="Predict on the nodes of a Ray cluster: ray://HOST, HOST:PORT or auto; local for all cores "
        "of this machine. The recordings can be manifests (CSV with a column file) and URLs such as s3://bucket/folder.",
    ),
]
ChunkOption = Annotated[
    int | None,
    typer.Option(
        "--chunk",
        min=1,
        metavar="N",
        help="With --cluster: recordings per chunk, which is what a lost worker costs (default: 256).",
    ),
]
OverwriteOption = Annotated[
    bool,
    typer.Option("--overwrite", help="Replace an existing output, and predict all recordings again."),
]
StrictOption = Annotated[bool, typer.Option("--strict", help="Exit with 1 if any recording cannot be read.")]
FiguresOption = Annotated[
    Path | None,
    typer.Option(
        "--figures", metavar="DIR", help="Folder for one plot (PNG) per recording; needs matplotlib."
    ),
]
JobsOption = Annotated[
    int, typer.Option("--jobs", min=1, metavar="N", help="Number of recordings processed in parallel.")
]
SegmentsOption = Annotated[
    SegmentsKind,
    typer.Option(
        "--segments",
        help="Segments of the timeline: windows of one length, or speech, found by speech detection.",
    ),
]
SmoothOption = Annotated[
    bool, typer.Option("--smooth", help="Smooth the timeline, so that it does not flicker.")
]
HtmlOption = Annotated[
    Path | None,
    typer.Option(
        "--html", metavar="DIR", help="Folder for one HTML page per recording, with its sound and timeline."
    ),
]
SummaryOption = Annotated[
    Path | None,
    typer.Option(
        "--summary",
        metavar="FILE",
        help="JSON file with the shares of the emotions and the changes between them, per speaker.",
    ),
]
ExplainOption = Annotated[
    Path | None,
    typer.Option(
        "--explain",
        metavar="DIR",
        help="Folder for one figure (PNG) and one JSON file per recording: which times and frequencies "
        "speak for the prediction; needs matplotlib.",
    ),
]
