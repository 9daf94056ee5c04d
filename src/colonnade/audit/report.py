"""One page that shows a launch, from its risks to the decision, and needs nothing besides itself."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from colonnade.audit.report_data import ReportData, Subject
from colonnade.audit.sections import SECTIONS
from colonnade.records import Launch, PolicySet


def render_report(launch: Launch, policy: PolicySet, data: ReportData) -> str:
    """The report as one HTML page without scripts and without any file from elsewhere.

    Whatever came from people, models or files is escaped by the template; the plots escape
    their own texts and are the only thing that is put in as it is.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    subject = Subject(launch, policy, data)
    sections = tuple(section(subject) for section in SECTIONS)
    return environment.get_template("report.html").render(launch=launch, policy=policy, sections=sections)
