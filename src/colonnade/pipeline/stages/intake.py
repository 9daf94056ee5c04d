"""What people wrote, taken in: prompts by split, the risk map, ratings."""

from __future__ import annotations

from colonnade.evaluation import read_prompts
from colonnade.pipeline.context import Context, Result
from colonnade.policy import map_harms, map_pillars
from colonnade.posttraining.ratings import read_ratings
from colonnade.records import Prompt, Split


def take_prompts(context: Context) -> Result:
    """One artefact per split, so that a step can be given one and not the others."""
    prompts = read_prompts(context.workspace, context.policies)
    splits = {str(split): [prompt for prompt in prompts if prompt.split is split] for split in Split}
    counts = ", ".join(f"{len(rows)} {split}" for split, rows in splits.items())
    return Result(records=splits, notes={"prompts": counts})


def map_risks(context: Context) -> Result:
    """Harms of the launch on the pillars, and those that no clause covers."""
    risks = map_harms(context.launch, context.policies)
    pillars = map_pillars(risks, context.policies)
    uncovered = [row.harm.id for row in risks if not row.covered_by]
    return Result(
        records={"risks": risks, "pillars": pillars},
        notes={
            "clauses": f"{len(context.clauses)} active on {sum(row.clauses > 0 for row in pillars)} of 8 pillars",
            "harms": f"{len(risks)}, of which no clause covers {len(uncovered)}: {', '.join(uncovered) or 'none'}",
        },
    )


def take_ratings(context: Context) -> Result:
    """Rated answers and their ratings."""
    rated = read_ratings(context.workspace, context.records(Prompt, "intake.prompts/training"))
    raters = sorted({rating.rater for rating in rated.ratings})
    return Result(
        records={"answers": rated.answers, "ratings": rated.ratings},
        notes={"ratings": f"{len(rated.ratings)} of {len(rated.answers)} answers by {', '.join(raters)}"},
    )
