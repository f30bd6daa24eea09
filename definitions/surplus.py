"""What the policies grant although no rehearsal misses it, and why they grant it all the same.

``python -m rehearsal prove`` takes every grant away once and fails on one that nobody misses,
unless it stands here. An entry whose grants are all missed fails too: it is out of date.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Explained:
    """Grants of one kind of document that no scenario of the rehearsal needs."""

    document: str
    """Where they stand, as the proof says it, with ``*`` for what depends on the stack."""
    grants: str
    """Which of them, as the proof says it, with ``*`` for any text."""
    reason: str


EXPLAINED: tuple[Explained, ...] = (
    Explained(
        document="policy * of role *-execution",
        grants="PullImage: action ecr:BatchCheckLayerAvailability",
        reason="no image layer is pulled in the rehearsal; the ECS guide asks for it in a task's "
        "execution role",
    ),
    Explained(
        document="the policy of boundary *",
        grants="CallServices: action *",
        reason="a bound, which grants nothing: it admits all services of which a stack's roles may "
        "be granted something, whether this one grants it or not",
    ),
    Explained(
        document="the policy of managed policy *-read-jobs",
        grants="ReadWhatNamesNoResource: action states:ValidateStateMachineDefinition",
        reason="the provider has AWS validate a definition before it is deployed "
        "(hashicorp/terraform-provider-aws, aws_sfn_state_machine); here the rehearsal lints it",
    ),
    Explained(
        document="the policy of managed policy *-read-jobs",
        grants="ReadChannels: resource *-slack",
        reason="a stack that tells successes and failures in one channel of Slack; "
        "examples/everything.yaml has two",
    ),
    Explained(
        document="the policy of managed policy *-deploy-jobs",
        grants="ChangeChannels: resource *-slack",
        reason="as for reading it",
    ),
    Explained(
        document="the policy of managed policy *-deploy-jobs",
        grants="KeepSecretsOfWebhooks: action *",
        reason="EventBridge keeps a connection's credentials in Secrets Manager in the name of "
        "whoever makes it (AmazonEventBridgeApiDestinationsFullAccess); moto does not",
    ),
    Explained(
        document="the policy of managed policy *-deploy-roles",
        grants="LetServicesHaveTheirOwnRoles: *",
        reason="only the first cluster or connection of an account makes the service's own role "
        "(ECS and EventBridge guides, service-linked roles); moto makes none",
    ),
    Explained(
        document="the policy of managed policy *-deploy-data",
        grants="ChangeTopics: action sns:DeleteTopic",
        reason="whoever destroys a stack puts a topic's first policy back before, and that lets "
        "everybody of the account delete it; another order needs the right",
    ),
)
