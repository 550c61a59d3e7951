"""What has to be said of a text wherever it appears: such as that it talks to the assistant, not to people."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from typing import Final

from knowledge_base.entry import Entry


class Mark(StrEnum):
    """A warning that goes with an entry; nothing is refused or changed because of it."""

    ADDRESSES_ASSISTANT = "addresses_assistant"


_EARLIER: Final = r"(?:previous|prior|above|earlier|preceding|foregoing|former|other|existing|system|your)"
_ORDERS: Final = r"(?:instructions?|prompts?|rules?|directives?|guidelines?|commands?|orders)"
_MODEL: Final = r"(?:ai|a\.i\.|assistant|chat ?bot|language model|llm|copilot|gpt)"
_MODELO: Final = r"(?:assistente|asistente|modelo de (?:linguagem|lenguaje)|chat ?bot|ia|llm|inteligencia artificial)"
_ORDENS: Final = (
    r"(?:instru[a-z]{2,8}|ordens|ordenes|regras|reglas|comandos|diretrizes|directrices|indicaciones|prompts?)"
)
# Texts are compared without accents, case, invisible characters and emphasis; blanks are single.
_ADDRESSED: Final = tuple(
    re.compile(pattern)
    for pattern in (
        # Orders to forget orders.
        rf"\b(?:ignore|disregard|forget|override|bypass)(?: (?:all|any|every|of|the|these|those|your|my)){{0,4}} "
        rf"{_EARLIER}(?: [a-z]+)? {_ORDERS}\b",
        rf"\b(?:ignore|disregard|forget|override|bypass) (?:all|any|every|your)(?: of)?(?: the| your)? {_ORDERS}\b",
        r"\b(?:ignore|disregard|forget) (?:everything|anything|all) (?:above|before|that was said|"
        r"you (?:were|have been))",
        rf"\b(?:ignor[ae][a-z]*|desconsider[ae][a-z]*|esquec[ae][a-z]*|desprez[ae][a-z]*|olvid[ae][a-z]*|"
        rf"descart[ae][a-z]*|(?:haz|haga|hagan) caso omiso(?: de)?)(?: (?:de|a|as|os|o|las?|los|el|tod[ao]s?|qualquer|"
        rf"cualquier|suas?|seus?|sus?|tus?)){{0,4}} {_ORDENS}(?: [a-z]+)? (?:anteriores|anterior|acima|previas?|"
        rf"precedentes|de (?:arriba|cima|sistema)|do sistema|del sistema|recebidas|recibidas)\b",
        # Roles given to the reader.
        rf"\byou are (?:now |no longer )?(?:an?|the|my|acting as)(?: [a-z-]+){{0,3}} {_MODEL}\b",
        rf"\b(?:voce (?:agora )?e|voce e agora|tu es agora|(?:tu )?eres(?: ahora)?|usted es(?: ahora)?)"
        rf"(?: (?:uma?|o|una?|el|la))(?: [a-z-]+){{0,2}} {_MODELO}\b",
        r"\bpretend (?:to be|that you are|you are) ",
        # Texts that name whom they talk to.
        rf"\b(?:instructions?|note|message|attention|notice|reminder|directive)s? (?:to|for) (?:the |any |an |all )?"
        rf"(?:ai |on-?call )?{_MODEL}s?\b",
        r"\b(?:dear|hey|hello|attention) (?:ai|assistant|chat ?bot|language model|llm)s?\b",
        rf"\b(?:instruc[a-z]{{3,8}}|nota|mensagem|mensaje|aviso|atencao|atencion) (?:para|a|ao|al) "
        rf"(?:o |a |el |la )?{_MODELO}\b",
        rf"\b(?:if|when) you are (?:an?|the) (?:ai|large|language|{_MODEL})\b",
        r"(?:^|[.!?:;>] |[#\-] )(?:ai |the )?(?:assistant|chat ?bot|llm|assistente|asistente)"
        r"(?:,|:| must| shall| deve| debe)"
        r" (?:you|now|please|always|never|do|must|say|tell|answer|reply|report|ignore|run|voce|sempre|nunca|siempre|"
        r"diga|responda|responde|execute|ejecuta|deve|debe|informe)\b",
        # Talk about prompts, and the marks of chat formats.
        r"\b(?:reveal|print|repeat|show|leak|output)(?: me)?(?: the| your| its)? (?:system|hidden|initial) "
        r"(?:prompt|message)",
        r"\b(?:new|updated) system (?:prompt|message|instructions?)\b",
        r"\b(?:revele|mostre|imprima|repita|revela|muestra|imprime|repite) (?:o|seu|el|tu|su) prompt\b",
        r"<\|?(?:im start|im end|system|assistant|endoftext|begin of text|start header id)\|?>",
        r"\[/?inst\]|<<sys>>",
        r"\bdo not (?:tell|inform|mention|reveal|disclose)(?: this| it| that)? to the (?:user|operator|human|on-?call)",
    )
)
_UNSEEN: Final = frozenset(("Mn", "Cf", "Cc"))
_EMPHASIS: Final = str.maketrans({"*": None, "_": " ", "`": None, "\n": " ", "\t": " ", "\u2019": "'"})


def marks_of(entry: Entry) -> tuple[Mark, ...]:
    """Say what has to be said of an entry's text."""
    texts = (entry.title, entry.symptoms, entry.cause or "", entry.fix or "", entry.notes)
    if any(addresses_assistant(text) for text in texts):
        return (Mark.ADDRESSES_ASSISTANT,)
    return ()


def addresses_assistant(text: str) -> bool:
    """Say whether a text gives orders to a model that reads it, in English, Portuguese or Spanish.

    It finds what is written openly; it is a mark for readers, and no wall: what a model is told about a text, and what
    it is allowed to do, has to hold for any text.
    """
    plain = _plain(text)
    return any(pattern.search(plain) for pattern in _ADDRESSED)


def _plain(text: str) -> str:
    if not text.isascii():
        # Compatibility forms first: fullwidth and styled letters read like plain ones.
        letters = unicodedata.normalize("NFKD", text)
        text = "".join(letter for letter in letters if letter in "\n\t" or unicodedata.category(letter) not in _UNSEEN)
    return re.sub(r" {2,}", " ", text.translate(_EMPHASIS)).casefold()
