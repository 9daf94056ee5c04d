"""The five stages of life: what is measured at each, on which prompts, and what may be said then."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from colonnade.evaluation import compare, measure, measure_jointly
from colonnade.evaluation.capability import count_answers
from colonnade.evaluation.choosing import Standing, choose, halves
from colonnade.evaluation.light import look_lightly
from colonnade.evaluation.live import draw_samples
from colonnade.evaluation.runner import Answered, Cost
from colonnade.evaluation.sweeping import as_held, sweep
from colonnade.guard import Guard
from colonnade.models import Model
from colonnade.pipeline.evaluating.bench import Bench, ask, judge, prompts_of
from colonnade.pipeline.evaluating.canary import live_exchanges, without_words
from colonnade.pipeline.evaluating.found import Found, Wishes
from colonnade.pipeline.evaluating.probing import HasWeights, complete_requests, general_questions, learnt
from colonnade.pipeline.evaluating.scaffold import guarded
from colonnade.pipeline.evaluating.targets import BASE, TRAINED, Target, candidates, target
from colonnade.pipeline.service import build_guard
from colonnade.records import (
    CapabilityAnswer,
    Digest,
    HeldBack,
    InputError,
    JointRegion,
    LifeStage,
    Measurement,
    Prompt,
    Split,
    Transcript,
    Verdict,
    digest_of,
)

# --- the stages ---------------------------------------------------------------------------------------


def _training(bench: Bench, wishes: Wishes) -> Found:
    """As much of the development split as the seconds allow, with an alarm that is valid at every look."""
    one = _only_model(bench, wishes)
    prompts = prompts_of(bench.workspace, Split.DEVELOPMENT)
    model, costs = one.open(), list[Answered]()
    opened = _opened(one, model)
    quiet = bench._replace(on_progress=None)
    overall = bench.workspace.launch.gate.overall
    bounds = {
        metric: bound.max
        for metric in ("violation_rate", "overrefusal_rate")
        if (bound := getattr(overall, metric)) is not None
    }

    def put(chunk: Sequence[Prompt]) -> Sequence[Transcript]:
        costs.append(ask(quiet, opened, chunk))
        return costs[-1].transcripts

    light = look_lightly(
        prompts,
        put,
        lambda answers: judge(bench, answers, prompts),
        one.speaker,
        wishes.seconds,
        bounds,
        bench.confidence,
        bench.workspace.launch.seed,
    )
    found = _measured(bench, {one.speaker: light.verdicts}, prompts)
    return found._replace(
        split=str(Split.DEVELOPMENT),
        names={one.speaker: one.name},
        transcripts=light.transcripts,
        looks=light.looks,
        notes=(
            f"{light.asked} of {light.of} prompts in {light.seconds:.1f} s"
            + ("; time did not suffice for the others, which chance chose" if light.asked < light.of else ""),
            *(sentence for row in costs for sentence in _faults(row)),
        ),
        cost=_whole_cost(costs),
    )


def _checkpoint(bench: Bench, wishes: Wishes) -> Found:
    """Choose on one half of the development split, report on the other."""
    prompts = prompts_of(bench.workspace, Split.DEVELOPMENT)
    models, twice = _different(
        [target(bench.workspace, bench.store, name, bench.limits) for name in wishes.models]
        if wishes.models
        else candidates(bench.workspace, bench.store)
    )
    if len(models) < 2:
        raise InputError(
            f"one model is no choice{''.join(f': {sentence}' for sentence in twice)}.",
            mend="Name two or more with '--model', the one to beat first.",
        )
    choosing, reporting = halves(prompts, bench.workspace.launch.seed)
    answered, answers = dict[Digest, Answered](), list[CapabilityAnswer]()
    for one in models:
        model = one.open()
        answered[one.speaker] = ask(bench, _opened(one, model), prompts)
        answers += general_questions(bench, model, one.speaker)
    verdicts = {who: judge(bench, rows.transcripts, prompts) for who, rows in answered.items()}
    sides = [
        {who: [row for row in rows if row.prompt in {one.id for one in half}] for who, rows in verdicts.items()}
        for half in (choosing, reporting)
    ]
    first = _measured(bench, sides[0], choosing)
    capability = count_answers(answers, bench.store.put_records(answers), bench.confidence)
    known = {row.speaker: row.lower for row in capability if row.group == "all"}
    standings = {who: _standing(first.measurements, who, bench.graders[0].name, known.get(who)) for who in verdicts}
    reference = standings[models[0].speaker].overrefusal
    allowed = bench.workspace.launch.gate.worst_overrefusal_increase
    worst = (reference.events + reference.unscored) / max(1, reference.scored + reference.unscored)
    choice = choose(standings, worst + allowed, len(choosing), len(reporting))
    found = _measured(bench, sides[1], reporting)
    against = compare(
        sides[1][models[0].speaker],
        sides[1][choice.chosen],
        reporting,
        (models[0].speaker, choice.chosen),
        bench.confidence,
    )
    return found._replace(
        split=str(Split.DEVELOPMENT),
        names={one.speaker: one.name for one in models},
        transcripts=tuple(row for rows in answered.values() for row in rows.transcripts),
        comparisons=against if choice.chosen != models[0].speaker else (),
        capability=capability,
        answers=tuple(answers),
        prompts=prompts,
        choice=choice,
        weighed=tuple(row for row in first.measurements if row.group == "all"),
        weighed_verdicts=sides[0],
        notes=(*twice, *(sentence for rows in answered.values() for sentence in _faults(rows))),
        cost=_whole_cost(list(answered.values())),
    )


def _predeployment(bench: Bench, wishes: Wishes) -> Found:
    """The gate split put to the model alone and to the whole scaffold, guard on both sides."""
    one = _only_model(bench, wishes)
    guard = build_guard(bench.workspace)
    tier, purpose = _whose(guard, wishes)
    prompts = prompts_of(bench.workspace, Split.GATE)
    model = one.open()
    answered = ask(bench, _opened(one, model), prompts)
    scaffold = guarded(answered.transcripts, prompts, guard, tier, purpose)
    sides = {one.speaker: answered.transcripts, scaffold.speaker: scaffold.transcripts}
    verdicts = {who: judge(bench, rows, prompts) for who, rows in sides.items()}
    by_id = {prompt.id: prompt for prompt in prompts}
    verdicts[scaffold.speaker] = as_held(verdicts[scaffold.speaker], scaffold.held_at, by_id)
    found = _with_capability(bench, _measured(bench, verdicts, prompts), {one: model})
    alone = bench.store.put_records(verdicts[one.speaker])
    grader = bench.graders[0].name
    held = sum(level is not None for level in scaffold.held_at.values())
    return found._replace(
        split=str(Split.GATE),
        names={one.speaker: f"{one.name} alone", scaffold.speaker: f"{one.name} with the guard"},
        transcripts=(*answered.transcripts, *scaffold.transcripts),
        comparisons=compare(
            verdicts[one.speaker],
            verdicts[scaffold.speaker],
            prompts,
            (one.speaker, scaffold.speaker),
            bench.confidence,
        ),
        curve=sweep(
            verdicts[one.speaker], scaffold.held_at, prompts, grader, scaffold.speaker, alone, bench.confidence
        ),
        held=tuple(
            HeldBack(prompt=name, nearness=level) for name, level in scaffold.held_at.items() if level is not None
        ),
        notes=(f"the guard held {held} of {len(prompts)} exchanges back, for {tier}/{purpose}", *_faults(answered)),
        cost=answered.cost,
    )


def _canary(bench: Bench, wishes: Wishes) -> Found:
    """Live exchanges, judged by what the guard's table expects of them; their words are not kept."""
    if wishes.samples is None:
        raise InputError(
            "the stage 'canary' measures live exchanges, and there are none.",
            mend='Give a file with \'--samples FILE\', one {"prompt": "...", "answer": "..."} per line.',
        )
    guard = build_guard(bench.workspace)
    tier, purpose = _whose(guard, wishes)
    samples = draw_samples(wishes.samples, wishes.exchanges, bench.workspace.launch.seed)
    name = wishes.models[0] if wishes.models else "the service"
    speaker = target(bench.workspace, bench.store, name).speaker if wishes.models else digest_of({"service": name})
    live = live_exchanges(samples, guard, speaker, tier, purpose)
    verdicts = {speaker: judge(bench, live.transcripts, live.prompts)}
    kept = without_words(live.prompts)
    found = _measured(bench, verdicts, kept)
    return found._replace(
        split="live",
        names={speaker: name},
        notes=(
            f"{len(live.prompts)} of {len(samples)} exchanges measured",
            *(f"{count} {reason}, and are not measured" for reason, count in live.left_out),
            "what should have happened is what the guard's detector and table say; the detector errs",
        ),
    )


def _pretraining(bench: Bench, wishes: Wishes) -> Found:
    """What the weights know before anybody taught them to answer: log-likelihoods, and bare completions."""
    one = _only_model(bench, wishes)
    prompts = prompts_of(bench.workspace, Split.DEVELOPMENT)
    model = one.open()
    if not isinstance(model, HasWeights):
        raise InputError(
            f"'{one.name}' gives no likelihoods, so the stage 'pretraining' cannot probe it.",
            mend="Name 'base', 'trained', 'packaged' or a folder of weights.",
        )
    probes, notes = learnt(bench, model, one.speaker, prompts)
    transcripts = complete_requests(bench, model, one.speaker, prompts)
    found = _measured(bench, {one.speaker: judge(bench, transcripts, prompts)}, prompts)
    return _with_capability(bench, found, {one: model})._replace(
        split=str(Split.DEVELOPMENT),
        names={one.speaker: one.name},
        transcripts=transcripts,
        probes=probes,
        notes=(*notes, "the rates are of bare completions, without the chat format and the system message"),
    )


STAGES: Mapping[LifeStage, Callable[[Bench, Wishes], Found]] = MappingProxyType(
    {
        LifeStage.PRETRAINING: _pretraining,
        LifeStage.TRAINING: _training,
        LifeStage.CHECKPOINT: _checkpoint,
        LifeStage.PREDEPLOYMENT: _predeployment,
        LifeStage.CANARY: _canary,
    }
)


# --- what they share ----------------------------------------------------------------------------------


def _only_model(bench: Bench, wishes: Wishes) -> Target:
    names = wishes.models or (BASE if wishes.stage is LifeStage.PRETRAINING else TRAINED,)
    if len(names) > 1:
        raise InputError(
            f"the stage '{wishes.stage}' measures one model, not {len(names)}.", mend="Name one with '--model'."
        )
    return target(bench.workspace, bench.store, names[0], bench.limits)


def _opened(one: Target, model: Model) -> Target:
    """The same with its weights in memory already, so that they are loaded once."""
    return one._replace(open=lambda: model)


def _whose(guard: Guard, wishes: Wishes) -> tuple[str, str]:
    tier, purpose = wishes.tier or guard.table.tiers[0], wishes.purpose or guard.table.purposes[0]
    for kind, value, known in (("tier", tier, guard.table.tiers), ("purpose", purpose, guard.table.purposes)):
        if value not in known:
            raise InputError(f"guard.yaml knows no {kind} '{value}'.", mend=f"Choose one of {', '.join(known)}.")
    return tier, purpose


def _measured(bench: Bench, verdicts: Mapping[Digest, Sequence[Verdict]], prompts: Sequence[Prompt]) -> Found:
    """Rates and regions of each speaker."""
    rows, regions = list[Measurement](), list[JointRegion]()
    for who, found in verdicts.items():
        artefact = bench.store.put_records(found)
        rows += measure(found, prompts, bench.clauses, who, artefact, bench.confidence)
        regions += measure_jointly(found, prompts, who, artefact, bench.confidence)
    return Found("", tuple(prompts), {}, (), verdicts, tuple(rows), tuple(regions))


def _with_capability(bench: Bench, found: Found, models: Mapping[Target, Model]) -> Found:
    """General questions to each model, beside every safety number."""
    answers = [row for one, model in models.items() for row in general_questions(bench, model, one.speaker)]
    if not answers:
        return found
    counted = count_answers(answers, bench.store.put_records(answers), bench.confidence)
    return found._replace(answers=tuple(answers), capability=counted)


def _different(models: Sequence[Target]) -> tuple[tuple[Target, ...], tuple[str, ...]]:
    """The models without those that are another one under a second name, and a sentence for each of these."""
    first: dict[Digest, Target] = {}
    again = [one for one in models if first.setdefault(one.speaker, one) is not one]
    twice = tuple(f"'{one.name}' is the same model as '{first[one.speaker].name}'" for one in again)
    return tuple(first.values()), twice


def _standing(rows: Sequence[Measurement], who: Digest, grader: str, capability: float | None) -> Standing:
    whole = {row.metric: row for row in rows if (row.speaker, row.group, row.grader) == (who, "all", grader)}
    return Standing(whole["violation_rate"], whole["overrefusal_rate"], capability)


def _faults(answered: Answered) -> tuple[str, ...]:
    return (*(f"{count} times no answer: {fault}" for fault, count in answered.faults), *answered.notes)


def _whole_cost(rows: Sequence[Answered]) -> Cost:
    costs = [row.cost for row in rows]
    money = [cost.money for cost in costs if cost.money is not None]
    return Cost(
        sum(cost.tokens_in for cost in costs),
        sum(cost.tokens_out for cost in costs),
        sum(cost.unreported for cost in costs),
        sum(money) if money else None,
    )
