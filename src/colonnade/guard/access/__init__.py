"""Specialised access with heavy monitoring: grants over the table, the desk that lets them be used, the monitor."""

from colonnade.guard.access.deciding import GrantIndex
from colonnade.guard.access.desk import Admission, Desk, Holder
from colonnade.guard.access.grants import check_grant, grant_content, grant_subject, standing_of_grant, use_subject
from colonnade.guard.access.uses import AlsoRecorded, FileUseLog, UseLog, read_uses
from colonnade.guard.access.watching import Watch
from colonnade.guard.access.writing import drawn_for_review

__all__ = [
    "Admission",
    "AlsoRecorded",
    "Desk",
    "FileUseLog",
    "GrantIndex",
    "Holder",
    "UseLog",
    "Watch",
    "check_grant",
    "drawn_for_review",
    "grant_content",
    "grant_subject",
    "read_uses",
    "standing_of_grant",
    "use_subject",
]
