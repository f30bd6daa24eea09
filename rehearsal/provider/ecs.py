"""Clusters and task definitions for Fargate."""

import json
import re
from typing import Any

from definitions import sizes
from rehearsal.provider.registry import (
    Arguments,
    Call,
    Found,
    creates,
    deletes,
    known,
    one_of,
    reads,
    tagging,
    updates,
    within,
)

EPHEMERAL_STORAGE_GIB = (21, 200)
"""What a Fargate task may ask for; without asking it has 20."""
MAX_DEFINITION_BYTES = 65_536
"""Size of a task definition (ECS quotas)."""

_FAMILY = re.compile(r"[A-Za-z0-9_-]{1,255}")
_OPERATING_SYSTEMS = (
    "LINUX",
    "WINDOWS_SERVER_2019_CORE",
    "WINDOWS_SERVER_2019_FULL",
    "WINDOWS_SERVER_2022_CORE",
    "WINDOWS_SERVER_2022_FULL",
)


CLUSTER = "aws:ecs/cluster:Cluster"
CAPACITY = "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders"
TASK_DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"


@creates(
    CLUSTER, replaces={"name"}, tags=tagging("ecs", "resourceArn", of="id", words=("key", "value"))
)
def create_cluster(call: Call) -> str:
    """Make a cluster."""
    made = call.client("ecs").create_cluster(
        clusterName=call.physical_name(),
        **known({"settings": _settings(call), "tags": call.tag_list("key", "value")}),
    )
    arn: str = made["cluster"]["clusterArn"]
    return arn


@reads(CLUSTER)
def read_cluster(call: Call) -> Found | None:
    """Look at a cluster."""
    answer = call.client("ecs").describe_clusters(clusters=[call.id], include=["SETTINGS"])
    found = next((each for each in answer["clusters"] if each["status"] == "ACTIVE"), None)
    if found is None:
        return None
    settings = found.get("settings") or None
    return {"settings": settings}, {"arn": call.id, "name": found["clusterName"]}


@updates(CLUSTER)
def update_cluster(call: Call) -> None:
    """Change a cluster's settings; what is no longer said is off."""
    settings = _settings(call) or [{"name": "containerInsights", "value": "disabled"}]
    call.client("ecs").update_cluster(cluster=call.id, settings=settings)


@deletes(CLUSTER)
def delete_cluster(call: Call) -> None:
    """Delete a cluster; ECS refuses that while tasks run in it."""
    ecs = call.client("ecs")
    if tasks := ecs.list_tasks(cluster=call.id, desiredStatus="RUNNING")["taskArns"]:
        raise ValueError(
            f"cluster {call.id} has {len(tasks)} tasks (ClusterContainsTasksException)"
        )
    ecs.delete_cluster(cluster=call.id)


@creates(CAPACITY, replaces={"clusterName"})
def create_capacity(call: Call) -> str:
    """Give a cluster capacity providers, and say which ones tasks use that say nothing."""
    cluster: str = call.args.need("clusterName")
    _put_capacity(call, cluster)
    return cluster


@reads(CAPACITY)
def read_capacity(call: Call) -> Found | None:
    """Look at the capacity providers of a cluster."""
    (found,) = call.client("ecs").describe_clusters(clusters=[call.id])["clusters"] or [None]
    if found is None or not found.get("capacityProviders"):
        return None
    return {
        "capacityProviders": found["capacityProviders"],
        "clusterName": found["clusterName"],
        "defaultCapacityProviderStrategies": found.get("defaultCapacityProviderStrategy") or None,
    }, {}


@updates(CAPACITY)
def update_capacity(call: Call) -> None:
    """Change the capacity providers of a cluster."""
    _put_capacity(call, call.id)


@deletes(CAPACITY)
def delete_capacity(call: Call) -> None:
    """Take a cluster's capacity providers away."""
    call.client("ecs").put_cluster_capacity_providers(
        cluster=call.id, capacityProviders=[], defaultCapacityProviderStrategy=[]
    )


def _put_capacity(call: Call, cluster: str) -> None:
    providers: list[str] = call.args.get("capacityProviders", [])
    strategy = [
        {
            "capacityProvider": one_of(
                "capacityProvider", part.need("capacityProvider"), tuple(providers)
            ),
            **known({"weight": part.get("weight"), "base": part.get("base")}),
        }
        for part in call.args.parts("defaultCapacityProviderStrategies")
    ]
    call.client("ecs").put_cluster_capacity_providers(
        cluster=cluster, capacityProviders=providers, defaultCapacityProviderStrategy=strategy
    )


@creates(
    TASK_DEFINITION,
    replaces={
        *("containerDefinitions", "cpu", "ephemeralStorage", "executionRoleArn", "family"),
        *("memory", "networkMode", "requiresCompatibilities", "runtimePlatform", "taskRoleArn"),
        "volumes",
    },
    only_later={"skipDestroy", "trackLatest"},
    tags=tagging("ecs", "resourceArn", words=("key", "value")),
)
def create_task_definition(call: Call) -> str:
    """Register a task definition, checked as ECS checks one for Fargate."""
    args, family = call.args, call.args.need("family")
    if not _FAMILY.fullmatch(family):
        raise ValueError(f"family is {family!r}: letters, digits, - and _, at most 255")
    containers = _containers(args.need("containerDefinitions"))
    compatibilities = args.get("requiresCompatibilities", [])
    cpu, memory = args.get("cpu"), args.get("memory")
    network, execution_role = args.get("networkMode"), args.get("executionRoleArn")
    if "FARGATE" in compatibilities:
        _check_fargate(cpu, memory, network)
        _check_containers(containers, int(cpu), int(memory), execution_role)
    made = call.client("ecs").register_task_definition(
        family=family,
        containerDefinitions=containers,
        **known(
            {
                "cpu": cpu,
                "memory": memory,
                "networkMode": network,
                "requiresCompatibilities": compatibilities,
                "executionRoleArn": execution_role,
                "taskRoleArn": args.get("taskRoleArn"),
                "runtimePlatform": _platform(args.part("runtimePlatform")),
                "ephemeralStorage": _storage(args.part("ephemeralStorage")),
                "volumes": [{"name": part.need("name")} for part in args.parts("volumes")],
                "tags": call.tag_list("key", "value"),
            }
        ),
    )["taskDefinition"]
    call.outputs["arn"] = made["taskDefinitionArn"]
    return family


@reads(TASK_DEFINITION)
def read_task_definition(call: Call) -> Found | None:
    """Look at a revision, or at the family's latest where that is tracked."""
    wanted = call.id if call.args.get("trackLatest") else call.outputs["arn"]
    ecs = call.client("ecs")
    try:
        found = ecs.describe_task_definition(taskDefinition=wanted)["taskDefinition"]
    except ecs.exceptions.ClientException:  # what ECS says where there is none
        return None
    if found["status"] != "ACTIVE":
        return None
    arn: str = found["taskDefinitionArn"]
    storage = found.get("ephemeralStorage")
    return {
        "containerDefinitions": json.dumps(found["containerDefinitions"]),
        "cpu": found.get("cpu"),
        "memory": found.get("memory"),
        "networkMode": found.get("networkMode"),
        "requiresCompatibilities": found.get("requiresCompatibilities"),
        "executionRoleArn": found.get("executionRoleArn"),
        "taskRoleArn": found.get("taskRoleArn"),
        "runtimePlatform": found.get("runtimePlatform"),
        "ephemeralStorage": storage and {"sizeInGib": storage["sizeInGiB"]},
        "volumes": [{"name": volume["name"]} for volume in found.get("volumes", [])] or None,
    }, {"arn": arn, "arnWithoutRevision": arn.rpartition(":")[0], "revision": found["revision"]}


@deletes(TASK_DEFINITION)
def delete_task_definition(call: Call) -> None:
    """Deregister a revision, unless it is to stay for runs that still name it."""
    if not call.args.get("skipDestroy") and read_task_definition(call):
        call.client("ecs").deregister_task_definition(taskDefinition=call.outputs["arn"])


def _settings(call: Call) -> list[dict[str, str]]:
    return [
        {
            "name": one_of("settings.name", part.need("name"), ("containerInsights",)),
            "value": one_of(
                "containerInsights", part.need("value"), ("enabled", "disabled", "enhanced")
            ),
        }
        for part in call.args.parts("settings")
    ]


def _containers(text: str) -> list[dict[str, Any]]:
    try:
        containers = json.loads(text)
    except ValueError as error:
        raise ValueError(f"containerDefinitions is not JSON: {error}") from None
    if not isinstance(containers, list) or not containers:
        raise ValueError("containerDefinitions is no JSON list with a container at least")
    if len(text.encode()) > MAX_DEFINITION_BYTES:
        raise ValueError(f"containerDefinitions has more than {MAX_DEFINITION_BYTES:,} bytes")
    found: list[dict[str, Any]] = [*containers]
    return found


def _check_fargate(cpu: str | None, memory: str | None, network: str | None) -> None:
    if network != "awsvpc":
        raise ValueError(f"networkMode is {network!r}, but Fargate knows awsvpc")
    if not cpu or not memory:
        raise ValueError("'cpu' and 'memory' of the task are needed with Fargate")
    if not cpu.isdigit() or not memory.isdigit():
        raise ValueError(f"cpu {cpu!r} and memory {memory!r}: write units and MiB")
    sizes.check_size(int(cpu), int(memory))


def _check_containers(
    containers: list[dict[str, Any]], cpu: int, memory: int, execution_role: str | None
) -> None:
    names = [container.get("name") for container in containers]
    if len(set(names)) < len(names):
        raise ValueError("containerDefinitions: two containers have the same name")
    if not any(container.get("essential", True) for container in containers):
        raise ValueError("containerDefinitions: no container is essential")
    if sum(container.get("cpu", 0) for container in containers) > cpu:
        raise ValueError(f"containerDefinitions: together more than the task's {cpu} CPU units")
    for container in containers:
        asked = max(container.get("memory", 0), container.get("memoryReservation", 0))
        if asked > memory:
            raise ValueError(f"container {container.get('name')}: more than {memory} MiB")
        needed = _needs_execution_role(container)
        if needed and not execution_role:
            raise ValueError(
                f"container {container.get('name')}: 'executionRoleArn' is needed "
                f"for {needed} on Fargate"
            )


def _needs_execution_role(container: dict[str, Any]) -> str | None:
    """Return for what ECS itself needs a role to start a container, if for anything."""
    logging: dict[str, Any] = container.get("logConfiguration", {})
    if container.get("secrets"):
        return "secrets"
    if logging.get("logDriver") == "awslogs":
        return "the awslogs driver"
    return "an ECR image" if ".dkr.ecr." in container.get("image", "") else None


def _platform(part: Arguments | None) -> dict[str, Any] | None:
    if part is None:
        return None
    architecture = one_of("cpuArchitecture", part.get("cpuArchitecture"), ("X86_64", "ARM64"))
    system = one_of("operatingSystemFamily", part.get("operatingSystemFamily"), _OPERATING_SYSTEMS)
    return known({"cpuArchitecture": architecture, "operatingSystemFamily": system})


def _storage(part: Arguments | None) -> dict[str, Any] | None:
    if part is None:
        return None
    return {"sizeInGiB": within("sizeInGib", part.need("sizeInGib"), *EPHEMERAL_STORAGE_GIB)}
