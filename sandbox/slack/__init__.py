"""A simulated Slack workspace speaking the real HTTP, strict where Slack is strict."""

from sandbox.slack.nouns import Call, Channel, File, Group, Home, Message, Modal, Shown
from sandbox.slack.people import Person
from sandbox.slack.server import Slack

__all__ = ["Call", "Channel", "File", "Group", "Home", "Message", "Modal", "Person", "Shown", "Slack"]
