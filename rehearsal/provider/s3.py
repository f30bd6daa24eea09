"""Buckets and the settings that S3 keeps beside them."""

import re
from typing import Any

from rehearsal.provider.documents import check_resource_policy
from rehearsal.provider.kms import check_key
from rehearsal.provider.registry import Arguments, Call, Made, creates, known, one_of

WITHOUT_LOCATION = "us-east-1"
"""The region whose buckets are made without naming it."""

_NAME = re.compile(r"(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_RESERVED_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")


@creates("aws:s3/bucket:Bucket", tagged=True)
def bucket(call: Call) -> Made:
    """Make a bucket; its name is checked by S3's naming rules."""
    args, s3 = call.args, call.client("s3")
    name = call.physical_name("bucket", "bucketPrefix")
    args.get("forceDestroy")
    if (
        not _NAME.fullmatch(name)
        or name.endswith(_RESERVED_ENDS)
        or _ADDRESS.fullmatch(name)
        or ".." in name
    ):
        raise ValueError(
            f"bucket is {name!r}: 3 to 63 lower case letters, digits and hyphens, and no "
            "beginning or end that S3 keeps for itself"
        )
    location = {} if call.region == WITHOUT_LOCATION else {"LocationConstraint": call.region}
    s3.create_bucket(Bucket=name, **known({"CreateBucketConfiguration": location}))
    if call.tags:
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": call.tag_list()})
    return name, {
        "arn": f"arn:aws:s3:::{name}",
        "bucket": name,
        "bucketRegion": call.region,
        "bucketDomainName": f"{name}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{name}.s3.{call.region}.amazonaws.com",
    }


@creates("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
def bucket_public_access_block(call: Call) -> Made:
    """Close a bucket to the public; what is not said stays open, as with the real provider."""
    args, name = call.args, call.args.need("bucket")
    args.get("skipDestroy")
    keys = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    given = {key: args.get(key, False) for key in keys}
    call.client("s3").put_public_access_block(
        Bucket=name,
        PublicAccessBlockConfiguration={
            key[:1].upper() + key[1:]: value for key, value in given.items()
        },
    )
    return name, given


@creates("aws:s3/bucketVersioning:BucketVersioning")
def bucket_versioning(call: Call) -> Made:
    """Keep old versions of objects, or stop."""
    name, part = call.args.need("bucket"), call.args.part("versioningConfiguration")
    if part is None:
        raise ValueError("argument 'versioningConfiguration' is missing")
    status = one_of("status", part.need("status"), ("Enabled", "Suspended", "Disabled"))
    if status != "Disabled":  # a bucket is born so, and S3 has no word for it
        call.client("s3").put_bucket_versioning(
            Bucket=name, VersioningConfiguration={"Status": status}
        )
    return name, {}


@creates("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")
def bucket_encryption(call: Call) -> Made:
    """Say with which key objects are encrypted."""
    name = call.args.need("bucket")
    rules = [_encryption_rule(call, part) for part in call.args.parts("rules")]
    call.client("s3").put_bucket_encryption(
        Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules}
    )
    return name, {}


@creates("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
def bucket_lifecycle(call: Call) -> Made:
    """Say when objects, old versions and broken uploads go."""
    name = call.args.need("bucket")
    rules = [_lifecycle_rule(part) for part in call.args.parts("rules")]
    if not rules:
        raise ValueError("argument 'rules' is missing")
    call.client("s3").put_bucket_lifecycle_configuration(
        Bucket=name, LifecycleConfiguration={"Rules": rules}
    )
    return name, {}


@creates("aws:s3/bucketPolicy:BucketPolicy")
def bucket_policy(call: Call) -> Made:
    """Say who may do what with a bucket."""
    name, policy = call.args.need("bucket"), call.args.need("policy")
    check_resource_policy("policy", policy, "s3")
    call.client("s3").put_bucket_policy(Bucket=name, Policy=policy)
    return name, {}


@creates("aws:s3/bucketOwnershipControls:BucketOwnershipControls")
def bucket_ownership_controls(call: Call) -> Made:
    """Say who owns what others put into a bucket."""
    name, part = call.args.need("bucket"), call.args.part("rule")
    if part is None:
        raise ValueError("argument 'rule' is missing")
    owner = one_of(
        "objectOwnership",
        part.need("objectOwnership"),
        ("BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"),
    )
    call.client("s3").put_bucket_ownership_controls(
        Bucket=name, OwnershipControls={"Rules": [{"ObjectOwnership": owner}]}
    )
    return name, {}


def _encryption_rule(call: Call, part: Arguments) -> dict[str, Any]:
    default = part.part("applyServerSideEncryptionByDefault")
    rule: dict[str, Any] = {"BucketKeyEnabled": part.get("bucketKeyEnabled", False)}
    if default:
        algorithm = one_of(
            "sseAlgorithm", default.need("sseAlgorithm"), ("AES256", "aws:kms", "aws:kms:dsse")
        )
        key = default.get("kmsMasterKeyId")
        if key:
            if algorithm == "AES256":
                raise ValueError("kmsMasterKeyId belongs to sseAlgorithm aws:kms")
            check_key(call, "kmsMasterKeyId", key)
        rule["ApplyServerSideEncryptionByDefault"] = known(
            {"SSEAlgorithm": algorithm, "KMSMasterKeyID": key}
        )
    return rule


def _lifecycle_rule(part: Arguments) -> dict[str, Any]:
    expiration, old = part.part("expiration"), part.part("noncurrentVersionExpiration")
    uploads, chosen = part.part("abortIncompleteMultipartUpload"), part.part("filter")
    what = {
        "Expiration": expiration
        and expiration.some(Days="days", ExpiredObjectDeleteMarker="expiredObjectDeleteMarker"),
        "NoncurrentVersionExpiration": old
        and old.some(
            NoncurrentDays="noncurrentDays", NewerNoncurrentVersions="newerNoncurrentVersions"
        ),
        "AbortIncompleteMultipartUpload": uploads
        and uploads.some(DaysAfterInitiation="daysAfterInitiation"),
        "Transitions": [
            {"Days": move.need("days"), "StorageClass": move.need("storageClass")}
            for move in part.parts("transitions")
        ],
    }
    rule_id = part.need("id")
    if not known(what):
        raise ValueError(f"rule {rule_id}: it does nothing; give 'expiration' or another action")
    return {
        "ID": rule_id,
        "Status": one_of("status", part.need("status"), ("Enabled", "Disabled")),
        "Filter": {"Prefix": chosen.get("prefix", "") if chosen else ""},
        **known(what),
    }
