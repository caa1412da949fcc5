"""Names of emotions, and their spellings in corpora and languages.

Labels are stored by name everywhere in serenade, never as indices: an index does not say which emotion it
means.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

EMOTIONS = (
    "anger",
    "calm",
    "disgust",
    "fear",
    "happiness",
    "neutral",
    "sadness",
    "surprise",
)  # fmt: skip
"""The names that serenade uses, in alphabetical order (the order of every model's outputs)."""

OTHER = ("boredom", "contempt", "excitement", "frustration")
"""Canonical names of emotions that only some corpora have."""

SPELLINGS: dict[str, str] = {
    "anger": """
        ang angry rage mad a furious annoyed wut wuetend wütend ärger aerger ärgerlich aergerlich verärgert
        zorn zornig rab rabbia ira arrabbiato arrabbiata furia colère en_colère fâché fâchée enojo enojado
        enojada enfado enfadado enfadada rabia cólera raiva zangado złość gniew zły zła boos boosheid woede
        öfke kızgın sinirli злость гнев злой 生气 愤怒
    """,
    "boredom": """
        bor bored langeweile gelangweilt noia annoiato ennui aburrimiento aburrido tédio nuda verveling
    """,
    "calm": """
        cal peaceful relaxed ruhig ruhe gelassen gelassenheit calma calmo calme tranquilo tranquila
        tranquillo tranquilla calmado spokój spokojny spokojna kalm rustig sakin спокойствие спокойный
        спокойно 平静
    """,
    "contempt": """
        con contemptuous verachtung verächtlich disprezzo mépris desprecio desprezo pogarda minachting
    """,
    "disgust": """
        dis disgusted d ekel angeekelt abscheu disgusto disgustato dégoût dégoûté asco repugnancia nojo
        wstręt obrzydzenie walging afschuw iğrenme tiksinti отвращение 厌恶
    """,
    "excitement": """
        exc excited aufregung aufgeregt eccitazione excitation emoción entusiasmo podekscytowanie
    """,
    "fear": """
        fea fearful afraid f anxiety anxious scared angst ängstlich aengstlich furcht pau paura impaurito
        peur effrayé miedo temor asustado medo strach lęk przestraszony bang korku korkmuş страх испуг
        恐惧 害怕
    """,
    "frustration": """
        fru frustrated frustriert frustrazione frustración frustração frustracja frustratie
    """,
    "happiness": """
        hap happy joy joyful h hpy freude freudig fröhlich froehlich froh glück glueck glücklich gluecklich
        gio gioia felice felicità allegria joie joyeux joyeuse heureux heureuse alegría alegre felicidad
        feliz contento contenta alegria felicidade radość szczęście wesoły szczęśliwy blij blijdschap
        vreugde mutlu mutluluk радость счастье радостный 高兴 快乐 开心
    """,
    "neutral": """
        neu n normal neutrale neutralità neutro neutra neutre neutralny neutralna neutralne neutralność
        neutraal nötr нейтральный нейтрально нейтральность 中性 中立
    """,
    "sadness": """
        sad s unhappy trauer traurig traurigkeit tri tristezza triste tristesse tristeza smutek smutny
        smutna verdriet verdrietig droevig üzgün üzüntü mutsuz грусть печаль грустный 悲伤 难过 伤心
    """,
    "surprise": """
        sur surprised sor ps pleasant_surprise pleasant_surprised überraschung ueberraschung überrascht
        ueberrascht sorpresa sorpreso surpris surprise sorprendido surpresa surpreso zdziwienie zaskoczenie
        zaskoczony verrassing verrast verbaasd şaşkınlık şaşırmış удивление 惊讶 惊喜
    """,
}
"""Spellings by canonical name: English, codes of corpora, German, Italian, French, Spanish, Portuguese,
Polish, Dutch, Turkish, Russian and Chinese. Single letters are those of CREMA-D; EmoDB's are read by its
reader.
"""

_LETTERS = str.maketrans({"ł": "l", "ı": "i", "ø": "o", "đ": "d"})


def _plain(name: str) -> str:
    """A name without case, accents, spaces and hyphens, for comparison."""
    decomposed = unicodedata.normalize("NFKD", name.strip().casefold().translate(_LETTERS))
    letters = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return "_".join(letters.replace("-", " ").replace("_", " ").split())


_CANONICAL = {name: name for name in (*EMOTIONS, *OTHER)} | {
    _plain(spelling): name for name, spellings in SPELLINGS.items() for spelling in spellings.split()
}


def canonical(name: str) -> str | None:
    """Return the canonical name of an emotion, or None if its spelling is unknown.

    >>> canonical("ANG"), canonical(" Joy "), canonical("Überraschung"), canonical("XX")
    ('anger', 'happiness', 'surprise', None)
    """
    return _CANONICAL.get(_plain(name))


def is_label(name: str) -> bool:
    """Whether a text can be a label: it begins with a letter. A number does not say which emotion it means.

    >>> is_label("mildly stressed"), is_label("3")
    (True, False)
    """
    return name.strip()[:1].isalpha()


def map_labels(names: Iterable[str]) -> dict[str, str]:
    """Map all labels of a corpus to canonical names, or none of them.

    If one label is unknown, all are kept as they are, in lower case with "_" for spaces: a corpus with
    "happiness" and "glückselig" would mix two sets of names.

    >>> map_labels(["Wut", "ruhig"]), map_labels(["Wut", "Mildly stressed"])
    ({'Wut': 'anger', 'ruhig': 'calm'}, {'Wut': 'wut', 'Mildly stressed': 'mildly_stressed'})
    """
    labels = {name: canonical(name) for name in names}
    known = {name: label for name, label in labels.items() if label}
    if len(known) == len(labels):
        return known
    return {name: name.strip().lower().replace(" ", "_").replace("-", "_") for name in labels}


def describe_labels(names: Iterable[str]) -> list[str]:
    """Describe how `map_labels` reads the labels of a corpus, in at most one note.

    >>> describe_labels(["Wut", "fear"])
    ['labels are read as: Wut → anger']
    >>> describe_labels(["anger", "meh"])
    ["labels are kept as they are, since meh is none of serenade's emotions: anger, meh"]
    """
    labels = map_labels(names)
    if unknown := [name for name in labels if canonical(name) is None]:
        is_none = "is none" if len(unknown) == 1 else "are none"
        return [
            f"labels are kept as they are, since {', '.join(unknown)} {is_none} of serenade's emotions: "
            f"{', '.join(labels.values())}"
        ]
    changed = [f"{name} → {label}" for name, label in labels.items() if _plain(name) != label]
    return [f"labels are read as: {', '.join(changed)}"] if changed else []


def ordered_labels(names: Iterable[str]) -> tuple[str, ...]:
    """Return distinct label names in the order of every model's outputs (alphabetical).

    >>> ordered_labels(["sadness", "anger", "sadness"])
    ('anger', 'sadness')
    """
    return tuple(sorted(set(names)))
