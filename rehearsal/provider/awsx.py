"""Images as awsx.ecr.Image builds and pushes them; here their content is only weighed."""

import hashlib
import json
from pathlib import Path
from typing import Any

from rehearsal.provider.registry import (
    Call,
    Found,
    creates,
    deletes,
    one_of,
    reads,
    updates,
)

PLATFORMS = ("linux/amd64", "linux/arm64")
"""What Fargate runs."""

_MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
_NEVER_IN_AN_IMAGE = frozenset({".git", ".venv", "__pycache__"})
"""Directories that change without the image changing."""


IMAGE = "awsx:ecr:Image"
_LAYERS = (
    *("BatchCheckLayerAvailability", "InitiateLayerUpload", "UploadLayerPart"),
    "CompleteLayerUpload",
)
"""What whoever pushes an image does with its layers, of which there are none here (ECR guide,
"Pushing a Docker image")."""


def check_image(inputs: dict[str, Any]) -> dict[str, Any]:
    """Weigh what a build would see, so that a changed file is a changed input."""
    context = Path(inputs.get("context", ".")).resolve()
    dockerfile = Path(inputs.get("dockerfile", context / "Dockerfile")).resolve()
    platform = one_of("platform", inputs.get("platform", PLATFORMS[0]), PLATFORMS)
    build_args = inputs.get("args", {})
    for key, path in (("context", context), ("dockerfile", dockerfile)):
        if not path.exists():
            raise ValueError(f"{key}: there is no {path}")
    settings = f"{platform} {json.dumps(build_args, sort_keys=True)}"
    return {
        "context": str(context),
        "dockerfile": str(dockerfile),
        "contextHash": _content(context, dockerfile, settings),
    }


@creates(IMAGE, replaces=(), check=check_image)
def create_image(call: Call) -> str:
    """Push an image whose digest follows from the content of its build context.

    Nothing is built: the embedded AWS runs the context's files as they are. A component has no id;
    the one here is where its tag is pushed to.
    """
    own = f"{hashlib.sha256(call.name.encode()).hexdigest()[:40]}-container"
    repository = call.args.need("repositoryUrl").partition("/")[2]
    tag = call.args.get("imageTag") or own
    _push(call, tag)
    return f"{repository}:{tag}"


@reads(IMAGE)
def read_image(call: Call) -> Found:
    """Look whether the image that was pushed is still there."""
    url, _, digest = call.outputs["imageUri"].partition("@")
    call.client("ecr").describe_images(
        repositoryName=url.partition("/")[2], imageIds=[{"imageDigest": digest}]
    )
    return {}, {"imageUri": call.outputs["imageUri"]}


@updates(IMAGE)
def update_image(call: Call) -> None:
    """Push what the build context holds now; the image before it stays."""
    _push(call, call.args.get("imageTag") or call.id.rpartition(":")[2])


@deletes(IMAGE)
def delete_image(call: Call) -> None:
    """Delete the image from its repository."""
    url, _, digest = call.outputs["imageUri"].partition("@")
    call.client("ecr").batch_delete_image(
        repositoryName=url.partition("/")[2], imageIds=[{"imageDigest": digest}]
    )
    call.cloud.images.pop(call.outputs["imageUri"], None)


def image_uri(inputs: dict[str, Any]) -> str:
    """Return the address of the image that checked inputs make, pushed or not."""
    return f"{inputs['repositoryUrl']}@{_digest(_manifest(inputs['contextHash']))}"


def _push(call: Call, tag: str) -> None:
    args, ecr = call.args, call.client("ecr")
    url, context = args.need("repositoryUrl"), Path(args.need("context"))
    for key in ("args", "dockerfile", "platform"):
        args.get(key)  # they are in the hash
    manifest = _manifest(args.need("contextHash"))
    digest, repository = _digest(manifest), url.partition("/")[2]
    if _must_push(ecr, repository, tag, digest):
        call.cloud.allow("ecr:GetAuthorizationToken", "*")
        for action in _LAYERS:
            call.cloud.allow(f"ecr:{action}", call.arn("ecr", f"repository/{repository}"))
        ecr.put_image(
            repositoryName=repository,
            imageTag=tag,
            imageManifest=manifest,
            imageManifestMediaType=_MANIFEST_TYPE,
            imageDigest=digest,
        )
    call.outputs["imageUri"] = f"{url}@{digest}"
    call.cloud.images[call.outputs["imageUri"]] = context


def _manifest(content: str) -> str:
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST_TYPE,
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": f"sha256:{content}",
                "size": 1,
            },
            "layers": [],
        }
    )


def _digest(manifest: str) -> str:
    return f"sha256:{hashlib.sha256(manifest.encode()).hexdigest()}"


def _content(context: Path, dockerfile: Path, settings: str) -> str:
    """Return a digest of what a build would see."""
    digest = hashlib.sha256(settings.encode())
    digest.update(dockerfile.read_bytes())
    for path in sorted(context.rglob("*")):
        inside = path.relative_to(context)
        if path.is_file() and not _NEVER_IN_AN_IMAGE.intersection(inside.parts):
            digest.update(f"\n{inside.as_posix()}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _must_push(ecr: Any, repository: str, tag: str, digest: str) -> bool:
    """Return whether the tag does not have this content yet.

    Raises:
        ValueError: it has another one and the repository's tags cannot be moved; moto has another
            word for that than ECR.
    """
    (found,) = ecr.describe_repositories(repositoryNames=[repository])["repositories"]
    digests = {
        other: image["imageDigest"]
        for image in ecr.describe_images(repositoryName=repository)["imageDetails"]
        for other in image.get("imageTags", [])
    }
    if found["imageTagMutability"] == "IMMUTABLE" and digests.get(tag, digest) != digest:
        raise ValueError(
            f"the image tag '{tag}' already exists in the '{repository}' repository and cannot be "
            "overwritten because the repository is immutable: choose another imageTag"
        )
    return digests.get(tag) != digest
