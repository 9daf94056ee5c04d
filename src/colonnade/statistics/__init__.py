"""Pure functions over counts and arrays: intervals, corrections, comparisons, monitors and plans."""

from colonnade.statistics.agreement import Alpha, Kappa, cohen_kappa, krippendorff_alpha
from colonnade.statistics.clusters import (
    EffectiveSample,
    clustered_interval,
    clustered_lower_bound,
    clustered_upper_bound,
    design_effect,
    effective_sample,
)
from colonnade.statistics.comparisons import (
    Difference,
    clustered_paired_difference,
    clustered_sign_test,
    mcnemar_exact,
    paired_difference,
)
from colonnade.statistics.distributions import herfindahl, normalised_entropy, total_variation
from colonnade.statistics.intervals import (
    Estimate,
    Interval,
    bootstrap_ratio,
    clean_trials_needed,
    events_needed,
    exact_interval,
    joint_confidence,
    lower_bound,
    upper_bound,
    wilson_interval,
)
from colonnade.statistics.judges import (
    Allocation,
    JudgeAccuracy,
    StratifiedRate,
    Stratum,
    labels_to_narrow_most,
    stratified_rate,
)
from colonnade.statistics.power import (
    Discordance,
    bound_within_reach,
    discordance,
    paired_power,
    pairs_needed,
    smallest_visible_difference,
    trials_for_upper_bound,
)
from colonnade.statistics.selection import (
    TradeOff,
    pareto_front,
)
from colonnade.statistics.sequential import Monitored, confidence_sequence, monitor_rate
from colonnade.statistics.stratified import stratified_accuracy
from colonnade.statistics.unscored import (
    clustered_rate,
    clustered_unscored_interval,
)

__all__ = [
    "Allocation",
    "Alpha",
    "Difference",
    "Discordance",
    "EffectiveSample",
    "Estimate",
    "Interval",
    "JudgeAccuracy",
    "Kappa",
    "Monitored",
    "StratifiedRate",
    "Stratum",
    "TradeOff",
    "bootstrap_ratio",
    "bound_within_reach",
    "clean_trials_needed",
    "clustered_interval",
    "clustered_lower_bound",
    "clustered_paired_difference",
    "clustered_rate",
    "clustered_sign_test",
    "clustered_unscored_interval",
    "clustered_upper_bound",
    "cohen_kappa",
    "confidence_sequence",
    "design_effect",
    "discordance",
    "effective_sample",
    "events_needed",
    "exact_interval",
    "herfindahl",
    "joint_confidence",
    "krippendorff_alpha",
    "labels_to_narrow_most",
    "lower_bound",
    "mcnemar_exact",
    "monitor_rate",
    "normalised_entropy",
    "paired_difference",
    "paired_power",
    "pairs_needed",
    "pareto_front",
    "smallest_visible_difference",
    "stratified_accuracy",
    "stratified_rate",
    "total_variation",
    "trials_for_upper_bound",
    "upper_bound",
    "wilson_interval",
]
