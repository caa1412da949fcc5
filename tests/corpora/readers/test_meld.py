from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from serenade.corpora import check_split, make_split, read_corpus
from serenade.corpora.readers.meld import FOLDERS, seconds_of
from serenade.errors import CorpusError, SplitError
from serenade.synthetic.meld import SyntheticMeld

HEADER = (
    "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime"
)


def write_tree(folder: Path, *lines: str, part: str = "train") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / f"{part}_sent_emo.csv").write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return folder


def line(dialogue: int = 0, utterance: int = 0, text: str = "What?", start: str = "00:00:01,000") -> str:
    return f'1,"{text}",Monica,surprise,negative,{dialogue},{utterance},4,7,"{start}","00:00:02,500"'


class TestRealRows:
    def test_rows_and_dialogues_of_each_part(self, real_meld: pd.DataFrame) -> None:
        assert len(real_meld) == 13_708
        counts = real_meld.groupby("split", sort=False)
        assert counts.size().to_dict() == {"train": 9_989, "dev": 1_109, "test": 2_610}
        assert counts["dialogue"].nunique().to_dict() == {"train": 1_038, "dev": 114, "test": 280}
        assert "train/60" not in set(real_meld["dialogue"])

    def test_labels_of_the_test_part(self, real_meld: pd.DataFrame) -> None:
        assert real_meld[real_meld["split"] == "test"]["emotion"].value_counts().to_dict() == {
            "neutral": 1256,
            "happiness": 402,
            "anger": 345,
            "surprise": 281,
            "sadness": 208,
            "disgust": 68,
            "fear": 50,
        }

    def test_ids_are_unique_across_parts_and_ranks_are_not_utterance_ids(
        self, real_meld: pd.DataFrame
    ) -> None:
        assert real_meld["source"].is_unique
        assert real_meld["dialogue"].nunique() == 1_038 + 114 + 280
        differ = (real_meld["rank"] != real_meld["utterance"]).groupby(real_meld["split"]).sum().to_dict()
        assert differ == {"train": 441, "dev": 10, "test": 15}
        last = real_meld.groupby("dialogue")["rank"].max()
        assert (last + 1 == real_meld.groupby("dialogue").size()).all()

    def test_rows_are_in_the_order_of_the_tables(self, real_meld: pd.DataFrame, shared: Path) -> None:
        texts = [
            pd.read_csv(shared / "meld" / f"{part}_sent_emo.csv", keep_default_na=False)["Utterance"]
            for part in FOLDERS
        ]
        assert real_meld["text"].tolist() == pd.concat(texts).tolist()

    def test_times_in_all_three_forms(self, real_meld: pd.DataFrame) -> None:
        spans = real_meld["clip_end_s"] - real_meld["clip_start_s"]
        assert spans.min() >= 0
        assert (spans > 29).sum() == 3
        short = real_meld.set_index("source").loc["train/dia437_utt2"]
        assert (short["clip_start_s"], short["clip_end_s"]) == (405.489, 407.28)
        assert (spans > 3).mean() == pytest.approx(0.39, abs=0.005)

    def test_the_old_encoding_gives_the_same_texts_part_by_part(
        self, real_meld: pd.DataFrame, shared: Path, tmp_path: Path
    ) -> None:
        """A mixed tree: dev and test as MELD.Raw.tar.gz has them, train new."""
        for part in FOLDERS:
            content = (shared / "meld" / f"{part}_sent_emo.csv").read_bytes()
            if part != "train":
                content = as_in_the_archive(content.decode("utf-8")).encode("utf-8")
            (tmp_path / f"{part}_sent_emo.csv").write_bytes(content)
        assert "\x92" in (tmp_path / "test_sent_emo.csv").read_text(encoding="utf-8")
        mixed = read_corpus(tmp_path)
        pd.testing.assert_frame_equal(mixed.drop(columns="file"), real_meld.drop(columns="file"))
        assert not mixed["text"].str.contains("[\x80-\xa0]").any()

    def test_the_meld_split_is_by_dialogue_and_says_so(self, real_meld: pd.DataFrame) -> None:
        split = make_split(real_meld, "meld")
        check_split(real_meld, split)
        content = split.to_dict()
        assert content["clips"] == {"train": 9_989, "dev": 1_109, "test": 2_610}
        assert (content["grouped_by"], content["leaky"]) == ("dialogue", False)
        assert (split.parts == real_meld["split"]).all()

    def test_official_names_the_shared_speakers_and_the_split_to_use(self, real_meld: pd.DataFrame) -> None:
        with pytest.raises(
            SplitError, match=r"speakers in two parts .* use the split meld, which is by dialogue"
        ):
            check_split(real_meld, make_split(real_meld, "official"))

    def test_files_of_the_real_tree_that_have_no_row(self, shared: Path, tmp_path: Path) -> None:
        """File names of the real archives that are in no table, and AppleDouble files."""
        spare = ["dev/dia49_utt4", "dev/dia49_utt5", "dev/dia66_utt9", "dev/dia66_utt10", "test/dia108_utt2"]
        for part, folder in FOLDERS.items():
            shutil.copy(shared / "meld" / f"{part}_sent_emo.csv", tmp_path)
            names = [name.partition("/")[2] for name in spare if name.startswith(part)]
            (tmp_path / folder).mkdir()
            for name in ["dia0_utt0", "._dia0_utt0", "._dia0_utt1", *names]:
                (tmp_path / folder / f"{name}.mp4").touch()
        (tmp_path / FOLDERS["test"] / "final_videos_testdia93_utt5.mp4").touch()
        table = read_corpus(tmp_path)
        notes = " | ".join(table.attrs["notes"])
        assert len(table) == 13_708
        assert f"{13_708 - 3:,} rows without a clip: dev/dia0_utt1, " in notes
        assert f"5 clips without a row: skipped ({', '.join(sorted(spare, key=number_of))})" in notes
        assert "1 file without a file name of MELD" in notes
        assert "more than once" not in notes

    def test_texts_that_train_and_test_share_are_no_leak(self, real_meld: pd.DataFrame) -> None:
        """The same text occurs in several dialogues ("Yeah."); a dialogue is in one part only."""
        texts = {part: set(rows["text"]) for part, rows in real_meld.groupby("split")}
        assert real_meld.loc[real_meld["split"] == "test", "text"].isin(texts["train"]).sum() == 331
        check_split(real_meld, make_split(real_meld, "meld"))

    def test_without_clips_the_tables_alone(self, real_meld: pd.DataFrame) -> None:
        assert "there are no clips, only texts and labels" in real_meld.attrs["notes"]
        assert real_meld["file"].iloc[0].endswith("train_splits/dia0_utt0.mp4")
        assert real_meld["start"].isna().all()


def number_of(name: str) -> tuple[str, int, int]:
    """`dev/dia66_utt9` in the order of part, dialogue and utterance."""
    part, _, clip = name.partition("/")
    dialogue, utterance = clip.removeprefix("dia").split("_utt")
    return part, int(dialogue), int(utterance)


def as_in_the_archive(text: str) -> str:
    """UTF-8 of text whose cp1252 punctuation was taken for Latin-1."""
    return "".join(mark.encode("cp1252").decode("latin1") if mark in "“”‘’…—–" else mark for mark in text)


class TestSplit:
    def test_a_dialogue_in_two_parts_is_refused(self, synthetic_meld: SyntheticMeld) -> None:
        table = read_corpus(synthetic_meld.path)
        split = make_split(table, "meld")
        check_split(table, split)
        table["dialogue"] = table["dialogue"].str.replace("test/", "train/")
        with pytest.raises(SplitError, match=r"dialogues in two parts \(train/0 in test and train"):
            check_split(table, split)
        with pytest.raises(SplitError, match="is by dialogue, and the table has no such column"):
            check_split(table.drop(columns="dialogue"), split)

    def test_other_corpora_have_no_such_split(self, synthetic_meld: SyntheticMeld) -> None:
        table = read_corpus(synthetic_meld.path).assign(corpus="mine")
        with pytest.raises(SplitError, match="is defined for meld"):
            make_split(table, "meld")


class TestTree:
    def test_clips_without_a_row_and_rows_without_a_clip_are_counted(
        self, synthetic_meld: SyntheticMeld
    ) -> None:
        table = read_corpus(synthetic_meld.path)
        notes = " | ".join(table.attrs["notes"])
        assert "3 rows without a clip: " in notes
        assert "3 clips without a row: skipped (" in notes
        assert all(name in notes for kind in ("missing", "unlisted") for name in synthetic_meld.defects[kind])
        assert "1 file without a file name of MELD: skipped (output_repeated_splits_test/final_videos" in (
            notes
        )
        assert not any("/._" in file for file in table["file"])
        assert len(table) == sum(synthetic_meld.rows.values())

    def test_mp4_comes_before_wav(self, synthetic_meld: SyntheticMeld) -> None:
        table = read_corpus(synthetic_meld.path).set_index("source")
        for name in synthetic_meld.defects["both"]:
            file = Path(table.loc[name, "file"])
            assert file.suffix == ".mp4"
            assert file.with_suffix(".wav").is_file()
        assert (table["file"].str.endswith(".wav")).any()

    def test_it_is_recognised_with_clips_or_without(
        self, synthetic_meld: SyntheticMeld, tmp_path: Path
    ) -> None:
        assert set(read_corpus(synthetic_meld.path)["corpus"]) == {"meld"}
        assert set(read_corpus(write_tree(tmp_path, line()))["corpus"]) == {"meld"}

    def test_clips_and_tables_may_lie_deeper_as_their_archives_unpack(
        self, synthetic_meld: SyntheticMeld, tmp_path: Path
    ) -> None:
        flat = read_corpus(synthetic_meld.path)
        for part, folder in FOLDERS.items():
            (tmp_path / part).mkdir()
            (tmp_path / part / folder).symlink_to(synthetic_meld.path / folder)
            (tmp_path / part / "round").symlink_to(tmp_path)
            shutil.copy(synthetic_meld.path / f"{part}_sent_emo.csv", tmp_path / part)
        deep = read_corpus(tmp_path, "meld")
        pd.testing.assert_frame_equal(deep.drop(columns="file"), flat.drop(columns="file"))
        assert sum(Path(file).is_file() for file in deep["file"]) == len(flat) - 3

    def test_parts_whose_table_is_not_there_are_named(self, tmp_path: Path) -> None:
        table = read_corpus(write_tree(tmp_path, line(), part="test"))
        assert set(table["split"]) == {"test"}
        assert "missing: train_sent_emo.csv, dev_sent_emo.csv" in table.attrs["notes"]

    @pytest.mark.parametrize(
        ("lines", "sentence"),
        [
            ([line(), line()], "has utterance 0 of dialogue 0 twice"),
            ([line(start="16:16")], "column StartTime: '16:16' is not a time"),
            ([line().replace(",0,0,4,7,", ",x,0,4,7,")], "column Dialogue_ID"),
            ([line().replace("surprise", "surprize")], "the label 'surprize' is no emotion"),
        ],
    )
    def test_a_wrong_table_is_one_sentence(self, tmp_path: Path, lines: list[str], sentence: str) -> None:
        with pytest.raises(CorpusError, match=sentence):
            read_corpus(write_tree(tmp_path, *lines))

    def test_no_table_a_lacking_column_or_bytes_that_are_no_utf8(self, tmp_path: Path) -> None:
        with pytest.raises(CorpusError, match="contains none of the tables of MELD"):
            read_corpus(tmp_path, "meld")
        (tmp_path / "train_sent_emo.csv").write_text("Utterance,Speaker\nWhat?,Monica\n")
        with pytest.raises(CorpusError, match="lacks the columns Emotion, Sentiment"):
            read_corpus(tmp_path)
        (tmp_path / "train_sent_emo.csv").write_bytes(f"{HEADER}\n{line(text='’')}".encode("cp1252"))
        with pytest.raises(CorpusError, match="in UTF-8"):
            read_corpus(tmp_path)


@pytest.mark.parametrize("time", ["16:16", "00:61:1,0", "a:bb:cc,ddd", ""])
def test_text_that_is_not_a_time(time: str) -> None:
    with pytest.raises(ValueError, match="is not a time"):
        seconds_of(time)
