"""An image built from a directory, in a repository of its own."""

from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws as aws
import pulumi_awsx as awsx

from definitions.build_context import context_tag
from definitions.task_definition import lifecycle_policy


@dataclass(frozen=True, kw_only=True)
class JobImageArgs:
    """What to build and for which processor."""

    repository: str
    """Name of the repository, which belongs to this image alone."""
    build: str
    """Directory with the Dockerfile, relative to the program."""
    platform: str
    """Docker's word for system and processor: ``linux/arm64``."""
    key_arn: pulumi.Input[str]
    """Key that encrypts the images."""

    def __post_init__(self) -> None:
        if not (Path(self.build) / "Dockerfile").is_file():
            raise ValueError(f"build: {self.build} has no Dockerfile; name the directory that has")


class JobImage(pulumi.ComponentResource):
    """An ECR repository and the image that is built for it.

    Children: ``<name>-repository``, ``<name>-lifecycle``, ``<name>-image``.
    """

    pulumi_type = "fargate-batch:index:JobImage"

    image_uri: pulumi.Output[str]
    """Address of the image, by digest."""
    repository_arn: pulumi.Output[str]
    """ARN of the repository."""
    repository_url: pulumi.Output[str]
    """Address of the repository."""

    def __init__(
        self, name: str, args: JobImageArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(self.pulumi_type, name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        repository = aws.ecr.Repository(
            f"{name}-repository",
            name=args.repository,
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "KMS", "kms_key": args.key_arn}],
            force_delete=True,  # images can be built again; a stack must be able to go
            opts=child,
        )
        aws.ecr.LifecyclePolicy(
            f"{name}-lifecycle", repository=repository.name, policy=lifecycle_policy(), opts=child
        )
        # The tag comes from the content: awsx's own tag is the same for every build, which an
        # immutable repository refuses. The image of the last deploy must outlive this one's, for
        # runs that wait for a retry: retained, and left to the lifecycle policy.
        image = awsx.ecr.Image(
            f"{name}-image",
            repository_url=repository.repository_url,
            context=args.build,
            platform=args.platform,
            image_tag=context_tag(Path(args.build), platform=args.platform),
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
        )

        self.image_uri = image.image_uri
        self.repository_arn = repository.arn
        self.repository_url = repository.repository_url
        self.register_outputs(
            {
                "image_uri": self.image_uri,
                "repository_arn": self.repository_arn,
                "repository_url": self.repository_url,
            }
        )
