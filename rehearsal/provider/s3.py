"""Buckets and the settings that S3 keeps beside them."""

import re
from typing import Any

from botocore.exceptions import (  # pyright: ignore[reportMissingTypeStubs] - there are none
    ClientError,
)

from rehearsal.provider.documents import check_resource_policy
from rehearsal.provider.kms import check_key
from rehearsal.provider.registry import (
    Arguments,
    Call,
    Found,
    Tagging,
    creates,
    deletes,
    known,
    one_of,
    reads,
    updates,
)

WITHOUT_LOCATION = "us-east-1"
"""The region whose buckets are made without naming it."""

_NAME = re.compile(r"(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_RESERVED_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
_NEVER_VERSIONED = "Disabled"
_WAYS_FOR_THE_PUBLIC = (
    "blockPublicAcls",
    "blockPublicPolicy",
    "ignorePublicAcls",
    "restrictPublicBuckets",
)
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")


BUCKET = "aws:s3/bucket:Bucket"
PUBLIC_ACCESS_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
)
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
NOTIFICATION = "aws:s3/bucketNotification:BucketNotification"


def _list_tags(call: Call) -> dict[str, str]:
    s3 = call.client("s3")
    try:
        found = s3.get_bucket_tagging(Bucket=call.id)["TagSet"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchTagSet":
            return {}
        raise
    return {tag["Key"]: tag["Value"] for tag in found}


def _put_tags(call: Call, _: object) -> None:
    """Set all tags: S3 has no call for single ones."""
    if call.tags:
        call.client("s3").put_bucket_tagging(Bucket=call.id, Tagging={"TagSet": call.tag_list()})
    else:
        call.client("s3").delete_bucket_tagging(Bucket=call.id)


@creates(
    BUCKET,
    replaces={"bucket", "bucketPrefix"},
    unique="bucket",
    only_later={"forceDestroy"},
    tags=Tagging(_list_tags, _put_tags, _put_tags),
)
def create_bucket(call: Call) -> str:
    """Make a bucket; its name is checked by S3's naming rules."""
    s3, name = call.client("s3"), call.physical_name("bucket", "bucketPrefix")
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
    call.id = name
    if call.tags:
        _put_tags(call, call.tags)
    return name


@reads(BUCKET)
def read_bucket(call: Call) -> Found | None:
    """Look whether a bucket is there."""
    try:
        call.client("s3").head_bucket(Bucket=call.id)
    except ClientError as error:
        if error.response["Error"]["Code"] == "404":  # a HEAD has no words for it
            return None
        raise
    return {}, {
        "arn": f"arn:aws:s3:::{call.id}",
        "bucket": call.id,
        "bucketRegion": call.region,
        "bucketDomainName": f"{call.id}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{call.id}.s3.{call.region}.amazonaws.com",
    }


@deletes(BUCKET)
def delete_bucket(call: Call) -> None:
    """Delete a bucket; S3 refuses that while it holds objects or versions, unless forced."""
    s3 = call.client("s3")
    kept: list[dict[str, str]] = []
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=call.id):
        for version in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
            kept.append({"Key": version["Key"], "VersionId": version["VersionId"]})
    if kept and not call.args.get("forceDestroy"):
        raise ValueError(f"bucket {call.id} is not empty (BucketNotEmpty): it has {kept[0]['Key']}")
    for version in kept:
        s3.delete_object(Bucket=call.id, **version)
    s3.delete_bucket(Bucket=call.id)


@updates(PUBLIC_ACCESS_BLOCK)
@creates(PUBLIC_ACCESS_BLOCK, replaces={"bucket"}, only_later={"skipDestroy"})
def put_public_access_block(call: Call) -> str:
    """Close a bucket to the public; what is not said stays open, as with the real provider."""
    name: str = call.args.need("bucket")
    call.client("s3").put_public_access_block(
        Bucket=name,
        PublicAccessBlockConfiguration={
            _capital(key): call.args.get(key, False) for key in _WAYS_FOR_THE_PUBLIC
        },
    )
    return name


@reads(PUBLIC_ACCESS_BLOCK)
def read_public_access_block(call: Call) -> Found:
    """Look at what is closed to the public."""
    found = call.client("s3").get_public_access_block(Bucket=call.id)
    closed = found["PublicAccessBlockConfiguration"]
    return {key: closed[_capital(key)] for key in _WAYS_FOR_THE_PUBLIC}, {"bucket": call.id}


@deletes(PUBLIC_ACCESS_BLOCK)
def delete_public_access_block(call: Call) -> None:
    """Leave a bucket to its policy."""
    if not call.args.get("skipDestroy"):
        call.client("s3").delete_public_access_block(Bucket=call.id)


@updates(VERSIONING)
@creates(VERSIONING, replaces={"bucket"})
def put_versioning(call: Call) -> str:
    """Keep old versions of objects, or stop."""
    name, part = call.args.need("bucket"), call.args.part("versioningConfiguration")
    if part is None:
        raise ValueError("argument 'versioningConfiguration' is missing")
    status = one_of("status", part.need("status"), ("Enabled", "Suspended", "Disabled"))
    s3 = call.client("s3")
    if status != _NEVER_VERSIONED:  # a bucket is born so, and S3 has no word for it
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": status})
    elif "Status" in s3.get_bucket_versioning(Bucket=name):
        raise ValueError("status Disabled: a bucket that kept versions can only be Suspended")
    return name


@reads(VERSIONING)
def read_versioning(call: Call) -> Found:
    """Look whether a bucket keeps old versions."""
    found = call.client("s3").get_bucket_versioning(Bucket=call.id)
    status = found.get("Status", _NEVER_VERSIONED)
    return {"versioningConfiguration": {"status": status}}, {"bucket": call.id}


@deletes(VERSIONING)
def delete_versioning(call: Call) -> None:
    """Stop keeping versions; those that are there stay."""
    s3 = call.client("s3")
    if s3.get_bucket_versioning(Bucket=call.id).get("Status") == "Enabled":
        s3.put_bucket_versioning(Bucket=call.id, VersioningConfiguration={"Status": "Suspended"})


@updates(ENCRYPTION)
@creates(ENCRYPTION, replaces={"bucket"})
def put_encryption(call: Call) -> str:
    """Say with which key objects are encrypted."""
    name: str = call.args.need("bucket")
    rules = [_encryption_rule(call, part) for part in call.args.parts("rules")]
    call.client("s3").put_bucket_encryption(
        Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules}
    )
    return name


@reads(ENCRYPTION)
def read_encryption(call: Call) -> Found:
    """Look at with which key objects are encrypted."""
    found = call.client("s3").get_bucket_encryption(Bucket=call.id)
    rules = found["ServerSideEncryptionConfiguration"]["Rules"]
    return {
        "rules": [
            known(
                {
                    "applyServerSideEncryptionByDefault": known(
                        {
                            "sseAlgorithm": default.get("SSEAlgorithm"),
                            "kmsMasterKeyId": default.get("KMSMasterKeyID"),
                        }
                    ),
                    "bucketKeyEnabled": rule.get("BucketKeyEnabled", False),
                }
            )
            for rule in rules
            for default in [rule.get("ApplyServerSideEncryptionByDefault", {})]
        ]
    }, {"bucket": call.id}


@deletes(ENCRYPTION)
def delete_encryption(call: Call) -> None:
    """Encrypt with S3's own key, as every bucket does at first."""
    call.client("s3").delete_bucket_encryption(Bucket=call.id)


@updates(LIFECYCLE)
@creates(LIFECYCLE, replaces={"bucket"})
def put_lifecycle(call: Call) -> str:
    """Say when objects, old versions and broken uploads go."""
    name: str = call.args.need("bucket")
    rules = [_lifecycle_rule(part) for part in call.args.parts("rules")]
    if not rules:
        raise ValueError("argument 'rules' is missing")
    call.client("s3").put_bucket_lifecycle_configuration(
        Bucket=name, LifecycleConfiguration={"Rules": rules}
    )
    return name


@reads(LIFECYCLE)
def read_lifecycle(call: Call) -> Found:
    """Look at when objects go."""
    found = call.client("s3").get_bucket_lifecycle_configuration(Bucket=call.id)
    return {"rules": [_described_lifecycle(rule) for rule in found["Rules"]]}, {"bucket": call.id}


@deletes(LIFECYCLE)
def delete_lifecycle(call: Call) -> None:
    """Keep objects for ever."""
    call.client("s3").delete_bucket_lifecycle(Bucket=call.id)


@updates(POLICY)
@creates(POLICY, replaces={"bucket"})
def put_policy(call: Call) -> str:
    """Say who may do what with a bucket."""
    name, policy = call.args.need("bucket"), call.args.need("policy")
    check_resource_policy("policy", policy, "s3")
    call.client("s3").put_bucket_policy(Bucket=name, Policy=policy)
    return name


@reads(POLICY)
def read_policy(call: Call) -> Found:
    """Look at who may do what with a bucket."""
    found = call.client("s3").get_bucket_policy(Bucket=call.id)
    return {"policy": found["Policy"]}, {"bucket": call.id}


@deletes(POLICY)
def delete_policy(call: Call) -> None:
    """Leave a bucket to its account."""
    call.client("s3").delete_bucket_policy(Bucket=call.id)


@updates(OWNERSHIP)
@creates(OWNERSHIP, replaces={"bucket"})
def put_ownership(call: Call) -> str:
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
    return name


@reads(OWNERSHIP)
def read_ownership(call: Call) -> Found:
    """Look at who owns what others put into a bucket."""
    found = call.client("s3").get_bucket_ownership_controls(Bucket=call.id)
    (rule,) = found["OwnershipControls"]["Rules"]
    return {"rule": {"objectOwnership": rule["ObjectOwnership"]}}, {"bucket": call.id}


@deletes(OWNERSHIP)
def delete_ownership(call: Call) -> None:
    """Have everybody own what they put into a bucket."""
    call.client("s3").delete_bucket_ownership_controls(Bucket=call.id)


@updates(NOTIFICATION)
@creates(NOTIFICATION, replaces={"bucket"})
def put_notification(call: Call) -> str:
    """Say whether EventBridge hears of a bucket's objects."""
    bucket = call.args.need("bucket")
    told: dict[str, Any] = {"EventBridgeConfiguration": {}} if call.args.get("eventbridge") else {}
    call.client("s3").put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration=told
    )
    return bucket


@reads(NOTIFICATION)
def read_notification(call: Call) -> Found:
    """Look whether EventBridge hears of a bucket's objects."""
    found = call.client("s3").get_bucket_notification_configuration(Bucket=call.id)
    return {"eventbridge": "EventBridgeConfiguration" in found}, {"bucket": call.id}


@deletes(NOTIFICATION)
def delete_notification(call: Call) -> None:
    """Tell nobody of a bucket's objects."""
    call.client("s3").put_bucket_notification_configuration(
        Bucket=call.id, NotificationConfiguration={}
    )


def _capital(key: str) -> str:
    return key[:1].upper() + key[1:]


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


def _described_lifecycle(rule: dict[str, Any]) -> dict[str, Any]:
    expiration, old = rule.get("Expiration", {}), rule.get("NoncurrentVersionExpiration", {})
    uploads = rule.get("AbortIncompleteMultipartUpload", {})
    described = {
        "id": rule["ID"],
        "status": rule["Status"],
        "expiration": known(
            {
                "days": expiration.get("Days"),
                "expiredObjectDeleteMarker": expiration.get("ExpiredObjectDeleteMarker"),
            }
        ),
        "noncurrentVersionExpiration": known(
            {
                "noncurrentDays": old.get("NoncurrentDays"),
                "newerNoncurrentVersions": old.get("NewerNoncurrentVersions"),
            }
        ),
        "abortIncompleteMultipartUpload": known(
            {"daysAfterInitiation": uploads.get("DaysAfterInitiation")}
        ),
        "transitions": [
            {"days": move["Days"], "storageClass": move["StorageClass"]}
            for move in rule.get("Transitions", [])
        ],
    }
    return {**known(described), "filter": {"prefix": rule.get("Filter", {}).get("Prefix", "")}}
