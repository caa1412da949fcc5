"""CREMA-D as in TensorFlow Datasets.

`crema_d` 1.0.0: the sorted speakers, shuffled by `np.random.RandomState(0)`, 63 / 9 / 19 of 91.
"""

from __future__ import annotations

from serenade.corpora.speaker_folds import by_lists
from serenade.corpora.split_registry import SPLITS, SplitRule

_NAMES = {
    "train": """
        1001 1002 1003 1004 1005 1006 1007 1008 1009 1011 1012 1014 1016 1017 1018 1019 1023 1024
        1025 1027 1028 1029 1031 1032 1033 1034 1035 1036 1039 1041 1042 1043 1044 1046 1049 1051
        1052 1053 1054 1055 1056 1057 1058 1060 1061 1062 1063 1064 1067 1069 1072 1074 1075 1076
        1077 1078 1080 1081 1082 1083 1085 1087 1091
    """,
    "dev": """
        1015 1020 1021 1030 1050 1070 1079 1089 1090
    """,
    "test": """
        1010 1013 1022 1026 1037 1038 1040 1045 1047 1048 1059 1065 1066 1068 1071 1073 1084 1086
        1088
    """,
}
SPEAKERS = {part: frozenset(names.split()) for part, names in _NAMES.items()}

EXCLUDED = ("1006_TIE_NEU_XX", "1013_WSI_DIS_XX", "1017_IWW_FEA_XX", "1040_ITH_SAD_XX")
"""Clips that TensorFlow Datasets leaves out of every part."""

SPLITS.add(
    "tfds",
    SplitRule(
        about="CREMA-D as in TensorFlow Datasets: 63 / 9 / 19 speakers",
        assign=by_lists(SPEAKERS),
        corpus="cremad",
        excluded=dict.fromkeys(EXCLUDED, "is excluded by tfds"),
        speakers=frozenset().union(*SPEAKERS.values()),
    ),
)
