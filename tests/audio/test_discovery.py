import os

import pytest
import soundfile

from serenade.audio.discovery import SUFFIXES, discover, find_audio, is_lfs_pointer
from serenade.errors import UnsupportedMedia

av = pytest.importorskip("av")

LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"

NOT_SEARCHED_FOR = {
    "pictures, and video without sound": """
        264 265 266 apv avc avif avs avs2 avs3 bitpacked cdg cdxl cgi cif evc flm gif h261 h264 h265
        h266 h26l heic heif hevc ice imx ipu j2k jxl mjpeg mjpg mpo mvi mxg obu pdv qcif rcv rgb ser
        sga v v210 vc1 vvc xl y4m yuv yuv10
    """,
    "subtitles, texts and lists": """
        ans aqt art asc ass diz idf idx ifv mcc mks mpl2 nfo pjs rt sami sbg scc smi stl sub sup txt
        vt vtt webvtt
    """,
    "samples without a header": """
        302 722 al aptx aptxhd bit daud dfpwm lvf raw rco sb sw tco ub ul uw
    """,
    "formats of games, protected books, synthesizers and MATLAB": """
        aa aax ac4 acm adf adp ads aea afc aix apc apl ast bcstm bfstm binka bmv bonk brstm cdata
        dat dtk fsb fwse genh iamf ivr kux laf mac mat4 mat5 mca mods moflex mpc2k msf mtaf musx rka
        rsd rso sd2 sdns sdr2 sdx son ss2 str svag svs ty ty+ usm vag vb viv vpk vqe vql wa way wsd
        xmd xmv xvag yop
    """,
}


def names_of_ffmpeg():
    found = set()
    for name in av.formats_available:
        try:
            kind = av.format.ContainerFormat(name, "r")
        except ValueError:
            continue
        found |= {suffix.lower() for suffix in kind.extensions}
    return found


def test_every_suffix_that_the_libraries_decode_is_searched_for():
    sndfile = {name.lower() for name in soundfile.available_formats()} - {"wavex"}
    searched = {suffix.removeprefix(".") for suffix in SUFFIXES}
    assert names_of_ffmpeg() | sndfile <= searched | set(" ".join(NOT_SEARCHED_FOR.values()).split())


@pytest.mark.parametrize("name", ["a.mka", "a.MPG", "a.wmv", "a.sph", "a.aifc", "a.3gp", "a.vob", "a.m4b"])
def test_recordings_of_any_suffix_are_found(tmp_path, name):
    (tmp_path / name).touch()
    assert find_audio(tmp_path) == [tmp_path / name]


def test_what_only_looks_like_sound_is_skipped_and_counted(tmp_path):
    names = (
        "b.WAV",
        "a.flac",
        "._a.flac",
        ".hidden/c.wav",
        "sub/d.mp3",
        "notes.txt",
        "sub/more.TXT",
        "README",
    )
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(LFS)
    (tmp_path / "code.ts").write_text("export const a = 1;")
    (tmp_path / "film.ts").write_bytes(b"G" + bytes(187))
    found = discover(tmp_path)
    assert [str(path.relative_to(tmp_path)) for path in found.files] == [
        "a.flac",
        "b.WAV",
        "film.ts",
        "sub/d.mp3",
    ]
    assert found.skipped == {".txt": 2, "hidden": 1, "": 1, ".ts": 1}
    assert str(found).startswith("4 recordings, 5 other files skipped (2 .txt, ")
    assert find_audio(tmp_path) == list(found.files)
    assert find_audio(tmp_path / "notes.txt") == [tmp_path / "notes.txt"]
    assert is_lfs_pointer(found.files[0])


def test_linked_folders_and_files_are_found_once_and_loops_end(tmp_path):
    inside, outside = tmp_path / "corpus", tmp_path / "elsewhere"
    for folder in (inside / "sad", outside / "deep"):
        folder.mkdir(parents=True)
    for file in (inside / "sad/a.wav", outside / "b.wav", outside / "deep/c.wav"):
        file.touch()
    (inside / "anger").symlink_to("../elsewhere")
    (inside / "again").symlink_to("sad")
    (inside / "sad/loop").symlink_to(inside)
    (outside / "back").symlink_to(outside)
    (inside / "self.wav").symlink_to("self.wav")
    (inside / "d.wav").symlink_to(outside / "b.wav")
    found = [str(path.relative_to(inside)) for path in find_audio(inside)]
    assert found == ["anger/b.wav", "anger/deep/c.wav", "d.wav", "sad/a.wav", "self.wav"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_without_permission_is_counted(tmp_path):
    (tmp_path / "locked").mkdir(mode=0)
    assert discover(tmp_path).skipped == {"unreadable folder": 1}


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(UnsupportedMedia, match="no such file or folder"):
        discover(tmp_path / "nothing")
