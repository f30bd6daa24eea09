"""Who is told how runs ended: the notifier's channels."""

from components.channel_webhook import Webhook
from components.job_notifier import NamedChannel, SlackChannels
from stacks.settings import Settings
from stacks.settings.notify import WebhookSettings


def slack_channels(settings: Settings) -> SlackChannels | None:
    """Return the two channels that hear of every job, if the stack has Slack."""
    slack = settings.notify.slack
    return slack and SlackChannels(
        workspace_id=slack.workspace_id,
        success_channel_id=slack.success_channel_id,
        failure_channel_id=slack.failure_channel_id,
    )


def named_channels(settings: Settings) -> dict[str, NamedChannel]:
    """Return the channels that jobs name."""
    return {
        name: NamedChannel(
            slack_channel_id=channel.slack,
            emails=channel.emails,
            webhook=channel.webhook and _webhook(channel.webhook),
        )
        for name, channel in settings.notify.channels.items()
    }


def _webhook(webhook: WebhookSettings) -> Webhook:
    routing_key, key, basic = webhook.routing_key, webhook.api_key, webhook.basic
    return Webhook(
        url=webhook.url.get_secret_value(),
        format=webhook.format,
        routing_key=None if routing_key is None else routing_key.get_secret_value(),
        api_key=key and (key.header, key.value.get_secret_value()),
        basic=basic and (basic.username, basic.password.get_secret_value()),
    )


def recovery_is_told(settings: Settings) -> bool:
    """Tell whether somebody is to hear of a first success after a failure."""
    steps = (step for flow in settings.flows.values() for step in flow.jobs.values())
    whole = (settings.jobs, settings.flows, settings.workers)
    told = (*(one for section in whole for one in section.values()), *steps)
    return any(one.notify is not None and one.notify.on_recovery for one in told)
