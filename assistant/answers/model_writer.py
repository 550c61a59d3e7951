"""An answer written by a language model, through LangChain and LiteLLM, and held to its evidence."""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from assistant.answers.citations import cited_ids, unknown_citation
from assistant.answers.markup import tamed
from assistant.answers.paragraphs import Paragraphs
from assistant.answers.prompt import messages
from assistant.answers.values import AnswerRequest
from assistant.errors import AnswerRejected, ModelUnavailable

if TYPE_CHECKING:  # importing it takes seconds
    from langchain_litellm import ChatLiteLLM

LONGEST_ANSWER: Final = 20_000
_LOG: Final = logging.getLogger(__name__)
# Without these the imports fetch a price list, read `.env`, and send what the model is asked to a tracing service.
_QUIET: Final = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_MODE": "PRODUCTION",
    "LANGSMITH_TRACING": "false",
    "LANGCHAIN_TRACING_V2": "false",
}
# By the name of LiteLLM's error: importing the classes costs seconds, and its messages may carry what was sent.
_REASONS: Final = {
    "AuthenticationError": "refused the key; check the provider's key in the environment of the server",
    "PermissionDeniedError": "does not allow this key to use it; check the key and the model's name",
    "NotFoundError": "is not known to the provider; check the model's name and the address",
    "RateLimitError": "takes no more requests for now; try again later or check the quota",
    "ContextWindowExceededError": "cannot take in as much evidence; use a model with a larger context",
    "ContentPolicyViolationError": "refused the question under its content policy",
    "BadRequestError": "did not accept the request; check the model's name and its provider prefix",
    "APIConnectionError": "cannot be reached, or did not answer as such a server should; check the address",
    "MidStreamFallbackError": "broke off, or sent something that is no answer; check the address, or try again later",
    "InternalServerError": "failed with an error of the provider's own; try again later",
    "ServiceUnavailableError": "is not available at the provider; try again later",
    "BadGatewayError": "is not available at the provider; try again later",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """Which model writes, and how long it may take.

    The key is not among them: LiteLLM takes it from the environment, under the provider's own name.

    Attributes:
        model: Any LiteLLM model name with its provider, such as `openai/gpt-4o-mini` or `ollama/llama3`.
        api_base: Address of the server, where it is not the provider's own.
        timeout_seconds: How long the whole answer may take, positive; loading the libraries is not counted.
        max_tokens: How long the answer may be, at least 1.
    """

    model: str
    api_base: str | None = None
    timeout_seconds: float = 60.0
    max_tokens: int = 1500

    def __post_init__(self) -> None:
        if not self.model.strip():
            raise ValueError("model is empty; give a LiteLLM model name such as openai/gpt-4o-mini")
        if self.timeout_seconds <= 0:
            raise ValueError(f"timeout_seconds must be positive, got {self.timeout_seconds}")
        if self.max_tokens < 1:
            raise ValueError(f"max_tokens must be at least 1, got {self.max_tokens}")


class ModelWriter:
    """Lets a model write, and lets through only paragraphs whose citations exist.

    Everything else in the model's Markdown that could act (links, images, HTML) is shown as plain text.
    """

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        self._chat: ChatLiteLLM | None = None
        self._loading = threading.Lock()

    @property
    def name(self) -> str:
        """The model's name."""
        return self._settings.model

    def load(self) -> None:
        """Import LangChain and LiteLLM, which takes seconds; the first answer does it where nobody has.

        Raises:
            ModelUnavailable: The model's name or the settings are not such as LiteLLM takes.
        """
        with self._loading:
            if self._chat is None:
                self._chat = _open_chat(self._settings)

    def write(self, request: AnswerRequest) -> Iterator[str]:
        """Yield the model's paragraphs, each checked and made inert.

        Raises:
            AnswerRejected: It cites what does not exist, or nothing at all, or says nothing. What was yielded before
                must not be shown any more.
            ModelUnavailable: There is no whole answer: not reached, refused, too slow, cut off.
        """
        self.load()
        paragraphs = Paragraphs()
        cites = False
        for text in self._stream(request):
            for paragraph in paragraphs.feed(text):
                yield self._checked(paragraph, request)
                cites = cites or bool(cited_ids(paragraph))
        for paragraph in paragraphs.finish():
            yield self._checked(paragraph, request)
            cites = cites or bool(cited_ids(paragraph))
        if not cites:
            raise AnswerRejected(self.name, "cited nothing, so its answer cannot be checked.")

    def _checked(self, paragraph: str, request: AnswerRequest) -> str:
        unknown = unknown_citation(paragraph, request)
        if unknown is not None:
            raise AnswerRejected(self.name, f"cited {unknown}, which does not exist.")
        return f"{tamed(paragraph)}\n\n"

    def _stream(self, request: AnswerRequest) -> Iterator[str]:
        """Yield the model's text as it comes, and stop waiting when its time is over, whatever the server does."""
        stream = _Stream(self._settings.model)
        threading.Thread(target=stream.pump, args=(self._chat, messages(request)), daemon=True, name="model").start()
        deadline = time.monotonic() + self._settings.timeout_seconds
        length = 0
        try:
            while (text := stream.next(deadline)) is not None:
                length += len(text.strip())
                if length > LONGEST_ANSWER:
                    raise ModelUnavailable(self.name, f"wrote more than {LONGEST_ANSWER} characters without an end.")
                yield text
        except queue.Empty:
            seconds = f"{self._settings.timeout_seconds:g} s"
            raise ModelUnavailable(self.name, f"did not finish its answer within {seconds}.") from None
        finally:
            stream.stop()
        if length == 0:
            raise ModelUnavailable(self.name, "gave an empty answer.")


class _Stream:
    """A model's answer on its way from the thread that reads it to the one that waits for it."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._queue: queue.SimpleQueue[str | ModelUnavailable | None] = queue.SimpleQueue()
        self._stopped = threading.Event()

    def next(self, deadline: float) -> str | None:
        """Wait for more text; None at the end.

        Raises:
            queue.Empty: The deadline, in `time.monotonic` seconds, has passed.
            ModelUnavailable: The model failed.
        """
        found = self._queue.get(timeout=max(0.0, deadline - time.monotonic()))
        if isinstance(found, ModelUnavailable):
            raise found
        return found

    def stop(self) -> None:
        """Let the reading thread end at the next thing that the server sends."""
        self._stopped.set()

    def pump(self, chat: ChatLiteLLM, conversation: list[tuple[str, str]]) -> None:
        """Read the answer to its end, or until stopped."""
        finish = None
        try:
            for chunk in chat.stream(conversation):
                if self._stopped.is_set():
                    return
                finish = chunk.response_metadata.get("finish_reason") or finish
                if chunk.text:
                    self._queue.put(str(chunk.text))
        except Exception as error:  # whatever a provider's adapter raises must end as a reason, not as a silent thread
            # Its message may hold headers of the request, so only its kind is written down.
            _LOG.warning("the model %s failed with %s", self._model, type(error).__name__)
            self._queue.put(ModelUnavailable(self._model, _reason(error)))
            return
        if finish in ("length", "content_filter"):
            why = "reached max_tokens" if finish == "length" else "was stopped by the provider's content filter"
            self._queue.put(ModelUnavailable(self._model, f"{why} before its answer was complete."))
        self._queue.put(None)


def _reason(error: Exception) -> str:
    kinds = [kind.__name__ for kind in type(error).__mro__]
    if any("Timeout" in kind for kind in kinds):
        return "did not answer in time."
    said = next((_REASONS[kind] for kind in kinds if kind in _REASONS), None)
    return f"{said}." if said else f"failed ({type(error).__name__})."


def _open_chat(settings: ModelSettings) -> ChatLiteLLM:
    os.environ.update(_QUIET)
    import litellm  # noqa: PLC0415  (seconds)
    from langchain_litellm import ChatLiteLLM  # noqa: PLC0415  (seconds)

    litellm.suppress_debug_info = True  # it prints advice to standard error otherwise
    try:
        return ChatLiteLLM(
            model=settings.model,
            api_base=settings.api_base,
            request_timeout=settings.timeout_seconds,
            max_tokens=settings.max_tokens,
            max_retries=1,  # that is, one attempt: an engineer is waiting, and our own answer is ready
            model_kwargs={"max_retries": 0},
        )
    except ValueError as error:
        raise ModelUnavailable(settings.model, "cannot be set up; check its name and settings.") from error
