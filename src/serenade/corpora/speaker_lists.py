"""Speaker lists of published splits, as facts.

CREMA-D *tfds*: TensorFlow Datasets `crema_d` 1.0.0 (sorted speakers shuffled by `np.random.RandomState(0)`,
63 / 9 / 19 of 91). *audeering*: the split of audeering's published copy of CREMA-D (56 / 18 / 17).
*hicmae*: the five folds of HiCMAE (Sun et al., 2024), blocks of actors. RAVDESS *actors-5*: blocks of four.
"""

from __future__ import annotations


def _parts(*, train: str, dev: str, test: str) -> dict[str, frozenset[str]]:
    return {"train": frozenset(train.split()), "dev": frozenset(dev.split()), "test": frozenset(test.split())}


TFDS: dict[str, frozenset[str]] = _parts(
    train="""
    1001 1002 1003 1004 1005 1006 1007 1008 1009 1011 1012 1014 1016 1017 1018 1019 1023 1024
    1025 1027 1028 1029 1031 1032 1033 1034 1035 1036 1039 1041 1042 1043 1044 1046 1049 1051
    1052 1053 1054 1055 1056 1057 1058 1060 1061 1062 1063 1064 1067 1069 1072 1074 1075 1076
    1077 1078 1080 1081 1082 1083 1085 1087 1091
    """,
    dev="""
    1015 1020 1021 1030 1050 1070 1079 1089 1090
    """,
    test="""
    1010 1013 1022 1026 1037 1038 1040 1045 1047 1048 1059 1065 1066 1068 1071 1073 1084 1086
    1088
    """,
)

TFDS_EXCLUDED = ("1006_TIE_NEU_XX", "1013_WSI_DIS_XX", "1017_IWW_FEA_XX", "1040_ITH_SAD_XX")
"""Clips that TensorFlow Datasets leaves out of every part."""

AUDEERING: dict[str, frozenset[str]] = _parts(
    train="""
    1001 1002 1003 1004 1005 1006 1007 1008 1009 1010 1011 1012 1013 1014 1015 1016 1017 1018
    1019 1020 1021 1022 1023 1024 1025 1026 1027 1028 1029 1030 1031 1032 1033 1034 1035 1036
    1037 1038 1039 1040 1041 1042 1043 1044 1045 1046 1047 1050 1051 1052 1056 1057 1060 1072
    1073 1081
    """,
    dev="""
    1049 1053 1054 1055 1058 1059 1061 1062 1063 1064 1065 1066 1067 1068 1070 1075 1080 1085
    """,
    test="""
    1048 1069 1071 1074 1076 1077 1078 1079 1082 1083 1084 1086 1087 1088 1089 1090 1091
    """,
)

HICMAE = ((1001, 1018), (1019, 1036), (1037, 1054), (1055, 1072), (1073, 1091))
"""First and last actor of the test block of each fold."""

ACTORS_5 = ((1, 4), (5, 8), (9, 12), (13, 16), (17, 20))
"""First and last actor of the test block of each fold; actors 21-24 are in none."""

CREMAD_BAD = {
    "1076_MTI_SAD_XX": "is silent",
    "1006_TIE_HAP_XX": "is the same sound as 1006_TIE_NEU_XX, under another label",
    "1006_TIE_NEU_XX": "is the same sound as 1006_TIE_HAP_XX, under another label",
    "1013_WSI_DIS_XX": "is the same sound as 1013_WSI_SAD_XX, under another label",
    "1013_WSI_SAD_XX": "is the same sound as 1013_WSI_DIS_XX, under another label",
    "1017_IWW_ANG_XX": "is the same sound as 1017_IWW_FEA_XX, under another label",
    "1017_IWW_FEA_XX": "is the same sound as 1017_IWW_ANG_XX, under another label",
}
"""Clips of CREMA-D that nothing can be learnt from, and why; no split trains on them."""
