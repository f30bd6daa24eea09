"""Who may deploy the stack and look after it: roles that the stack's own deploys cannot change."""

from typing import Any

import pulumi
import pulumi_aws as aws

from components.github_access import GithubAccess, GithubAccessArgs
from components.operator_role import OperatorRole, OperatorRoleArgs
from definitions.names import Names
from definitions.policies.deploys import State
from definitions.policies.trust import Workflows
from stacks.settings import Settings

_ROLE = "aws:iam/role:Role"


def access_options(settings: Settings) -> pulumi.ResourceOptions | None:
    """Return the options of the roles of people and workflows, where there are some.

    They have a provider of their own, without the tags that the stack file chooses: those change
    with any deploy, and no workflow may change these roles.
    """
    if not (settings.access.operators or settings.access.github):
        return None
    provider = aws.Provider(
        "aws-access",
        region=settings.region,
        profile=settings.profile,
        default_tags={"tags": {"project": settings.project, "stack": settings.stack}},
    )
    return pulumi.ResourceOptions(provider=provider)


def made_github_access(
    settings: Settings, names: Names, opts: pulumi.ResourceOptions | None
) -> GithubAccess | None:
    """Make the roles of GitHub's workflows, where the settings name some."""
    github = settings.access.github
    if not github:
        return None
    return GithubAccess(
        "github",
        GithubAccessArgs(
            names=names,
            workflows=Workflows(
                repository=github.repository,
                environment=github.environment or settings.stack,
                branch=github.branch,
                release_tags=github.release_tags,
            ),
            existing_provider=github.existing_provider,
            state=State(bucket=github.state_bucket, secrets_key=github.secrets_key),
        ),
        opts,
    )


def made_operator_role(
    settings: Settings, names: Names, opts: pulumi.ResourceOptions | None
) -> OperatorRole | None:
    """Make the role of people, where the settings name somebody."""
    operators = settings.access.operators
    if not operators:
        return None
    return OperatorRole("operator", OperatorRoleArgs(names=names, operators=operators), opts)


def bounded(github: GithubAccess | None, ours: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    """Return the options of everything else: where deploys have a role, roles have a boundary."""
    if github is None:
        return ours

    def bound(args: pulumi.ResourceTransformationArgs) -> Any:
        if args.type_ != _ROLE:
            return None
        props = {**args.props, "permissionsBoundary": github.boundary_arn}
        return pulumi.ResourceTransformationResult(props=props, opts=args.opts)

    return pulumi.ResourceOptions.merge(ours, pulumi.ResourceOptions(transformations=[bound]))
