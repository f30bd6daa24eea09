"""AWS Chatbot, which moto does not have: topic messages become Slack messages."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from rehearsal.cloud import strict
from rehearsal.cloud.permissions import ANY, Ask, pass_role
from rehearsal.cloud.policy_documents import find_role

if TYPE_CHECKING:
    from rehearsal.cloud.aws import EmbeddedAws


@dataclass(frozen=True, kw_only=True)
class SlackMessage:
    """What a channel shows; or, with ``dropped``, what Chatbot threw away and why."""

    channel_id: str
    topic_arn: str
    time: datetime
    notification: dict[str, Any]
    """The custom notification or the alarm, as published."""
    dropped: str | None = None
    graph: bool = False
    """Whether an alarm's graph is drawn, for which Chatbot needs the configuration's role."""


OPERATIONS = (
    *("CreateSlackChannelConfiguration", "UpdateSlackChannelConfiguration"),
    *("DeleteSlackChannelConfiguration", "DescribeSlackChannelConfigurations"),
    *("DescribeSlackWorkspaces", "ListTagsForResource", "TagResource", "UntagResource"),
)
"""What there is of the API; each is a method of :class:`Chatbot` in Python's spelling."""


def asks(account: str, operation: str, given: Mapping[str, Any]) -> list[Ask]:
    """Return what a call asks IAM for; a list of all takes no resource."""
    named = given.get("ConfigurationName")
    own = f"arn:aws:chatbot::{account}:chat-configuration/slack-channel/{named}" if named else ANY
    arn = given.get("ChatConfigurationArn") or given.get("ResourceARN") or own
    found = [Ask(action=f"chatbot:{operation}", resource=arn)]
    if given.get("Tags") and named:
        found.append(Ask(action="chatbot:TagResource", resource=arn))
    return [*found, *pass_role(given.get("IamRoleArn"), "chatbot.amazonaws.com")]


class Chatbot:
    """The Slack channel configurations of the account; the API's own names and parameters."""

    def __init__(self, aws: "EmbeddedAws") -> None:
        self._aws = aws
        self._configurations: dict[str, dict[str, Any]] = {}
        self.unauthorised: set[str] = set()
        """Workspaces that nobody has let Chatbot into, or not any more: by hand, in its console.
        Every other one that a configuration names counts as authorised."""
        self.disabled: dict[str, str] = {}
        """Why an organisation's policy has a workspace off, by the workspace's id."""

    def create_slack_channel_configuration(self, **parameters: Any) -> dict[str, Any]:
        """Create a configuration; the answer holds it as ``ChannelConfiguration``."""
        strict.check_call("chatbot", "CreateSlackChannelConfiguration", parameters)
        name = parameters["ConfigurationName"]
        arn = f"arn:aws:chatbot::{self._aws.account}:chat-configuration/slack-channel/{name}"
        for other in self._configurations.values():
            if (
                other["ConfigurationName"] == name
                or other["SlackChannelId"] == parameters["SlackChannelId"]
            ):
                raise _refused(
                    "ConflictException",
                    f"Configuration {other['ConfigurationName']} has this name or channel",
                    "CreateSlackChannelConfiguration",
                )
        self._configurations[arn] = {"SnsTopicArns": [], **parameters, "ChatConfigurationArn": arn}
        return {"ChannelConfiguration": dict(self._configurations[arn])}

    def update_slack_channel_configuration(self, **parameters: Any) -> dict[str, Any]:
        """Change a configuration, named by ``ChatConfigurationArn``."""
        strict.check_call("chatbot", "UpdateSlackChannelConfiguration", parameters)
        configuration = self._find(parameters["ChatConfigurationArn"])
        configuration.update(parameters)
        return {"ChannelConfiguration": dict(configuration)}

    def describe_slack_channel_configurations(self, **parameters: Any) -> dict[str, Any]:
        """List the configurations, or the one named by ``ChatConfigurationArn``."""
        strict.check_call("chatbot", "DescribeSlackChannelConfigurations", parameters)
        wanted = parameters.get("ChatConfigurationArn")
        found = [self._find(wanted)] if wanted else self._configurations.values()
        return {
            "SlackChannelConfigurations": [
                dict(configuration) | self._state(configuration["SlackTeamId"])
                for configuration in found
            ]
        }

    def describe_slack_workspaces(self, **parameters: Any) -> dict[str, Any]:
        """List the workspaces that somebody has let Chatbot into."""
        strict.check_call("chatbot", "DescribeSlackWorkspaces", parameters)
        teams = {one["SlackTeamId"]: None for one in self._configurations.values()}
        return {
            "SlackWorkspaces": [
                {"SlackTeamId": team, "SlackTeamName": team, **self._state(team)}
                for team in teams
                if team not in self.unauthorised
            ]
        }

    def delete_slack_channel_configuration(self, **parameters: Any) -> dict[str, Any]:
        """Delete a configuration, named by ``ChatConfigurationArn``."""
        strict.check_call("chatbot", "DeleteSlackChannelConfiguration", parameters)
        del self._configurations[
            self._find(parameters["ChatConfigurationArn"])["ChatConfigurationArn"]
        ]
        return {}

    def list_tags_for_resource(self, **parameters: Any) -> dict[str, Any]:
        """List the tags of a configuration, named by ``ResourceARN``."""
        strict.check_call("chatbot", "ListTagsForResource", parameters)
        return {"Tags": list(self._find(parameters["ResourceARN"]).get("Tags", []))}

    def tag_resource(self, **parameters: Any) -> dict[str, Any]:
        """Give a configuration tags, or other values to those it has."""
        strict.check_call("chatbot", "TagResource", parameters)
        keys = [tag["TagKey"] for tag in parameters["Tags"]]
        self.untag_resource(ResourceARN=parameters["ResourceARN"], TagKeys=keys)
        self._find(parameters["ResourceARN"])["Tags"] += parameters["Tags"]
        return {}

    def untag_resource(self, **parameters: Any) -> dict[str, Any]:
        """Take tags from a configuration."""
        strict.check_call("chatbot", "UntagResource", parameters)
        configuration = self._find(parameters["ResourceARN"])
        configuration["Tags"] = [
            tag
            for tag in configuration.get("Tags", [])
            if tag["TagKey"] not in parameters["TagKeys"]
        ]
        return {}

    def receive(self, topic_arn: str, text: str) -> None:
        """Bring a topic's message to the channels that it is configured for."""
        notification, dropped = _read(text)
        for configuration in self._configurations.values():
            if topic_arn in configuration["SnsTopicArns"]:
                self._aws.slack.append(
                    SlackMessage(
                        channel_id=configuration["SlackChannelId"],
                        topic_arn=topic_arn,
                        time=self._aws.clock.now(),
                        notification=notification,
                        dropped=dropped,
                        graph=self._draws(configuration, notification),
                    )
                )

    def _draws(self, configuration: dict[str, Any], notification: dict[str, Any]) -> bool:
        """Return whether the role lets Chatbot read the alarm and its metric."""
        alarm: str | None = notification.get("AlarmArn")
        if alarm is None:
            return False
        role = configuration["IamRoleArn"]
        try:
            self._aws.iam.assume(
                role=role,
                service="chatbot.amazonaws.com",
                source_arn=configuration["ChatConfigurationArn"],
            )
            for action, resource in (
                ("DescribeAlarms", alarm),
                ("ListMetrics", "*"),
                ("GetMetricData", "*"),
            ):
                self._aws.iam.allow_role(
                    role=role, action=f"cloudwatch:{action}", resource=resource
                )
        except ClientError as error:
            if find_role(self._aws.account, role.rpartition("/")[2]):  # else nobody's to draw with
                self._aws.unheard.append(f"no graph of {alarm}: {error}")
            return False
        return True

    def _state(self, team: str) -> dict[str, str]:
        reason = self.disabled.get(team)
        return {"State": "DISABLED", "StateReason": reason} if reason else {"State": "ENABLED"}

    def _find(self, arn: str) -> dict[str, Any]:
        if arn not in self._configurations:
            raise _refused(
                "ResourceNotFoundException",
                f"There is no configuration {arn}",
                "SlackChannelConfiguration",
            )
        return self._configurations[arn]


def _read(text: str) -> tuple[dict[str, Any], str | None]:
    """Read a custom notification or an alarm, and why Chatbot would drop it.

    Its guide, "Custom notifications"; alarms of CloudWatch it takes as they come.
    """
    try:
        notification: Any = json.loads(text)
    except ValueError:
        return {}, "the message is not JSON"
    if not isinstance(notification, dict):
        return {}, "the message is not an object"
    known: dict[str, Any] = notification
    if "AlarmName" in known and "NewStateValue" in known:
        return known, None
    if known.get("version") != "1.0" or known.get("source") != "custom":
        return known, "the message is not a custom notification of version 1.0"
    content = known.get("content")
    if not isinstance(content, dict) or not content.get("description"):
        return known, "the notification has no content.description"
    return known, None


def _refused(code: str, message: str, operation: str) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": message}}
    return ClientError(answer, operation)
