"""From the words of a heading to the field of an entry that its text belongs to."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Literal, TypeAlias

from knowledge_base.exchange.wording import plain, unnumbered

TextField: TypeAlias = Literal["symptoms", "cause", "fix", "notes"]

# As `plain` gives them: no accents, no case, no punctuation. English, Portuguese, Spanish.
_PHRASES: Final[dict[TextField, tuple[str, ...]]] = {
    "symptoms": (
        *(
            "symptoms",
            "symptom",
            "meaning",
            "summary",
            "incident summary",
            "executive summary",
            "overview",
            "description",
        ),
        *("alert description", "what happened", "what it means", "what it looks like", "problem", "problem statement"),
        *(
            "the problem",
            "issue",
            "abstract",
            "background",
            "detection",
            "signals",
            "alert",
            "tl dr",
            "tldr",
            "synopsis",
        ),
        *("sintomas", "sintoma", "significado", "resumo", "resumo executivo", "resumo do incidente", "descricao"),
        *(
            "descricao do problema",
            "descricao do incidente",
            "o que aconteceu",
            "o que significa",
            "problema",
            "deteccao",
        ),
        *("resumen", "resumen ejecutivo", "resumen del incidente", "descripcion", "descripcion del problema"),
        *(
            "descripcion del incidente",
            "que paso",
            "que sucedio",
            "que ocurrio",
            "que significa",
            "el problema",
            "deteccion",
        ),
    ),
    "cause": (
        *("cause", "causes", "root cause", "root causes", "root cause analysis", "root cause s", "rca", "the cause"),
        *("possible causes", "possible cause", "likely causes", "probable cause", "common causes", "underlying cause"),
        *(
            "contributing factors",
            "contributing factor",
            "contributing causes",
            "trigger",
            "triggers",
            "why it happened",
        ),
        *(
            "why did it happen",
            "why did this happen",
            "why it failed",
            "how did it happen",
            "how it happened",
            "reason",
        ),
        *("reasons", "primary issue", "secondary issue", "the technical problem", "5 whys", "five whys"),
        *("causa", "causas", "causa raiz", "causas raiz", "causa principal", "causas provaveis", "causas possiveis"),
        *("possiveis causas", "analise da causa raiz", "analise de causa raiz", "fatores contribuintes", "motivo"),
        *("gatilho", "por que aconteceu", "como aconteceu", "causas probables", "causas posibles", "posibles causas"),
        *("causa raiz del incidente", "analisis de causa raiz", "analisis de la causa raiz", "factores contribuyentes"),
        *("desencadenante", "por que paso", "por que ocurrio", "por que sucedio", "como paso", "como ocurrio"),
    ),
    "fix": (
        *("fix", "fixes", "the fix", "mitigation", "mitigations", "mitigation steps", "resolution", "resolutions"),
        *(
            "remediation",
            "remediations",
            "remedy",
            "remediation steps",
            "solution",
            "solutions",
            "recovery",
            "workaround",
        ),
        *("workarounds", "recommended actions", "immediate actions", "how to fix", "how to fix it", "how to resolve"),
        *("how it was fixed", "how we fixed it", "how was it fixed", "what fixed it", "resolution and recovery"),
        *("what should you do", "what to do", "steps to resolve", "corrective actions", "actions taken", "response"),
        *("correcao", "correcoes", "solucao", "solucoes", "mitigacao", "resolucao", "remediacao", "recuperacao"),
        *("como resolver", "como corrigir", "como foi resolvido", "solucao de contorno", "contorno", "acoes imediatas"),
        *("acoes corretivas", "o que fazer", "correccion", "correcciones", "solucion", "soluciones", "mitigacion"),
        *("resolucion", "remediacion", "recuperacion", "como resolverlo", "como se resolvio", "como solucionarlo"),
        *("acciones inmediatas", "acciones correctivas", "acciones tomadas", "que hacer", "arreglo"),
    ),
    "notes": (
        *(
            "impact",
            "incident impact",
            "impact on users",
            "diagnosis",
            "troubleshooting",
            "timeline",
            "incident timeline",
        ),
        *("lessons learned", "lessons", "action items", "follow up", "follow ups", "attendees", "stats", "notes"),
        *("additional notes", "additional resources", "references", "links", "related", "related alerts", "prevention"),
        *("escalation", "background reading", "what went well", "what went wrong", "what went poorly", "next steps"),
        *(
            "impacto",
            "diagnostico",
            "linha do tempo",
            "cronologia",
            "licoes aprendidas",
            "itens de acao",
            "acoes futuras",
        ),
        *("proximos passos", "observacoes", "notas", "referencias", "prevencao", "escalonamento", "participantes"),
        *(
            "linea de tiempo",
            "linea temporal",
            "lecciones aprendidas",
            "acciones pendientes",
            "proximos pasos",
            "prevencion",
        ),
        *("observaciones", "escalamiento", "asistentes"),
    ),
}
_FIELD_OF: Final[dict[str, TextField]] = {phrase: field for field, phrases in _PHRASES.items() for phrase in phrases}

_POST_MORTEM: Final = frozenset(
    (
        *("timeline", "incident timeline", "follow up timeline", "lessons learned", "action items", "attendees"),
        *("contributing factors", "contributing factors findings", "root cause analysis", "incident summary"),
        *("incident impact", "what went well", "what went wrong", "what went poorly", "what didnt go so well", "stats"),
        *(
            "what happened",
            "why did it happen",
            "how did it happen",
            "important information",
            "key takeaways",
            "5 whys",
        ),
        *("linha do tempo", "cronologia", "licoes aprendidas", "itens de acao", "o que aconteceu", "participantes"),
        *("linea de tiempo", "linea temporal", "lecciones aprendidas", "acciones pendientes", "que paso", "asistentes"),
        *("resumo do incidente", "resumen del incidente", "fatores contribuintes", "factores contribuyentes"),
    )
)
_INCIDENT_WORDS: Final = (
    *(
        "post mortem",
        "postmortem",
        "incident report",
        "incident review",
        "incident",
        "outage",
        "disruption",
        "downtime",
    ),
    *("relatorio de incidente", "incidente", "interrupcao", "indisponibilidade", "informe de incidente", "caida"),
    *("interrupcion", "indisponibilidad"),
)


@lru_cache(maxsize=4096)
def field_of(heading: str) -> TextField | None:
    """Say which field the text under a heading belongs to, None where its words do not tell.

    A heading may say more after a known phrase: `Timeline (times in BST)`, `Root cause: a full disk`.
    """
    words = unnumbered(plain(heading)).split()
    # The longest phrase first: "problem resolution" is no problem, and has no known beginning either.
    for length in range(min(len(words), 6), 0, -1):
        found = _FIELD_OF.get(" ".join(words[:length]))
        if found is not None and (length == len(words) or length > 1 or _ends_a_phrase(heading, words[0])):
            return found
    return None


def _ends_a_phrase(heading: str, first: str) -> bool:
    """Say whether a heading's first word stands alone before a bracket, a colon or a dash."""
    for mark in ("(", ":", " - ", " \u2013 ", " \u2014 ", "/", "&"):
        before, found, _after = heading.partition(mark)
        if found and unnumbered(plain(before)) == first:
            return True
    return False


def is_of_post_mortem(heading: str) -> bool:
    """Say whether a heading stands in reports on incidents, and hardly in runbooks."""
    words = unnumbered(plain(heading))
    return words in _POST_MORTEM or words.startswith(
        ("timeline ", "post mortem ", "linha do tempo ", "linea de tiempo ")
    )


def names_an_incident(title: str) -> bool:
    """Say whether a title calls its text a report on an incident."""
    words = f" {plain(title)} "
    return any(f" {word} " in words for word in _INCIDENT_WORDS)
