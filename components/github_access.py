"""How GitHub's workflows reach the stack: by tokens that last an hour, without any key."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from definitions.names import Names
from definitions.policies import deploys, people, trust


@dataclass(frozen=True, kw_only=True)
class GithubAccessArgs:
    """Which workflows may use the roles, and what they need beside the stack."""

    names: Names
    workflows: trust.Workflows
    existing_provider: bool
    """Whether the account has GitHub's OIDC provider already."""
    state: deploys.State


class GithubAccess(pulumi.ComponentResource):
    """Three roles for workflows: to deploy, to operate what is deployed, to look at it.

    What a deploy may change has names that begin with the stack's; these begin with ``github-``,
    so that no deploy changes its own rights. What it makes is bounded besides.

    Children: ``<name>-provider`` (unless there is one), ``<name>-boundary``, a policy
    ``<name>-<document>`` for each document, roles ``<name>-deploy-role``, ``<name>-operate-role``
    and ``<name>-read-role`` with attachments ``<name>-<role>-<document>``, and
    ``<name>-operate-policy``.
    """

    pulumi_type = "fargate-batch:index:GithubAccess"

    boundary_arn: pulumi.Output[str]
    """ARN of the permissions boundary that every role of the stack must have."""
    role_arns: dict[str, pulumi.Output[str]]
    """ARNs of the roles: ``deploy``, ``operate``, ``read``."""

    def __init__(
        self, name: str, args: GithubAccessArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(self.pulumi_type, name, None, opts)
        names, workflows, child = args.names, args.workflows, pulumi.ResourceOptions(parent=self)
        provider: list[pulumi.Resource] = []
        if not args.existing_provider:
            provider.append(
                aws.iam.OpenIdConnectProvider(
                    f"{name}-provider",
                    url=f"https://{trust.GITHUB_ISSUER}",
                    client_id_lists=[trust.GITHUB_AUDIENCE],
                    opts=child,
                )
            )
        self._after_provider = pulumi.ResourceOptions(parent=self, depends_on=provider)
        boundary = self._policy(name, names, "boundary", deploys.boundary_policy(names))
        self.boundary_arn = boundary.arn
        reads = {
            document: self._policy(name, names, document, text)
            for document, text in deploys.reader_policies(names, args.state).items()
        }
        changes = {
            document: self._policy(name, names, document, text)
            for document, text in deploys.deployer_policies(names, args.state).items()
        }
        in_environment = trust.github_environment_trust(names, workflows)
        deploy = self._role(
            f"{name}-deploy",
            names.github("deploy"),
            "Workflows of GitHub: deploy the stack",
            in_environment,
            reads | changes,
        )
        operate = self._role(
            f"{name}-operate",
            names.github("operate"),
            "Workflows of GitHub: start, stop and pause the stack's jobs",
            in_environment,
            {},
        )
        aws.iam.RolePolicy(
            f"{name}-operate-policy",
            role=operate.name,
            policy=people.operator_policy(names),
            opts=child,
        )
        read = self._role(
            f"{name}-read",
            names.github("read"),
            "Workflows of GitHub: look at the stack",
            trust.github_read_trust(names, workflows),
            reads,
        )
        self.role_arns = {"deploy": deploy.arn, "operate": operate.arn, "read": read.arn}
        self.register_outputs({"boundaryArn": self.boundary_arn, "roleArns": self.role_arns})

    def _policy(self, name: str, names: Names, document: str, text: str) -> aws.iam.Policy:
        return aws.iam.Policy(
            f"{name}-{document}",
            name=names.github(document),
            policy=text,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _role(
        self,
        name: str,
        role_name: str,
        description: str,
        trusted: str,
        policies: Mapping[str, aws.iam.Policy],
    ) -> aws.iam.Role:
        role = aws.iam.Role(
            f"{name}-role",
            name=role_name,
            description=description,
            assume_role_policy=trusted,
            # IAM looks for the provider that a trust policy names.
            opts=self._after_provider,
        )
        for document, policy in policies.items():
            aws.iam.RolePolicyAttachment(
                f"{name}-{document}",
                role=role.name,
                policy_arn=policy.arn,
                opts=pulumi.ResourceOptions(parent=self),
            )
        return role
