"""The folders that training writes: their file names and layout, and what is read back from them."""

from serenade.folders.model import ModelFolder
from serenade.folders.records import EpochLog, FoldRunRecord, RunRecord, RunSummary, SplitRow, StoreRecord
from serenade.folders.run import RunFolder
from serenade.folders.trained_on import CorpusClips, TrainedOn

__all__ = [
    "CorpusClips",
    "EpochLog",
    "FoldRunRecord",
    "ModelFolder",
    "RunFolder",
    "RunRecord",
    "RunSummary",
    "SplitRow",
    "StoreRecord",
    "TrainedOn",
]
