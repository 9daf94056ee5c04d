"""From the filed corpus to what is learnt from: every document gets a fate, and every loss a reason."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from colonnade.grading import harm_head
from colonnade.models import Encoder, Progress
from colonnade.pretraining.corpus import daft, read_corpus
from colonnade.pretraining.kernels import BANDS, ROWS, language_of, near_duplicates, normalise, quality_fault
from colonnade.records import Clause, CurationRecipe, Document, Facet, Fate, Pillar

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


class Curated(NamedTuple):
    """What stays (kept, held out, brought back in context) and what was dropped, with reasons."""

    documents: tuple[Document, ...]
    dropped: tuple[Document, ...]


def curate(
    workspace: Path,
    clauses: Sequence[Clause],
    languages: Sequence[str],
    recipe: CurationRecipe,
    encoder: Encoder,
    progress: Progress | None = None,
) -> Curated:
    """Read, clean, tag and decide the fate of every document of the workspace's corpus."""
    rows = _signed(read_corpus(workspace), recipe)
    reasons = _drop_reasons(rows, languages, recipe)
    survivors = [row for row in rows if row["id"] not in reasons]
    dropped = [_document(row, Fate.DROPPED, reasons[row["id"]]) for row in rows if row["id"] in reasons]
    tagger = Tagger(clauses, encoder)
    tags = tagger.tag([row["text"] for row in survivors], recipe.harm_threshold, progress)
    documents, harmful = [], []
    for row, tag in zip(survivors, tags, strict=True):
        if tag.harm is not None:
            harmful.append((row, tag))
            continue
        fate = Fate.HELDOUT if held_out(row["id"], recipe.heldout_share) else Fate.KEPT
        documents.append(_document(row, fate, "", tag))
    back, out = _reintroduce(harmful, {clause.id: clause for clause in clauses}, documents, recipe)
    return Curated((*documents, *back), (*dropped, *out))


def held_out(identifier: str, share: float) -> bool:
    """Whether a document stays away from training; its id alone decides, so no run can differ."""
    return int(hashlib.sha256(identifier.encode()).hexdigest()[:8], 16) / 0xFFFFFFFF < share


def _signed(corpus: Any, recipe: CurationRecipe) -> list[dict[str, Any]]:
    """The rows with normal form, quality fault, language and MinHash signature."""
    text = daft.DataType.string()

    normal = daft.func.batch(return_dtype=text)(lambda texts: [normalise(value) for value in texts.to_pylist()])
    fault = daft.func.batch(return_dtype=text)(
        lambda texts: [quality_fault(value, recipe.minimum_words) for value in texts.to_pylist()]
    )
    language = daft.func.batch(return_dtype=text)(lambda texts: [language_of(value) for value in texts.to_pylist()])
    column = daft.col("text")
    frame = corpus.with_columns({"normal": normal(column), "fault": fault(column), "detected": language(column)})
    frame = frame.with_column("signature", daft.col("normal").minhash(num_hashes=BANDS * ROWS, ngram_size=5))
    rows: list[dict[str, Any]] = frame.to_pylist()
    return sorted(rows, key=lambda row: (str(row["file"]), str(row["id"])))


def _drop_reasons(rows: Sequence[dict[str, Any]], languages: Sequence[str], recipe: CurationRecipe) -> dict[str, str]:
    """Reason by document id, for faults of quality and language and for copies, in this order."""
    reasons: dict[str, str] = {}
    exact: dict[str, str] = {}
    sound = []
    for row in rows:
        if row["fault"]:
            reasons[row["id"]] = f"quality: {row['fault']}"
        elif row["detected"] not in languages:
            reasons[row["id"]] = f"language: '{row['detected']}' is not one of {', '.join(languages)}"
        elif row["normal"] in exact:
            reasons[row["id"]] = f"exact duplicate of {exact[row['normal']]}"
        else:
            exact[row["normal"]] = row["id"]
            sound.append(row)
    if sound:
        for place, original in near_duplicates([row["signature"] for row in sound], recipe.similarity).items():
            reasons[sound[place]["id"]] = f"near duplicate of {sound[original]['id']}"
    return reasons


class Tag(NamedTuple):
    """The RAI domain of a text, how harmful it seems (0 to 1), and which clause it would violate."""

    pillar: Pillar | None
    harm: str | None
    harm_score: float


class Tagger:
    """Tags texts by likeness to the clauses' prose and examples.

    A text belongs to the pillar whose clause it is closest to, if that is close enough. It is
    harmful where its sentences, on average, lean towards violating rather than benign examples:
    one alarming sentence in a warning does not make a text harmful, and a whole text's embedding
    drowns the sentence that does.
    """

    NEAR = 0.3

    def __init__(self, clauses: Sequence[Clause], encoder: Encoder) -> None:
        self.clauses, self.encoder = tuple(clauses), encoder
        self._prose = encoder.encode([f"{clause.title}. {clause.text}" for clause in self.clauses])
        bad = [(clause, row.prompt) for clause in self.clauses for row in clause.examples if row.label == "violating"]
        self._bad_clauses = [clause for clause, _ in bad]
        self._bad = encoder.encode([prompt for _, prompt in bad])
        self._lean = harm_head(encoder, self.clauses)

    def tag(self, texts: Sequence[str], threshold: float, progress: Progress | None = None) -> list[Tag]:
        """One tag per text."""
        parts = [sentences(text) for text in texts]
        vectors = self.encoder.encode([*texts, *(part for row in parts for part in row)], progress)
        tags, start = [], len(texts)
        for place, row in enumerate(parts):
            tags.append(self._tag(vectors[place], vectors[start : start + len(row)], threshold))
            start += len(row)
        return tags

    def _tag(self, whole: NDArray[np.float32], parts: NDArray[np.float32], threshold: float) -> Tag:
        prose = self._prose @ whole
        pillar = self.clauses[int(prose.argmax())].pillar if prose.max() >= self.NEAR else None
        score = float(1 / (1 + np.exp(-self._lean.apply(parts.astype(np.float64)).mean())))
        nearest = self._bad_clauses[int((self._bad @ whole).argmax())].id
        return Tag(pillar, nearest if score >= threshold else None, score)


def sentences(text: str) -> list[str]:
    """The sentences of a text that have at least four words; the text itself where none has."""
    parts = [part for part in _SENTENCE_END.split(text) if len(part.split()) >= 4]
    return parts or [text]


def _document(row: dict[str, Any], fate: Fate, reason: str, tag: Tag | None = None) -> Document:
    return Document(
        id=row["id"],
        text=row["text"],
        language=row["detected"],
        source=row["source"],
        licence=row["licence"],
        file=row["file"],
        pillar=tag.pillar if tag else None,
        harm=tag.harm if tag else None,
        harm_score=round(tag.harm_score, 4) if tag else None,
        fate=fate,
        reason=reason,
    )


def _reintroduce(
    harmful: Sequence[tuple[dict[str, Any], Tag]],
    clauses: dict[str, Clause],
    kept: Sequence[Document],
    recipe: CurationRecipe,
) -> tuple[list[Document], list[Document]]:
    """Bring harmful passages back inside educational context, up to the dose; the rest stays out."""
    budget = recipe.reintroduced_share * sum(
        len(document.text.split()) for document in kept if document.fate is Fate.KEPT
    )
    back, out = [], []
    for row, tag in sorted(harmful, key=lambda pair: (-pair[1].harm_score, pair[0]["id"])):
        clause = clauses[str(tag.harm)]
        text = educational_context(clause)
        original = _document(
            row, Fate.DROPPED, f"harmful: leans towards violating {clause.id} ({tag.harm_score:.2f})", tag
        )
        words = len(text.split())
        if words > budget:
            out.append(
                original.model_copy(update={"reason": f"{original.reason}; not brought back: the dose is reached"})
            )
            continue
        budget -= words
        out.append(original.model_copy(update={"reason": f"{original.reason}; brought back in context"}))
        back.append(
            Document(
                id=f"{row['id']}#context",
                text=text,
                language="en",
                source=row["source"],
                licence="own",
                file=row["file"],
                pillar=clause.pillar,
                harm=clause.id,
                harm_score=round(tag.harm_score, 4),
                fate=Fate.REINTRODUCED,
                reason=original.reason,
                parent=row["id"],
                uses=clause.use(Facet.TEXT, Facet.BOUNDARY),
            )
        )
    return back, out


def educational_context(clause: Clause) -> str:
    """What it is, why it harms, what to do instead; nothing of the passage itself is repeated."""
    return (
        f"There are texts that urge their readers towards this: {clause.title.lower()}. "
        f"Why it harms, and what to do instead: {clause.text} "
        "Whoever meets such a text need not follow it and can report it."
    )
