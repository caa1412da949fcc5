"""CREMA-D as in the copy that audeering published: 56 / 18 / 17 of 91 speakers."""

from __future__ import annotations

from serenade.corpora.speaker_folds import by_lists
from serenade.corpora.split_registry import SPLITS, SplitRule

_NAMES = {
    "train": """
        1001 1002 1003 1004 1005 1006 1007 1008 1009 1010 1011 1012 1013 1014 1015 1016 1017 1018
        1019 1020 1021 1022 1023 1024 1025 1026 1027 1028 1029 1030 1031 1032 1033 1034 1035 1036
        1037 1038 1039 1040 1041 1042 1043 1044 1045 1046 1047 1050 1051 1052 1056 1057 1060 1072
        1073 1081
    """,
    "dev": """
        1049 1053 1054 1055 1058 1059 1061 1062 1063 1064 1065 1066 1067 1068 1070 1075 1080 1085
    """,
    "test": """
        1048 1069 1071 1074 1076 1077 1078 1079 1082 1083 1084 1086 1087 1088 1089 1090 1091
    """,
}
SPEAKERS = {part: frozenset(names.split()) for part, names in _NAMES.items()}

SPLITS.add(
    "audeering",
    SplitRule(
        about="CREMA-D as published by audeering: 56 / 18 / 17 speakers",
        assign=by_lists(SPEAKERS),
        corpus="cremad",
        speakers=frozenset().union(*SPEAKERS.values()),
    ),
)
