"""Images as awsx.ecr.Image builds and pushes them; here their content is only weighed."""

import hashlib
import json
from pathlib import Path
from typing import Any

from rehearsal.provider.registry import Call, Made, creates, one_of

PLATFORMS = ("linux/amd64", "linux/arm64")
"""What Fargate runs."""

_MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
_NEVER_IN_AN_IMAGE = frozenset({".git", ".venv", "__pycache__"})
"""Directories that change without the image changing."""


@creates("awsx:ecr:Image")
def image(call: Call) -> Made:
    """Push an image whose digest follows from the content of its build context.

    Nothing is built: the embedded AWS runs the context's files as they are.
    """
    args, ecr = call.args, call.client("ecr")
    url = args.need("repositoryUrl")
    context = Path(args.get("context", ".")).resolve()
    dockerfile = Path(args.get("dockerfile", context / "Dockerfile")).resolve()
    platform = one_of("platform", args.get("platform", PLATFORMS[0]), PLATFORMS)
    build_args = args.get("args", {})
    for key, path in (("context", context), ("dockerfile", dockerfile)):
        if not path.exists():
            raise ValueError(f"{key}: there is no {path}")
    content = _content(context, dockerfile, f"{platform} {json.dumps(build_args, sort_keys=True)}")
    tag = args.get("imageTag") or f"{hashlib.sha256(call.name.encode()).hexdigest()[:40]}-container"
    manifest = json.dumps(
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
    digest = f"sha256:{hashlib.sha256(manifest.encode()).hexdigest()}"
    repository = url.partition("/")[2]
    if _must_push(ecr, repository, tag, digest):
        ecr.put_image(
            repositoryName=repository,
            imageTag=tag,
            imageManifest=manifest,
            imageManifestMediaType=_MANIFEST_TYPE,
            imageDigest=digest,
        )
    uri = f"{url}@{digest}"
    call.cloud.images[uri] = context
    return "", {"imageUri": uri}  # a component has no id


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
