"""The sets that can be read by name, and the kinds of file: one frozen table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from colonnade.evaluation.intake.generic import read_columns
from colonnade.evaluation.intake.questions import (
    read_bbq,
    read_false_refusals,
    read_injections,
    read_moderation,
    read_preferences,
    read_truthfulqa,
)
from colonnade.evaluation.intake.raw import Columns, RawRow, Reader
from colonnade.evaluation.intake.requests import (
    MULTIJAIL_LANGUAGES,
    read_ailuminate,
    read_coconot,
    read_do_not_answer,
    read_harmbench,
    read_jailbreakbench,
    read_multijail,
    read_strongreject,
    read_xstest,
)
from colonnade.evaluation.intake.tools import read_garak_report, read_inspect_dataset, read_pyrit_seeds
from colonnade.records import InputError

Sizes = Mapping[str, tuple[int, ...]]
_ANY: Sizes = MappingProxyType({})


def _whole(*sizes: int) -> Sizes:
    return MappingProxyType({"": sizes})


_BBQ: Sizes = MappingProxyType(
    {
        "Age": (3680,),
        "Disability_status": (1556,),
        "Gender_identity": (5672,),
        "Nationality": (3080,),
        "Physical_appearance": (1576,),
        "Race_ethnicity": (6880,),
        "Race_x_SES": (11160,),
        "Race_x_gender": (15960,),
        "Religion": (1200,),
        "SES": (6864,),
        "Sexual_orientation": (864,),
    }
)

READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "csv": Reader("CSV or TSV", "", "", _ANY, read_columns),
        "jsonl": Reader("JSONL, or a list in JSON", "", "", _ANY, read_columns),
        "parquet": Reader("Parquet or Arrow", "", "", _ANY, read_columns),
        "hugging-face": Reader("Folder of a Hugging Face data set", "", "", _ANY, read_columns),
        "xstest": Reader(
            "XSTest v2",
            "CC-BY-4.0",
            "Röttger et al. 2024, arXiv:2308.01263",
            _whole(450),
            read_xstest,
            "contrasts are twins where both name the same focus",
        ),
        "harmbench": Reader(
            "HarmBench behaviours",
            "MIT",
            "Mazeika et al. 2024, arXiv:2402.04249",
            MappingProxyType({"text": (400, 320, 80), "multimodal": (110,)}),
            read_harmbench,
            "behaviours about pictures are left out",
        ),
        "strongreject": Reader(
            "StrongREJECT", "MIT", "Souly et al. 2024, arXiv:2402.10260", _whole(313, 60), read_strongreject
        ),
        "jailbreakbench": Reader(
            "JBB-Behaviors",
            "MIT",
            "Chao et al. 2024, arXiv:2404.01318",
            MappingProxyType({"harmful": (100,), "benign": (100,)}),
            read_jailbreakbench,
            "of the folder with both files, the same index makes twins",
        ),
        "do-not-answer": Reader(
            "Do-Not-Answer", "CC-BY-NC-SA-4.0", "Wang et al. 2023, arXiv:2308.13387", _whole(939), read_do_not_answer
        ),
        "coconot": Reader(
            "CoCoNot",
            "ODC-BY",
            "Brahman et al. 2024, arXiv:2407.12043",
            MappingProxyType({"original": (1001, 11477), "contrast": (379, 927)}),
            read_coconot,
            "the part is told from the name of the file or folder",
        ),
        "multijail": Reader(
            "MultiJail",
            "MIT",
            "Deng et al. 2023, arXiv:2310.06474",
            MappingProxyType(dict.fromkeys(MULTIJAIL_LANGUAGES, (315,))),
            read_multijail,
            "a prompt and its translations are one cluster",
        ),
        "ailuminate": Reader(
            "AILuminate 1.0 public practice prompts",
            "CC-BY-4.0",
            "Ghosh et al. 2025, arXiv:2503.05731",
            _whole(1200, 1290),
            read_ailuminate,
        ),
        "bbq": Reader(
            "BBQ", "CC-BY-4.0", "Parrish et al. 2022, arXiv:2110.08193", _BBQ, read_bbq, "a question is one cluster"
        ),
        "truthfulqa": Reader(
            "TruthfulQA", "Apache-2.0", "Lin et al. 2022, arXiv:2109.07958", _whole(817, 790), read_truthfulqa
        ),
        "cyberseceval-frr": Reader(
            "CyberSecEval false refusals",
            "MIT",
            "Bhatt et al. 2024, arXiv:2404.13161",
            MappingProxyType({"English": (750,), "translated": (700,)}),
            read_false_refusals,
        ),
        "cyberseceval-injection": Reader(
            "CyberSecEval prompt injection",
            "MIT",
            "Bhatt et al. 2024, arXiv:2404.13161; Wan et al. 2024, arXiv:2408.01605",
            MappingProxyType({"English": (251,), "translated": (1004,)}),
            read_injections,
            "system prompt and user input become one text; one system prompt is one cluster",
        ),
        "openai-moderation": Reader(
            "OpenAI moderation evaluation set",
            "MIT",
            "Markov et al. 2022, arXiv:2208.03274",
            _whole(1680),
            read_moderation,
            "says nothing about declining, nor about the language",
        ),
        "hh-rlhf": Reader(
            "HH-RLHF, one file",
            "MIT",
            "Bai et al. 2022, arXiv:2204.05862",
            _whole(2312, 42537, 2354, 43835, 2749, 52421, 1137, 22007),
            read_preferences,
            "only the first turn of the human; says nothing about declining",
        ),
        "pyrit-seeds": Reader(
            "Seed file of PyRIT",
            "as the file says",
            "Lopez Munoz et al. 2024, arXiv:2410.02828",
            _ANY,
            read_pyrit_seeds,
            "templates and other media are left out",
        ),
        "garak-report": Reader(
            "Report of garak",
            "as its probes say",
            "Derczynski et al. 2024, arXiv:2406.11036",
            _ANY,
            read_garak_report,
            "attempts of one turn",
        ),
        "inspect-dataset": Reader(
            "Data set of Inspect",
            "as the file says",
            "UK AI Security Institute, Inspect",
            _ANY,
            read_inspect_dataset,
            "says nothing about declining unless metadata.expected does",
        ),
    }
)
"""Name to reader. Licence and citation are those of the publishers; sizes count prompts, part by part."""

_BY_ENDING = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".json": "jsonl", ".parquet": "parquet"}


def reader_name(file: Path, name: str) -> str:
    """The name of the reader: the one that was given, or the one of the file's ending.

    Raises:
        InputError: where there is no such reader, or the ending says nothing.
    """
    if name:
        if name not in READERS:
            what = f"no set is called '{name}'."
            raise InputError(what, mend=f"Known are: {', '.join(READERS)}.")
        return name
    if file.is_dir():
        return "hugging-face"
    ending = Path(file.name.lower().removesuffix(".gz")).suffix
    if ending not in (*_BY_ENDING, ".arrow"):
        raise InputError(f"'{ending}' says nothing about what is in the file.", file=file, mend="Say '--from NAME'.")
    return _BY_ENDING.get(ending, "parquet")


def read_set(name: str, file: Path, columns: Columns) -> tuple[RawRow, ...]:
    """The rows of a file by the reader of this name.

    Raises:
        InputError: for whatever is wrong in the file, and where an id stands twice.
    """
    rows = READERS[name].read(file, columns)
    seen: dict[str, int] = {}
    for row in rows:
        if row.id in seen:
            what = f"the id '{row.id}' stands in line {seen[row.id]}, too."
            raise InputError(what, file=file, line=row.line, mend="Is the file two files in one?")
        seen[row.id] = row.line
    return rows


def size_faults(reader: Reader, rows: Sequence[RawRow]) -> tuple[str, ...]:
    """A sentence for each part whose size is none in which it was published."""
    counts = Counter(row.part for row in rows)
    sentences = []
    for part, count in sorted(counts.items()):
        sizes = reader.published.get(part, ())
        if (sizes or (reader.published and part)) and count not in sizes:
            name = f"the part '{part}'" if part else "the set"
            published = " or ".join(f"{size:,}" for size in sizes) or "no such part"
            sentences.append(f"{name} has {count:,} prompts here; published: {published}")
    return tuple(sentences)
