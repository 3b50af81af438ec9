"""The nouns: every table, and the rules that need no query.

Classes describe rows; the lower-case names beside them are the same tables for statements (`message.c.state`).
"""

from typing import cast

from sqlalchemy import Table
from sqlmodel import SQLModel

from models.campaigns import Campaign, CampaignState, Question, SavedReply, Script, Segment
from models.people import (
    Contact,
    ContactImport,
    ImportReject,
    ImportState,
    OptOut,
    OptOutFile,
    OptOutState,
    Person,
    TextingWindow,
)
from models.pictures import Picture, PictureRequest
from models.reports import Digest, DigestRun, Export, ExportState
from models.rules import state_is, state_was
from models.texts import (
    MAY_RISE_TO,
    NEVER_LEFT,
    Answer,
    Conversation,
    ConversationState,
    Inbound,
    Message,
    MessageKind,
    MessageState,
    Priority,
)
from models.volunteers import Card, Membership, Role, Thread, Volunteer
from models.work import Audit, AuditWords, InboxItem, Lease, Mark, Pace, Seal, Setting, SlackPost, Tally


def _table(model: type[SQLModel]) -> Table:
    return cast(Table, model.__table__)  # type: ignore[attr-defined]


metadata = SQLModel.metadata

campaign, segment, script = _table(Campaign), _table(Segment), _table(Script)
question, answer, saved_reply = _table(Question), _table(Answer), _table(SavedReply)
digest, digest_run, export = _table(Digest), _table(DigestRun), _table(Export)
setting, inbox_item = _table(Setting), _table(InboxItem)
person, texting_window = _table(Person), _table(TextingWindow)
opt_out, opt_out_file = _table(OptOut), _table(OptOutFile)
contact, contact_import, import_reject = _table(Contact), _table(ContactImport), _table(ImportReject)
conversation, message, inbound = _table(Conversation), _table(Message), _table(Inbound)
volunteer, membership, card, thread = _table(Volunteer), _table(Membership), _table(Card), _table(Thread)
picture, picture_request = _table(Picture), _table(PictureRequest)
slack_post, pace, lease, tally, audit = _table(SlackPost), _table(Pace), _table(Lease), _table(Tally), _table(Audit)
mark = _table(Mark)
audit_words, seal = _table(AuditWords), _table(Seal)

__all__ = [
    "MAY_RISE_TO",
    "NEVER_LEFT",
    "Answer",
    "Audit",
    "AuditWords",
    "Campaign",
    "CampaignState",
    "Card",
    "Contact",
    "ContactImport",
    "Conversation",
    "ConversationState",
    "Digest",
    "DigestRun",
    "Export",
    "ExportState",
    "ImportReject",
    "ImportState",
    "Inbound",
    "InboxItem",
    "Lease",
    "Mark",
    "Membership",
    "Message",
    "MessageKind",
    "MessageState",
    "OptOut",
    "OptOutFile",
    "OptOutState",
    "Pace",
    "Person",
    "Picture",
    "PictureRequest",
    "Priority",
    "Question",
    "Role",
    "SavedReply",
    "Script",
    "Seal",
    "Segment",
    "Setting",
    "SlackPost",
    "Tally",
    "TextingWindow",
    "Thread",
    "Volunteer",
    "answer",
    "audit",
    "audit_words",
    "campaign",
    "card",
    "contact",
    "contact_import",
    "conversation",
    "digest",
    "digest_run",
    "export",
    "import_reject",
    "inbound",
    "inbox_item",
    "lease",
    "mark",
    "membership",
    "message",
    "metadata",
    "opt_out",
    "opt_out_file",
    "pace",
    "person",
    "picture",
    "picture_request",
    "question",
    "saved_reply",
    "script",
    "seal",
    "segment",
    "setting",
    "slack_post",
    "state_is",
    "state_was",
    "tally",
    "texting_window",
    "thread",
    "volunteer",
]
