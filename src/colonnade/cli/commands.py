"""Every command by its name, with where it is: its module is imported when it is called, and not before.

All of them together take seconds to import; to say the version, to list the commands, or to say that one is
misspelt needs none of them.
"""

from __future__ import annotations

from collections import UserDict
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup


class Command(NamedTuple):
    """A command that is imported when it is called.

    Attributes:
        place: a function, or an application with commands of its own, as ``module:name``.
        help: what it says of itself, for the list of all.
    """

    place: str
    help: str


COMMANDS: Mapping[str, Command] = MappingProxyType(
    {
        "check": Command(
            "colonnade.cli.working:check",
            "Read every file of a workspace and say what is wrong, without running anything.",
        ),
        "run": Command(
            "colonnade.cli.working:run",
            "Do the whole job: policy, training, evaluation, gate, guard, report. Ends with 3 unless released.",
        ),
        "plan": Command("colonnade.cli.working:plan", "Say what is stale and why, without running anything."),
        "impact": Command(
            "colonnade.cli.working:impact",
            "List everything that rests on a clause, or on one facet of it: what a change would make stale.",
        ),
        "trace": Command("colonnade.cli.working:trace", "Walk from any artefact back to the prose it came from."),
        "try": Command(
            "colonnade.cli.trying:try_text",
            "Show how the guard rules on one request, by which clause, and what would have permitted it.",
        ),
        "serve": Command(
            "colonnade.cli.serve:serve",
            "Answer the OpenAI protocols with a guard on both sides of a model, and every row in the audit log first.",
        ),
        "verify": Command(
            "colonnade.cli.verifying:verify",
            "Check every digest, chain and signature, and count again what follows from other records."
            " Ends with 1 if wrong.",
        ),
        "policy": Command("colonnade.cli.policy:policy_application", "Change, review, check and publish policies."),
        "judge": Command(
            "colonnade.cli.judge:judge_application",
            "Hold graders against people, and correct their rates.",
        ),
        "inspect": Command(
            "colonnade.cli.inspection:inspect_application",
            "Run tasks of Inspect against our models, and read its logs, whoever made them.",
        ),
        "prompts": Command(
            "colonnade.cli.prompts:prompts_application",
            "Take in sets of prompts, count them, and look whether training has seen the sealed ones.",
        ),
        "capability": Command(
            "colonnade.cli.capability:capability_application",
            "Take in general questions, which show what training has cost.",
        ),
        "evaluate": Command(
            "colonnade.cli.evaluate:evaluate_application",
            "Measure a model at a stage of its life, or renew the prompts by what came to light.",
        ),
        "audit": Command(
            "colonnade.cli.audit:audit_application",
            "The audit log: prove, verify, sign, witness, erase, hold.",
        ),
        "access": Command("colonnade.cli.access:access_application", "Grant, watch and end specialised access."),
        "keys": Command("colonnade.cli.keys:keys_application", "API keys of the service: add, list, revoke."),
        "guard": Command(
            "colonnade.cli.guard:guard_application",
            "The guard: what its detectors are known to do, and what a change of policy would do.",
        ),
    }
)


class Imported(UserDict[str, Any]):
    """Commands by name; one of which only the place is known is imported when somebody takes it."""

    def __getitem__(self, name: str) -> Any:
        found = self.data[name]
        if isinstance(found, Command):
            found = self.data[name] = _imported(name, found.place)
        return found


class CommandsWhenCalled(TyperGroup):
    """The whole command line, of which a call imports the one command that it names."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = Imported({**self.commands, **COMMANDS})

    def list_commands(self, ctx: Any) -> list[str]:
        """Every name, in the order of the list."""
        return list(self.commands)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A command as the page of all of them shows it: by its name and what it says of itself."""
        later = COMMANDS.get(cmd_name)
        return super().get_command(ctx, cmd_name) if later is None else TyperCommand(cmd_name, help=later.help)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is called, whole."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command if name is None else self.commands[name], rest


def _imported(name: str, place: str) -> Any:
    module, _, attribute = place.partition(":")
    found = getattr(import_module(module), attribute)
    if isinstance(found, typer.Typer):
        command: Any = typer.main.get_group(found)
    else:
        alone = typer.Typer(add_completion=False)
        alone.command(name)(found)
        command = typer.main.get_command(alone)
    command.name = name
    return command
