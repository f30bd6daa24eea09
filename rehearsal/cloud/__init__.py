"""AWS in one process, in virtual time: moto and what it takes to believe it."""

from rehearsal.cloud.as_role import AsRole
from rehearsal.cloud.aws import EmbeddedAws
from rehearsal.cloud.chatbot import SlackMessage
from rehearsal.cloud.ecs import Attempt, Played
from rehearsal.cloud.sns import Mail
from rehearsal.cloud.webhooks import WebhookCall

__all__ = ["AsRole", "Attempt", "EmbeddedAws", "Mail", "Played", "SlackMessage", "WebhookCall"]
