"""Reachability: whether a task's connection arrives, as routes, endpoints and groups decide.

Not looked at: network ACLs (the VPC's own let everything pass), peering, IPv6.
"""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import ipaddress
import re
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from moto.ec2.models import ec2_backends

if TYPE_CHECKING:
    from rehearsal.cloud.aws import EmbeddedAws

HTTPS = 443
_ANYWHERE = "0.0.0.0/0"
_SERVICES = {
    "ecr": "ecr.api",
    "cloudwatch": "monitoring",
    "stepfunctions": "states",
    "awslambda": "lambda",
}
"""Last part of an endpoint's service name, where it is not moto's name of the service."""


class UnreachableError(Exception):
    """A connection does not arrive. The text says what is missing, for a person."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a task's network interface stands."""

    region: str
    subnet_id: str
    group_ids: tuple[str, ...]
    public_address: bool
    task_id: str


@dataclass(frozen=True, kw_only=True)
class Support:
    """Something of the network that a connection rested on."""

    kind: Literal[
        "endpoint", "private DNS", "route", "internet gateway", "NAT gateway", "security group rule"
    ]
    id: str
    """Id of the endpoint, gateway or rule; of a route, that of its table and its destination."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """How a connection arrives."""

    vpc_id: str
    endpoint_id: str | None
    """``None``: by the internet."""
    endpoint_policy: str
    """Document that decides what passes the endpoint; empty without an endpoint."""
    supports: tuple[Support, ...]


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A connection that did not arrive."""

    task_id: str
    service: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Agent:
    """Fargate's agent, which calls from a task's place."""

    place: Place
    endpoint: str | None
    """Last part of an endpoint's name, where it is not that of the service: ``ecr.dkr``."""


_agent: ContextVar[Agent | None] = ContextVar("agent", default=None)


@contextmanager
def as_agent(place: Place, endpoint: str | None = None) -> Generator[None]:
    """Let the calls of this thread be those of Fargate's agent for a task."""
    token = _agent.set(Agent(place=place, endpoint=endpoint))
    try:
        yield
    finally:
        _agent.reset(token)


def agent() -> Agent | None:
    """Return whose calls this thread makes; ``None``: not the agent's."""
    return _agent.get()


class Network:
    """Says how connections go in one embedded AWS."""

    def __init__(self, aws: "EmbeddedAws") -> None:
        self._aws = aws
        self._by_key: dict[str, Place] = {}
        self.used: set[Support] = set()
        """What connections rested on since somebody emptied it."""
        self.refusals: list[Refusal] = []

    def put(self, access_key: str, place: Place) -> None:
        """Let the calls that are signed with a task's credentials come from its place."""
        self._by_key[access_key] = place

    def place_of(self, access_key: str) -> Place | None:
        """Return where the calls with a key come from; ``None``: from outside of any network."""
        return self._by_key.get(access_key)

    def reach(self, place: Place, service: str | None, region: str | None = None) -> Way:
        """Return how a task reaches a service, or the internet, over HTTPS.

        ``service`` is moto's name of it, or the last part of its endpoint's name (``ecr.dkr``);
        ``region`` is the task's own if it is not said.

        Raises:
            UnreachableError: it does not.
        """
        name = _SERVICES.get(service, service) if service else None
        try:
            way = _Look(self._aws.account, place).way_to(name, region or place.region)
        except UnreachableError as error:
            refusal = Refusal(task_id=place.task_id, service=name or "internet", why=str(error))
            self.refusals.append(refusal)
            raise
        self.used.update(way.supports)
        return way


class _Look:
    """One look at the network from a place."""

    def __init__(self, account: str, place: Place) -> None:
        self._ec2: Any = ec2_backends[account][place.region]
        self._place = place
        self._subnet: Any = self._ec2.get_subnet(place.subnet_id)
        groups = [self._ec2.get_security_group_from_id(one) for one in place.group_ids]
        self._groups = groups or [self._default_group()]

    def _default_group(self) -> Any:
        """Return the group of whoever names none."""
        return next(
            group
            for group in self._ec2.groups[self._subnet.vpc_id].values()
            if group.name == "default"
        )

    def way_to(self, service: str | None, region: str) -> Way:
        vpc: Any = self._ec2.get_vpc(self._subnet.vpc_id)
        if not _is_true(vpc.enable_dns_support):
            raise UnreachableError(f"DNS support is off in {vpc.id}: no name resolves")
        here = [
            endpoint
            for endpoint in self._ec2.vpc_end_points.values()
            if endpoint.vpc_id == vpc.id
            and endpoint.state == "available"
            and endpoint.service_name == f"com.amazonaws.{region}.{service}"
        ]
        for endpoint in here:
            # A private name resolves to the endpoint for the whole VPC, way out or not.
            if endpoint.vpc_endpoint_type == "Interface" and _is_true(endpoint.private_dns_enabled):
                if not _is_true(vpc.enable_dns_hostnames):
                    raise UnreachableError(
                        f"DNS host names are off in {vpc.id}: private DNS of {endpoint.id} is idle"
                    )
                return self._by_interface(endpoint)
        for endpoint in here:
            if endpoint.vpc_endpoint_type == "Gateway":
                found = self._by_gateway(endpoint)
                if found is not None:
                    return found
        hints = [
            f"{endpoint.id} has private DNS off"
            if endpoint.vpc_endpoint_type == "Interface"
            else f"no route of {self._place.subnet_id} leads to {endpoint.id}"
            for endpoint in here
        ]
        if service is not None and not here:
            hints = [f"no endpoint of {service} in {vpc.id}"]
        return self._by_internet(hints)

    def _by_interface(self, endpoint: Any) -> Way:
        theirs = [self._ec2.get_security_group_from_id(one) for one in endpoint.security_group_ids]
        subnets = [self._ec2.get_subnet(one).cidr_block for one in endpoint.subnet_ids or []]
        if not subnets:
            raise UnreachableError(f"{endpoint.id} stands in no subnet")
        out = _passing(
            self._groups, "egress_rules", _admits_one_of(endpoint.security_group_ids, subnets)
        )
        if out is None:
            raise UnreachableError(
                f"{_ids(self._groups)} lets nothing out to {endpoint.id} on port {HTTPS}"
            )
        into = _passing(
            theirs,
            "ingress_rules",
            _admits_one_of([group.id for group in self._groups], [self._subnet.cidr_block]),
        )
        if into is None:
            raise UnreachableError(
                f"{_ids(theirs)} of {endpoint.id} lets nothing in from {_ids(self._groups)} "
                f"on port {HTTPS}"
            )
        return self._way(
            endpoint, [Support(kind="private DNS", id=endpoint.id), _rule(out), _rule(into)]
        )

    def _by_gateway(self, endpoint: Any) -> Way | None:
        """Return the way through a gateway endpoint; ``None`` if no route leads to it."""
        table = self._table(self._subnet.id)
        if table.id not in endpoint.route_table_ids:
            return None
        prefixes = endpoint.destination_prefix_list_id
        # Only rules on the whole internet count beside the list: its addresses are AWS's secret.
        out = _passing(
            self._groups,
            "egress_rules",
            lambda rule: rule.prefix_list_id == prefixes or _cidr(rule) == _ANYWHERE,
        )
        if out is None:
            raise UnreachableError(
                f"{_ids(self._groups)} lets nothing out to {prefixes} ({endpoint.service_name}) "
                f"on port {HTTPS}"
            )
        return self._way(endpoint, [Support(kind="route", id=f"{table.id} {prefixes}"), _rule(out)])

    def _by_internet(self, hints: list[str]) -> Way:
        table = self._table(self._subnet.id)
        route = _way_out(table)
        if route is None:
            raise UnreachableError(
                "; ".join([*hints, f"{table.id} of {self._subnet.id} has no route out"])
            )
        supports = [Support(kind="route", id=f"{table.id} {_ANYWHERE}")]
        if route.nat_gateway is not None:
            supports += self._by_nat(route.nat_gateway)
        elif not self._place.public_address:
            raise UnreachableError("; ".join([*hints, "the task has no public address"]))
        else:
            supports.append(Support(kind="internet gateway", id=route.gateway.id))
        out = _passing(self._groups, "egress_rules", lambda rule: _cidr(rule) == _ANYWHERE)
        if out is None:
            raise UnreachableError(
                "; ".join(
                    [
                        *hints,
                        f"{_ids(self._groups)} lets nothing out to {_ANYWHERE} on port {HTTPS}",
                    ]
                )
            )
        return Way(
            vpc_id=self._subnet.vpc_id,
            endpoint_id=None,
            endpoint_policy="",
            supports=(*supports, _rule(out)),
        )

    def _by_nat(self, nat: Any) -> list[Support]:
        if nat.state != "available":
            raise UnreachableError(f"{nat.id} is {nat.state}")
        table = self._table(nat.subnet_id)
        route = _way_out(table)
        if route is None or route.gateway is None:
            raise UnreachableError(f"{table.id} of {nat.id} has no route to the internet")
        return [
            Support(kind="NAT gateway", id=nat.id),
            Support(kind="route", id=f"{table.id} {_ANYWHERE}"),
            Support(kind="internet gateway", id=route.gateway.id),
        ]

    def _table(self, subnet_id: str) -> Any:
        """Return the route table of a subnet: its own, or the VPC's main one."""
        tables = [
            table
            for table in self._ec2.route_tables.values()
            if table.vpc_id == self._subnet.vpc_id
        ]
        own = [table for table in tables if subnet_id in table._associations.values()]  # noqa: SLF001 - the properties make dictionaries of them
        return next(iter(own), None) or next(table for table in tables if table.main_association_id)

    def _way(self, endpoint: Any, supports: Iterable[Support]) -> Way:
        return Way(
            vpc_id=self._subnet.vpc_id,
            endpoint_id=endpoint.id,
            endpoint_policy=endpoint.policy_document,
            supports=(Support(kind="endpoint", id=endpoint.id), *supports),
        )


def _way_out(table: Any) -> Any:
    """Return the default route of a table to an internet or NAT gateway, or ``None``."""
    return next(
        (
            route
            for route in table.routes
            if route.destination_cidr_block == _ANYWHERE
            and (
                route.nat_gateway is not None
                or (route.gateway is not None and route.gateway.id.startswith("igw-"))
            )
        ),
        None,
    )


def _passing(groups: Sequence[Any], way: str, admits: Callable[[Any], bool]) -> Any:
    """Return the first rule of some groups that lets HTTPS pass, or ``None``."""
    for group in groups:
        for rule in getattr(group, way):
            ports = rule.ip_protocol == "-1" or (
                rule.ip_protocol == "tcp" and rule.from_port <= HTTPS <= rule.to_port
            )
            if ports and admits(rule):
                return rule
    return None


def _admits_one_of(group_ids: Iterable[str], cidrs: Sequence[str]) -> Callable[[Any], bool]:
    """Return whether a rule names one of these groups, or a block with one of these in it."""
    wanted = set(group_ids)

    def admits(rule: Any) -> bool:
        if rule.source_group.get("GroupId") in wanted:
            return True
        block = _cidr(rule)
        return block is not None and any(
            ipaddress.IPv4Network(cidr).subnet_of(ipaddress.IPv4Network(block)) for cidr in cidrs
        )

    return admits


def _cidr(rule: Any) -> str | None:
    return rule.ip_range.get("CidrIp")


def _rule(rule: Any) -> Support:
    return Support(kind="security group rule", id=rule.id)


def _ids(groups: Iterable[Any]) -> str:
    return ", ".join(group.id for group in groups)


def _is_true(value: Any) -> bool:
    """Read a flag that moto keeps as it came: a bool, or its text."""
    return str(value).lower() == "true"


class Front:
    """The HTTP server's application, which hears nothing of connections that do not arrive.

    The program sees its connection closed without an answer at once, not after the seconds that a
    connect time-out would take.
    """

    def __init__(self, app: Callable[..., Any], network: Network) -> None:
        self._app = app
        self._network = network

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer a request that arrives.

        Raises:
            ConnectionAbortedError: it does not; the server closes the connection.
        """
        signed = SIGNED_BY.search(environ.get("HTTP_AUTHORIZATION", ""))
        place = self._network.place_of(signed[1]) if signed else None
        if signed and place is not None:
            try:
                self._network.reach(place, signed[3], signed[2])
            except UnreachableError as error:
                raise ConnectionAbortedError(str(error)) from error
        return self._app(environ, start_response)


SIGNED_BY = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")
"""Access key, region and service of a signed request."""
