"""One clause, many forms: for judges, guards, trainers, people, and the catalogues of others."""

from colonnade.policy.forms.edition import Edition, edition_of, stamp
from colonnade.policy.forms.form import FORMS, Form, form_named, outdated_clauses

__all__ = ["FORMS", "Edition", "Form", "edition_of", "form_named", "outdated_clauses", "stamp"]
