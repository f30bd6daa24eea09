"""A stack's life in the hands of GitHub's workflows: deployed, looked at and destroyed by roles.

Each life is lived once, before anything else is played. None of them goes on after a refusal, so
that whatever one of their calls rests on is missed: they need not be lived again without it.
"""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from moto.kms.models import kms_backends

from definitions.policies.trust import GITHUB_AUDIENCE, GITHUB_ISSUER
from rehearsal.cloud.as_role import AsRole
from rehearsal.cloud.web_identity import token
from rehearsal.engine import DeployFailed, Deployment, deploy, destroy, refresh
from rehearsal.proof.proof import Happening
from rehearsal.provider import AwsProvider
from rehearsal.stage import Outcome, Up
from stacks.stack_file import StackFile, read_stack_file, section_of

EVERYTHING = Path("examples/everything.yaml")
"""What is deployed meanwhile: a workflow must be able to deploy whatever a stack file asks for."""
_OF_ADMINISTRATORS = ("fargate-batch:index:GithubAccess", "fargate-batch:index:OperatorRole")
"""Components that no workflow can change."""


def lives(up: Up) -> Iterator[Happening]:
    """Return the lives of a stack that has roles for workflows; they leave it as it was."""
    roles: Mapping[str, str] = up.last.outputs.get("githubRoleArns", {})
    if not roles:
        return
    whole = _Everything(up, roles["deploy"])
    played: list[tuple[str, str, Callable[[], None]]] = [
        ("deploy-everything", "A workflow destroys the stack and deploys everything", whole.deploy),
        ("change-everything", "A workflow changes everything that it deployed", whole.change),
        (
            "look-at-everything",
            "A workflow looks for what differs",
            partial(whole.look, roles["read"]),
        ),
        (
            "fetch-images",
            "A workflow fetches what was built",
            partial(_fetch_images, up, roles["read"]),
        ),
        ("deploy-as-it-was", "A workflow deploys the stack as it was", whole.deploy_as_it_was),
        ("sign-in", "Workflows get their roles by GitHub's tokens", partial(_sign_in, up, roles)),
        ("keep-state", "Workflows read and write Pulumi's state", partial(_keep_state, up, roles)),
    ]
    for name, what, act in played:
        yield Happening(name=name, play=partial(_play, up, name, what, act), whole=True)


def _play(up: Up, name: str, what: str, act: Callable[[], None]) -> Outcome:
    said = "done"
    try:
        act()
    except DeployFailed as failed:
        said = str(failed.failures[0])
    except ClientError as refused:
        said = str(refused)
    return Outcome(
        at=up.aws.clock.now(),
        name=name,
        what=what,
        expected={"workflow": "done"},
        happened={"workflow": said},
    )


class _Everything:
    """The stack, and what is deployed in its place."""

    def __init__(self, up: Up, deployer: str) -> None:
        self._up = up
        self._provider = AwsProvider(AsRole(up.aws, deployer))
        self._file = _with_everything(up)
        self._changed = _changed(self._file)

    def deploy(self) -> None:
        """Destroy what a workflow may, and deploy everything instead."""
        self._destroy()
        self._to(self._file)

    def change(self) -> None:
        """Deploy it otherwise, and as it was before."""
        self._to(self._changed)
        self._update_each()
        self._to(self._file)

    def deploy_as_it_was(self) -> None:
        """Destroy everything and deploy what the stack file says."""
        self._destroy()
        self._to(self._up.stack_file)
        self._update_each()

    def _destroy(self) -> None:
        before = self._up.last
        kept = {urn: one for urn, one in before.resources.items() if _is_kept(urn)}
        others = {urn: one for urn, one in before.resources.items() if urn not in kept}
        self._up.last = replace(before, resources=kept)
        destroy(replace(before, resources=others), self._file, self._provider)

    def _update_each(self) -> None:
        """Say every argument once more: what a new version of the program changes, no file can."""
        for resource in self._up.last.resources.values():
            if resource.id and not _is_kept(resource.urn):
                self._provider.update(
                    resource.type, resource.id, resource.inputs, resource.inputs, resource.outputs
                )

    def look(self, reader: str) -> None:
        """Refresh and preview."""
        provider = AwsProvider(AsRole(self._up.aws, reader))
        self._up.last = refresh(self._up.last, self._file, provider)
        seen = self._run(self._file, provider)
        if seen.steps:
            raise ValueError(f"what was just deployed differs: {seen.steps[0]}")

    def _to(self, file: StackFile) -> None:
        self._up.last = self._run(file, self._provider)

    def _run(self, file: StackFile, provider: AwsProvider) -> Deployment:
        up = self._up
        return deploy(up.project_dir, file, provider, before=up.last, now=up.aws.clock.now())


def _fetch_images(up: Up, role: str) -> None:
    """Pull an image, as the deploy of another stack does that is to run the same."""
    cloud = AsRole(up.aws, role)
    ecr = cloud.client("ecr")
    ecr.get_authorization_token()
    for uri in up.aws.images:
        repository, _, digest = uri.partition("/")[2].partition("@")
        ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageDigest": digest}])
        arn = f"arn:aws:ecr:{cloud.region}:{cloud.account}:repository/{repository}"
        cloud.allow("ecr:GetDownloadUrlForLayer", arn)


def _sign_in(up: Up, roles: Mapping[str, str]) -> None:
    """Get each role by a token as GitHub signs it for a job in an environment, or in none."""
    github = section_of(up.stack_file.config, "access")[1]["github"]
    repository = github["repository"]
    environment = github.get("environment", up.stack_file.stack)
    branch = f"refs/heads/{github.get('branch', 'main')}"
    jobs = [
        ("deploy", f"environment:{environment}", branch),
        ("operate", f"environment:{environment}", branch),
        ("read", f"environment:{environment}-read", "refs/pull/7/merge"),
        ("read", "pull_request", "refs/pull/7/merge"),
        ("read", f"ref:{branch}", branch),
    ]
    for role, context, ref in jobs:
        claims = {
            "iss": f"https://{GITHUB_ISSUER}",
            "aud": GITHUB_AUDIENCE,
            "sub": f"repo:{repository}:{context}",
            "repository": repository,
            "ref": ref,
        }
        up.aws.client("sts").assume_role_with_web_identity(
            RoleArn=roles[role], RoleSessionName="workflow", WebIdentityToken=token(claims)
        )


def _keep_state(up: Up, roles: Mapping[str, str]) -> None:
    """Read the state, lock it, write what there is to write, as the CLI does (pkg/backend/diy).

    Bucket and key are there before the stack, hence not of its making.
    """
    github = section_of(up.stack_file.config, "access")[1]["github"]
    bucket, key = github.get("stateBucket"), github.get("secretsKey")
    if bucket:
        _make_bucket(up, bucket)
        _use_bucket(up, bucket, roles)
    if key:
        _make_key(up, key)
        kms = {role: AsRole(up.aws, roles[role]).client("kms") for role in ("deploy", "read")}
        secret = kms["deploy"].encrypt(KeyId=key, Plaintext=b"sesame")["CiphertextBlob"]
        kms["read"].decrypt(CiphertextBlob=secret)


def _use_bucket(up: Up, bucket: str, roles: Mapping[str, str]) -> None:
    of_stack = f"{up.stack_file.project}/{up.stack_file.stack}"
    files = [
        f".pulumi/stacks/{of_stack}.json",
        f".pulumi/stacks/{of_stack}.json.bak",
        f".pulumi/history/{of_stack}/dev-1.history.json",
        f".pulumi/backups/{of_stack}/dev.1.json",
        f".pulumi/journal/{of_stack}/1.json",
        f".pulumi/locks/organization/{of_stack}/1.json",
    ]
    writer, reader = (AsRole(up.aws, roles[role]).client("s3") for role in ("deploy", "read"))
    for file in files:
        writer.put_object(Bucket=bucket, Key=file, Body=b"{}")
    for prefix in (".pulumi/stacks/", f".pulumi/locks/organization/{of_stack}/"):
        reader.list_objects_v2(Bucket=bucket, Prefix=prefix)
    for file in (".pulumi/meta.yaml", *files):
        reader.get_object(Bucket=bucket, Key=file)
    for file in files:
        writer.delete_object(Bucket=bucket, Key=file)


def _make_bucket(up: Up, name: str) -> None:
    s3: Any = up.aws.client("s3")
    where = {"LocationConstraint": up.aws.region}
    other = {} if up.aws.region == "us-east-1" else {"CreateBucketConfiguration": where}
    s3.create_bucket(Bucket=name, **other)
    s3.put_object(Bucket=name, Key=".pulumi/meta.yaml", Body=b"version: 1")


def _make_key(up: Up, arn: str) -> None:
    """Make a key of this id, which AWS would choose itself."""
    made = up.aws.client("kms").create_key()["KeyMetadata"]["KeyId"]
    backend: Any = kms_backends[up.aws.account][up.aws.region]
    key = backend.keys.pop(made)
    key.id, key.arn = arn.rpartition("/")[2], arn
    backend.keys[key.id] = key


def _is_kept(urn: str) -> bool:
    return "pulumi:providers:" in urn or any(kind in urn for kind in _OF_ADMINISTRATORS)


def _with_everything(up: Up) -> StackFile:
    own = up.stack_file
    config = read_stack_file(up.project_dir, own.stack, up.project_dir / EVERYTHING).config
    access, _ = section_of(own.config, "access")
    kept = {key: own.config[key] for key in ("aws:region", access)}
    return replace(own, config={**config, **kept})


def _changed(file: StackFile) -> StackFile:
    """Return the same with other tags and other settings of what is there."""
    config = dict(file.config)
    tags, own = section_of(config, "tags")
    project = tags.partition(":")[0]
    config |= {
        tags: json.dumps({**own, "changed-by": "the-proof"}),
        f"{project}:containerInsights": "true",
        f"{project}:logRetentionDays": "30",
        f"{project}:tracing": "false",
    }
    return replace(file, config=config)
