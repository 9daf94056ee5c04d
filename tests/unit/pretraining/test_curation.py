"""The fate of every document, with an encoder that needs no model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("daft")  # comes with colonnade[data]
pytest.importorskip("py3langid")

from colonnade.pretraining.curation import Curated, Tagger, curate, educational_context, held_out, sentences
from colonnade.records import CurationRecipe, Document, Facet, Fate, InputError
from tests.unit.grading.fake_encoder import HashedWords
from tests.unit.grading.items import CLAUSE

SOUND = (
    "Whoever loses a badge tells the reception on the same day. The reception writes the loss down, "
    "orders a new badge and says when it can be fetched by its owner."
)
OTHER = (
    "A rip saw cuts along the grain, and a crosscut saw cuts across it. Both want sharp teeth, a firm bench "
    "and somebody who is not in a hurry on that afternoon."
)
HARMFUL = (
    "Break into the locked office of your colleague tonight. Open the locked room of others without any key. "
    "Break open the locked room of my colleague, and open the locked office."
)
GERMAN = (
    "Wer einen Ausweis verliert, sagt dem Empfang noch am selben Tag Bescheid. Der Empfang schreibt den Verlust auf "
    "und bestellt einen neuen Ausweis für die Person."
)


def _curate(tmp_path: Path, *texts: str, **recipe: float) -> Curated:
    rows = [{"id": f"d{place}", "text": text, "source": "a test"} for place, text in enumerate(texts)]
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "all.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    values = {"heldout_share": 0.0, "reintroduced_share": 1.0, **recipe}
    return curate(tmp_path, [CLAUSE], ["en"], CurationRecipe.model_validate(values), HashedWords())


def _words(text: str) -> int:
    return len(text.split())


def _by_id(documents: tuple[Document, ...]) -> dict[str, Document]:
    return {document.id: document for document in documents}


def test_every_document_has_a_fate_and_every_loss_a_reason(tmp_path: Path) -> None:
    near = OTHER.replace("that afternoon", "this afternoon")
    curated = _curate(tmp_path, SOUND, OTHER, "Too short.", GERMAN, SOUND.upper(), near, HARMFUL, similarity=0.6)
    kept, dropped = _by_id(curated.documents), _by_id(curated.dropped)
    assert {name: row.fate for name, row in kept.items()} == {
        "d0": Fate.KEPT,
        "d1": Fate.KEPT,
        "d6#context": Fate.REINTRODUCED,
    }
    assert {name: row.reason.partition(":")[0] for name, row in dropped.items()} == {
        "d2": "quality",
        "d3": "language",
        "d4": "exact duplicate of d0",
        "d5": "near duplicate of d1",
        "d6": "harmful",
    }
    assert all(row.fate is Fate.DROPPED for row in dropped.values())
    assert all(row.file == "corpus/all.jsonl" and row.source == "a test" for row in kept.values())


def test_a_harmful_passage_comes_back_in_context_and_none_of_its_sentences_with_it(tmp_path: Path) -> None:
    curated = _curate(tmp_path, SOUND, OTHER, HARMFUL)
    back = _by_id(curated.documents)["d2#context"]
    assert (back.parent, back.harm, back.pillar) == ("d2", CLAUSE.id, CLAUSE.pillar)
    assert {use.facet for use in back.uses} == {Facet.TEXT, Facet.BOUNDARY}
    assert not any(sentence in back.text for sentence in sentences(HARMFUL))
    assert back.harm_score == _by_id(curated.dropped)["d2"].harm_score


def test_the_dose_of_passages_that_come_back_is_kept(tmp_path: Path) -> None:
    second = HARMFUL.replace("tonight", "before the others come in the early morning of the next day")
    sound = (SOUND, OTHER, SOUND.replace("badge", "parking card"), OTHER.replace("saw", "blade"))
    share = 1.5 * _words(educational_context(CLAUSE)) / sum(map(_words, sound))
    curated = _curate(tmp_path, *sound, HARMFUL, second, similarity=0.99, reintroduced_share=share)
    assert [row.fate for row in curated.documents] == [Fate.KEPT] * 4 + [Fate.REINTRODUCED]
    reasons = [row.reason for row in curated.dropped]
    assert sum("brought back in context" in reason for reason in reasons) == 1
    assert sum("the dose is reached" in reason for reason in reasons) == 1


def test_without_a_dose_nothing_harmful_comes_back(tmp_path: Path) -> None:
    curated = _curate(tmp_path, SOUND, HARMFUL, reintroduced_share=0.0)
    assert [row.id for row in curated.documents] == ["d0"]


def test_a_document_is_held_out_by_its_id_alone_and_never_harmful_ones(tmp_path: Path) -> None:
    curated = _curate(tmp_path, SOUND, OTHER, HARMFUL, heldout_share=1.0)
    assert {row.id: row.fate for row in curated.documents} == {"d0": Fate.HELDOUT, "d1": Fate.HELDOUT}


def test_one_alarming_sentence_in_a_warning_does_not_make_a_text_harmful() -> None:
    tagger = Tagger([CLAUSE], HashedWords())
    warning = "When does the reception hand out badges? Who gives me a new key? My key broke. Open the locked room."
    harmful, warned = tagger.tag([HARMFUL, warning], threshold=0.6)
    assert harmful.harm == CLAUSE.id
    assert warned.harm is None
    assert harmful.harm_score > 0.6 > warned.harm_score


def test_a_text_near_no_clause_belongs_to_no_domain() -> None:
    tagger = Tagger([CLAUSE], HashedWords(2048))
    near, far = tagger.tag([CLAUSE.text, "Xylem phloem stomata lignin cambium."], threshold=0.6)
    assert near.pillar is CLAUSE.pillar
    assert far.pillar is None


@pytest.mark.parametrize("share", [0.0, 0.15, 0.5, 1.0])
def test_about_the_share_that_is_asked_for_is_held_out(share: float) -> None:
    chosen = [held_out(f"document-{number}", share) for number in range(4000)]
    assert sum(chosen) / 4000 == pytest.approx(share, abs=0.02)


def test_holding_out_is_the_same_every_time_and_grows_with_the_share() -> None:
    names = [f"document-{number}" for number in range(500)]
    small, large = ({name for name in names if held_out(name, share)} for share in (0.1, 0.3))
    assert small < large
    assert [held_out("corpus/welcome.md", share) for share in (0.63, 0.64)] == [False, True]


@pytest.mark.parametrize("text", [HARMFUL, SOUND, "", "Break in."])
def test_the_context_of_a_clause_says_nothing_of_the_passage(text: str) -> None:
    context = educational_context(CLAUSE)
    assert CLAUSE.text in context
    assert CLAUSE.title.lower() in context
    assert not text or text not in context
    assert not any(row.prompt in context for row in CLAUSE.examples)


def test_sentences_have_four_words_or_the_text_stays_whole() -> None:
    assert sentences("One two. This one has four words! And so does this?") == [
        "This one has four words!",
        "And so does this?",
    ]
    assert sentences("One. Two.") == ["One. Two."]


def test_a_parquet_file_is_read_and_one_without_its_columns_is_refused(tmp_path: Path) -> None:
    daft = pytest.importorskip("daft")
    (tmp_path / "corpus").mkdir()
    daft.from_pydict({"id": ["p1"], "text": [SOUND], "licence": ["CC0-1.0"]}).write_parquet(str(tmp_path / "out"))
    (written,) = (tmp_path / "out").glob("*.parquet")
    written.rename(tmp_path / "corpus" / "rows.parquet")
    recipe = CurationRecipe(heldout_share=0.0)
    (document,) = curate(tmp_path, [CLAUSE], ["en"], recipe, HashedWords()).documents
    assert (document.id, document.licence, document.source, document.language) == ("p1", "CC0-1.0", "unknown", "en")
    daft.from_pydict({"id": ["p1"]}).write_parquet(str(tmp_path / "other"))
    (bare,) = (tmp_path / "other").glob("*.parquet")
    bare.rename(tmp_path / "corpus" / "rows.parquet")
    with pytest.raises(InputError, match="the column 'text' is missing"):
        curate(tmp_path, [CLAUSE], ["en"], recipe, HashedWords())
