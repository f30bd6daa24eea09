"""A bucket that only this account reaches, encrypted and over TLS."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from definitions.names import Names
from definitions.policies import resources

ABORT_UPLOADS_AFTER_DAYS = 7


@dataclass(frozen=True, kw_only=True)
class PrivateBucketArgs:
    """How long the bucket keeps what."""

    names: Names
    bucket: str
    """Name that containers call it by."""
    versioned: bool
    """Keep what is overwritten or deleted."""
    expire_after_days: int | None
    """Days after which files, and versions of them, go; ``None`` keeps them."""
    tells_events: bool = False
    """Whether EventBridge hears of every object."""


class PrivateBucket(pulumi.ComponentResource):
    """An S3 bucket without any public way in.

    Children: ``<name>-bucket``, ``<name>-access``, ``<name>-ownership``, ``<name>-encryption``,
    ``<name>-versioning``, ``<name>-lifecycle``, ``<name>-policy``, ``<name>-events`` (if
    EventBridge hears of its objects).
    """

    pulumi_type = "fargate-batch:index:PrivateBucket"

    bucket_name: pulumi.Output[str]
    """Name of the bucket in S3."""

    def __init__(
        self, name: str, args: PrivateBucketArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(self.pulumi_type, name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        names = args.names

        bucket = aws.s3.Bucket(f"{name}-bucket", bucket=names.bucket(args.bucket), opts=child)
        access = aws.s3.BucketPublicAccessBlock(
            f"{name}-access",
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        aws.s3.BucketOwnershipControls(
            f"{name}-ownership",
            bucket=bucket.bucket,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=child,
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=bucket.bucket,
            # Not the stack's key: files outlive a stack, and a key goes with it.
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            opts=child,
        )
        versioning = aws.s3.BucketVersioning(
            f"{name}-versioning",
            bucket=bucket.bucket,
            versioning_configuration={"status": "Enabled" if args.versioned else "Suspended"},
            opts=child,
        )
        rules: list[aws.s3.BucketLifecycleConfigurationRuleArgsDict] = [
            {
                "id": "abort-uploads",
                "status": "Enabled",
                "filter": {},
                "abort_incomplete_multipart_upload": {
                    "days_after_initiation": ABORT_UPLOADS_AFTER_DAYS
                },
            }
        ]
        if args.expire_after_days is not None:
            rules.append(
                {
                    "id": "expire",
                    "status": "Enabled",
                    "filter": {},
                    "expiration": {"days": args.expire_after_days},
                    "noncurrent_version_expiration": {"noncurrent_days": args.expire_after_days},
                }
            )
        aws.s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            bucket=bucket.bucket,
            rules=rules,
            # A rule about versions is refused while versioning is being switched.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
        )
        aws.s3.BucketPolicy(
            f"{name}-policy",
            bucket=bucket.bucket,
            policy=resources.bucket_policy(names.bucket_arn(args.bucket)),
            # S3 refuses two changes of a bucket's access at once.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[access]),
        )

        if args.tells_events:
            aws.s3.BucketNotification(
                f"{name}-events", bucket=bucket.bucket, eventbridge=True, opts=child
            )

        self.bucket_name = bucket.bucket
        self.register_outputs({"bucket_name": self.bucket_name})
