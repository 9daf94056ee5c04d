"""``colonnade prompts ...``: sets of prompts taken in, counted, and looked for where training reads."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from colonnade.cli.display import out
from colonnade.cli.files import check_place
from colonnade.cli.options import HERE, JsonOption, WorkspaceArgument, WorkspaceOption
from colonnade.evaluation.intake import (
    KINDS,
    READERS,
    SIMILARITY,
    Plan,
    RawRow,
    Settings,
    check_name,
    contaminated,
    count_sets,
    plan_import,
    read_set,
    reader_name,
    size_faults,
    training_texts,
    without_set,
    write_import,
)
from colonnade.evaluation.prompts import read_filed_prompts
from colonnade.policy import read_policies
from colonnade.records import Expected, InputError, Pillar, PromptOrigin, Sensitivity, Split

prompts_application = typer.Typer(
    no_args_is_help=True,
    help="Take in sets of prompts, count them, and look whether training has seen the sealed ones.",
)

FOUND = 1
"""Exit status where training has seen a sealed prompt."""

SHOWN = 20


FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A file, or a folder of a data set.")]
SourceOption = Annotated[
    str, typer.Option("--from", metavar="NAME", help="A set of 'colonnade prompts sources'; else by the ending.")
]
ClauseOption = Annotated[
    str, typer.Option("--clause", metavar="ID", help="The clause of every category that is not mapped.")
]
MapOption = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="CATEGORY=CLAUSE", help="The clause of one category; may be given several times."),
]
ColumnsOption = Annotated[
    list[str] | None,
    typer.Option("--columns", metavar="FIELD=COLUMN", help="Of your own files: text=..., id=..., expected=..."),
]
NameOption = Annotated[str, typer.Option("--name", help="What the set is called in this workspace.")]
ExpectedOption = Annotated[
    Expected | None, typer.Option("--expected", help="What is right where a row does not say it.")
]
OriginOption = Annotated[
    PromptOrigin | None, typer.Option("--origin", help="Where the prompts come from; needed for your own files.")
]
ContributorOption = Annotated[str, typer.Option("--contributor", help="Who gave the prompts; a pseudonym.")]
LicenceOption = Annotated[
    str, typer.Option("--licence", help="The licence of the prompts; by default that of the named set.")
]
SensitivityOption = Annotated[Sensitivity | None, typer.Option("--sensitivity", help="Who may see the prompts.")]
PillarOption = Annotated[
    Pillar | None, typer.Option("--pillar", help="The pillar, where it is not that of the clause.")
]
RegionOption = Annotated[str, typer.Option("--region", help="Where it was collected or is meant for.")]
ModalityOption = Annotated[str, typer.Option("--modality", help="What all prompts are, for instance text.")]
LanguageOption = Annotated[
    str, typer.Option("--language", help="The language, as in 'en', where a row does not say it.")
]
SharesOption = Annotated[
    str, typer.Option("--shares", metavar="T:D:G", help="The shares of training, development and gate.")
]
SeedOption = Annotated[
    int, typer.Option("--split-seed", help="The same seed gives the same split and the same canaries.")
]
SimilarityOption = Annotated[
    float, typer.Option("--similarity", min=0.2, max=SIMILARITY, help="From here two texts are near duplicates.")
]
PartialOption = Annotated[bool, typer.Option("--partial", help="Take a set of another size than published.")]
ReplaceOption = Annotated[bool, typer.Option("--replace", help="Replace an earlier import of this name.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be written, and write nothing.")]


@prompts_application.command("import")
def import_set(
    file: FileArgument,
    source: SourceOption = "",
    workspace: WorkspaceOption = HERE,
    clause: ClauseOption = "",
    mapped: MapOption = None,
    columns: ColumnsOption = None,
    name: NameOption = "",
    expected: ExpectedOption = None,
    origin: OriginOption = None,
    contributor: ContributorOption = "",
    licence: LicenceOption = "",
    sensitivity: SensitivityOption = None,
    pillar: PillarOption = None,
    region: RegionOption = "",
    modality: ModalityOption = "text",
    language: LanguageOption = "en",
    shares: SharesOption = "40:20:40",
    seed: SeedOption = 0,
    similarity: SimilarityOption = SIMILARITY,
    partial: PartialOption = False,
    replace: ReplaceOption = False,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Take in a set: map its categories, drop duplicates, split by cluster, seal the gate. Or write nothing."""
    if not dry_run:
        check_place(workspace, "prompts")
    chosen = reader_name(file, source)
    settings = _of_source(file, chosen, name, origin, licence, sensitivity)._replace(
        clause=clause,
        mapping=_pairs(mapped, "--map CATEGORY=CLAUSE"),
        expected=expected,
        language=language,
        modality=modality,
        contributor=contributor,
        pillar=pillar,
        region=region,
        seed=seed,
        shares=_shares(shares),
        similarity=similarity,
    )
    check_name(workspace, settings.name, replace)
    summary = _take_in(file, chosen, workspace, settings, _pairs(columns, "--columns FIELD=COLUMN"), partial, dry_run)
    if as_json:
        print(json.dumps(summary, ensure_ascii=False))
    else:
        _show(summary, dry_run)


def _of_source(
    file: Path, chosen: str, name: str, origin: PromptOrigin | None, licence: str, sensitivity: Sensitivity | None
) -> Settings:
    """What the source says where the user does not."""
    reader = READERS[chosen]
    if not reader.is_set and origin is None:
        mend = f"Say '--origin' with one of {', '.join(PromptOrigin)}."
        raise InputError("nothing says where these prompts come from.", file=file, mend=mend)
    by_default = PromptOrigin.AUTOMATIC if chosen == "garak-report" else PromptOrigin.PUBLIC_BENCHMARK
    return Settings(
        name=name or (chosen if reader.is_set else file.name.partition(".")[0].lower()),
        origin=origin or by_default,
        licence=licence or reader.licence,
        sensitivity=sensitivity or (Sensitivity.PUBLIC if reader.published else Sensitivity.RESTRICTED),
    )


def _take_in(
    file: Path,
    chosen: str,
    workspace: Path,
    settings: Settings,
    columns: dict[str, str],
    partial: bool,
    dry_run: bool,
) -> dict[str, Any]:
    policies = read_policies(workspace)
    existing = without_set(read_filed_prompts(workspace, policies), settings.name)
    raw = read_set(chosen, file, columns)
    faults = size_faults(READERS[chosen], raw)
    if faults and not partial:
        mend = "Fetch the whole set, or say '--partial'; nothing was written."
        raise InputError(f"{'; '.join(faults)}.", file=file, mend=mend)
    plan = plan_import(raw, existing, policies, settings)
    files = () if dry_run else write_import(workspace, settings.name, plan)
    return _summary(settings, chosen, raw, faults, plan) | {"files": [str(one) for one in files]}


def _pairs(given: list[str] | None, shape: str) -> dict[str, str]:
    pairs = {}
    for word in (part for one in given or () for part in (one.split(",") if shape.startswith("--columns") else [one])):
        left, sign, right = word.rpartition("=")
        if not (sign and left.strip() and right.strip()):
            raise InputError(f"'{word}' is no pair.", mend=f"Write '{shape}'.")
        pairs[left.strip()] = right.strip()
    return pairs


def _shares(written: str) -> dict[Split, float]:
    try:
        numbers = [float(part) for part in written.split(":")]
    except ValueError:
        numbers = []
    if len(numbers) != len(Split) or min(numbers) < 0 or not 0 < sum(numbers) < float("inf"):
        raise InputError(f"'{written}' are no shares.", mend="Write three numbers such as '40:20:40'.")
    return dict(zip(Split, numbers, strict=True))


def _summary(
    settings: Settings, source: str, raw: tuple[RawRow, ...], faults: tuple[str, ...], plan: Plan
) -> dict[str, Any]:
    sides = {split: [side for row in rows for side, _ in row.source_rows] for split, rows in plan.rows.items()}
    return {
        "set": settings.name,
        "source": source,
        "licence": settings.licence,
        "citation": READERS[source].citation,
        "read": len(raw),
        "size": list(faults),
        "prompts": {str(split): len(found) for split, found in sides.items()},
        "rows": {str(split): len(rows) for split, rows in plan.rows.items()},
        "pairs": sum(bool(row.violating and row.benign) for rows in plan.rows.values() for row in rows),
        "clusters": plan.clusters,
        "near": {"within": plan.near[0], "workspace": plan.near[1]},
        "followed": plan.followed,
        "rejected": dict(Counter(row.reason for row in plan.rejected)),
        "unmapped": dict(plan.unmapped),
    }


def _show(summary: dict[str, Any], dry_run: bool) -> None:
    def say(text: str) -> None:
        out.print(text, markup=False)

    say(f"{summary['set']}: {summary['read']:,} prompts read; licence: {summary['licence'] or 'not said'}")
    for sentence in summary["size"]:
        say(f"  another size: {sentence}")
    for split, count in summary["prompts"].items():
        say(f"  {split:<13}{count:>8,} prompts")
    say(f"  {'clusters':<13}{summary['clusters']:>8,}")
    say(f"  {'twin pairs':<13}{summary['pairs']:>8,}")
    near = summary["near"]
    say(f"  near duplicates: {near['within']:,} pairs within the set, {near['workspace']:,} with the workspace")
    if summary["followed"]:
        say(f"  {summary['followed']:,} prompts follow prompts of the workspace into their split")
    for reason, count in summary["rejected"].items():
        say(f"  left out, {reason}: {count:,}")
    for category, count in list(summary["unmapped"].items())[:SHOWN]:
        say(f"    '{category}': {count:,}")
    say("Nothing was written." if dry_run else f"Wrote {', '.join(summary['files'])}")


@prompts_application.command("check")
def check_seal(workspace: WorkspaceArgument = HERE, as_json: JsonOption = False) -> None:
    """Look for sealed prompts in all that training reads: corpus, training prompts, ratings. Ends with 1 if found."""
    prompts = [row.prompt for row in read_filed_prompts(workspace, read_policies(workspace))]
    sealed = [prompt for prompt in prompts if prompt.split is Split.GATE]
    found = contaminated(training_texts(workspace), sealed)
    if as_json:
        print(json.dumps([row.model_dump(mode="json") for row in found], ensure_ascii=False))
    else:
        for row in found:
            out.print(f"{row.where}: '{row.prompt}': {KINDS[row.kind]} ({row.share:.0%})", markup=False)
        bare = sum(not prompt.canary for prompt in sealed)
        out.print(f"{len(sealed):,} sealed prompts, {bare:,} of them without a canary; found: {len(found):,}")
    if found:
        raise typer.Exit(FOUND)


@prompts_application.command("list")
def list_sets(workspace: WorkspaceArgument = HERE, as_json: JsonOption = False) -> None:
    """Count the prompts of each set by split, origin, licence and language."""
    counts = count_sets(read_filed_prompts(workspace, read_policies(workspace)))
    if as_json:
        print(json.dumps([row._asdict() for row in counts], ensure_ascii=False))
        return
    out.print(f"{'set':<24}{'split':<13}{'origin':<18}{'licence':<18}{'language':<10}{'prompts':>8}{'clusters':>10}")
    for row in counts:
        words = f"{row.set:<24}{row.split:<13}{row.origin:<18}{row.licence or '-':<18}{row.language:<10}"
        out.print(f"{words}{row.prompts:>8,}{row.clusters:>10,}", markup=False)


@prompts_application.command("sources")
def list_sources(as_json: JsonOption = False) -> None:
    """List what can be read: each set with its licence, its citation and the sizes in which it was published."""
    if as_json:
        rows = {
            name: {
                "title": reader.title,
                "licence": reader.licence,
                "citation": reader.citation,
                "published": {part: list(sizes) for part, sizes in reader.published.items()},
                "note": reader.note,
            }
            for name, reader in READERS.items()
        }
        print(json.dumps(rows, ensure_ascii=False))
        return
    for name, reader in READERS.items():
        sizes = "; ".join(
            f"{part + ': ' if part else ''}{' or '.join(f'{size:,}' for size in found)}"
            for part, found in reader.published.items()
        )
        out.print(f"{name:<24}{reader.title}", markup=False)
        for label, value in (
            ("licence", reader.licence),
            ("from", reader.citation),
            ("prompts", sizes),
            ("note", reader.note),
        ):
            if value:
                out.print(f"    {label:<9}{value}", markup=False)
