"""From a request to an answer: a model's where there is one that holds to its evidence, our own otherwise."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.answers.citations import citable, citations_in
from assistant.answers.values import AnswerPiece, AnswerRequest, AnswerWriter
from assistant.errors import AnswerUnusable


def answer(request: AnswerRequest, model: AnswerWriter | None, fallback: AnswerWriter) -> Iterator[AnswerPiece]:
    """Yield an answer as it grows: `text` pieces, perhaps one `replaced`, and `done` at the end.

    The model is only asked where there is evidence or an entry to cite. When its answer fails or is rejected, however
    late, `replaced` says why in one sentence and the fallback's whole answer follows.
    """
    if model is not None and not citable(request):
        yield AnswerPiece(kind="replaced", text="There is nothing to cite, so the model was not asked.")
        model = None
    if model is not None:
        try:
            yield from _written_by(model, request)
            return
        except AnswerUnusable as error:
            yield AnswerPiece(kind="replaced", text=str(error))
    yield from _written_by(fallback, request)


def _written_by(writer: AnswerWriter, request: AnswerRequest) -> Iterator[AnswerPiece]:
    written: list[str] = []
    for text in writer.write(request):
        written.append(text)
        yield AnswerPiece(kind="text", text=text)
    yield AnswerPiece(kind="done", text=writer.name, citations=citations_in("".join(written), request))
