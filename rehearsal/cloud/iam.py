"""IAM: every request and every delivery is decided by the policies that stand in the account.

Requests are identified by their access key. The account's administrator may do everything that no
resource's own policy denies; sessions of roles and users' keys are decided about; any other key is
unknown. Signatures are not looked at, nor are organisations' policies.
"""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NoReturn
from urllib.parse import unquote

from botocore.exceptions import ClientError
from moto.core.responses import BaseResponse
from moto.iam.access_control import PermissionResult
from moto.iam.models import iam_backends
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response
from moto.stepfunctions.parser.models import stepfunctions_parser_backends
from moto.sts.models import sts_backends

from rehearsal.cloud import deploy_permissions, network, permissions, refusals, web_identity
from rehearsal.cloud.creation_checks import CHECKS
from rehearsal.cloud.permissions import Ask, Context, Request
from rehearsal.cloud.policy_documents import (
    Document,
    PolicyDocuments,
    default_version,
    documents_of,
    find_role,
    region_of,
)
from rehearsal.cloud.policy_evaluation import (
    Asked,
    Call,
    Decision,
    Grant,
    Policy,
    Principal,
    parse,
)
from rehearsal.cloud.refusals import Denial, DeniedError, answer
from rehearsal.cloud.repairs import Repairs

if TYPE_CHECKING:
    from rehearsal.cloud.aws import EmbeddedAws

ADMINISTRATOR_KEY = "AKIAADMINISTRATOR000"
"""Access key of the account's administrator, who deploys."""
_ADMINISTRATORS = frozenset({ADMINISTRATOR_KEY, "FOOBARKEY"})
"""The second is what moto itself puts into the environment of this process."""

_PREFIXES = {"stepfunctions": "states", "awslambda": "lambda"}
"""Prefix of a service's actions, where it is not moto's name of the service."""


@dataclass(frozen=True, kw_only=True)
class _Actor:
    """Who calls, and the documents that say what they may do."""

    principal: Principal
    policies: Sequence[Policy] = ()
    context: Mapping[str, list[str]]
    everything: bool = False


class Iam:
    """Decides about the requests and deliveries of one embedded AWS."""

    def __init__(self, aws: "EmbeddedAws") -> None:
        self._aws = aws
        self._sessions: dict[str, Any] = {}
        self.documents = PolicyDocuments(aws.account)
        self.denials: list[Denial] = []
        """What was refused, in order."""
        self.used: dict[Grant, Asked] = {}
        """What decisions rested on since somebody emptied it, with the first that did.

        ``where`` is a :class:`Document`. A statement whose condition failed is there too, not
        ``applied``.
        """

    def repair(self, repairs: Repairs) -> None:
        """Moto lets everybody do everything; or, asked to, refuses every exact ARN."""
        iam = self
        set_up = BaseResponse.setup_class

        def setup_class(self: Any, request: Any, *args: Any, **more: Any) -> None:
            set_up(self, request, *args, **more)
            if not isinstance(self, S3Response):  # S3 knows bucket and key only later
                iam._request(self, request)

        def s3_action(
            self: Any, bucket_name: str | None = None, key_name: str | None = None
        ) -> None:
            iam._s3_request(self, bucket_name, key_name)

        def leave_it_to_iam(*_: Any) -> Any:
            return PermissionResult.NEUTRAL

        repairs.put(BaseResponse, "setup_class", setup_class)
        repairs.put(BaseResponse, "_authenticate_and_authorize_s3_action", s3_action)
        refusals.repair(repairs)
        # Moto's own half of bucket policies, without conditions.
        repairs.put(FakeBucket, "get_permission", leave_it_to_iam)

    # -- what others ask

    def allow_service(
        self, *, principal: str, action: str, resource: str, context: Mapping[str, str]
    ) -> None:
        """Let an AWS service do something on its own behalf, if the resource's policy does.

        The key of an encrypted topic or queue must let it too. ``aws:SourceAccount`` is this
        account unless the context says otherwise.

        Raises:
            ClientError: as AWS answers when it is not allowed.
        """
        region, service = region_of(resource) or self._aws.region, action.partition(":")[0]
        source = {"aws:SourceAccount": self._aws.account, "aws:SecureTransport": "true"} | dict(
            context
        )
        actor = _Actor(
            principal=Principal(service=principal),
            context={key.lower(): [value] for key, value in source.items()}
            | {"aws:principalisawsservice": ["true"], "aws:principalservicename": [principal]},
        )
        request = Request(
            service=service,
            operation=action.partition(":")[2],
            parameters={},
            account=self._aws.account,
            region=region,
        )
        if principal == "cloudwatch.amazonaws.com":  # what a topic's first policy asks for
            actor = replace(
                actor, context={**actor.context, "aws:sourceowner": [self._aws.account]}
            )
        own = {key.lower(): [value] for key, value in context.items()}
        asks = [Ask(action=action, resource=resource, context=own)]
        if action == "sns:Publish":
            asks += permissions.topic_key_asks(request, resource)
        if action == "sqs:SendMessage":
            asks += permissions.queue_key_asks(request, resource, permissions.SEND_KEY_ACTIONS)
        for ask in asks:
            self._ask_or_client_error(actor, ask, service, action)

    def allow_role(
        self, *, role: str, action: str, resource: str, context: Context | None = None
    ) -> None:
        """Let a role do something for which moto has no operation.

        Raises:
            ClientError: as AWS answers when it is not allowed.
        """
        ask = Ask(action=action, resource=resource, context=context or {})
        service = action.partition(":")[0]
        agent = network.agent()
        session = agent.place.task_id if agent else "rehearsal"
        actor = self._with_way(self._of_role(role, session, None), "", service, region_of(role))
        self._ask_or_client_error(actor, ask, service, action)

    def allow_key(self, *, key: str, ask: Ask, service: str, region: str) -> None:
        """Let whoever has an access key do something for which moto has no operation.

        Raises:
            KeyError: it is nobody's.
            ClientError: as AWS answers when it is not allowed.
        """
        actor = self._with_way(self._actor(key), key, service, region)
        self._ask_or_client_error(actor, ask, service, ask.action)

    def assume(self, *, role: str, service: str, source_arn: str) -> None:
        """Let a service use a role, if the role trusts it to.

        Raises:
            ClientError: as AWS answers when the role does not, or does not exist.
        """
        actor = _Actor(
            principal=Principal(service=service),
            context={
                "aws:sourcearn": [source_arn],
                "aws:sourceaccount": [self._aws.account],
                "aws:principalisawsservice": ["true"],
                "aws:principalservicename": [service],
            },
        )
        ask = Ask(action="sts:AssumeRole", resource=role, context=_NO_STS_KEYS)
        self._ask_or_client_error(actor, ask, "sts", "AssumeRole")

    def admit(self, *, source: str, role: str | None, target: str) -> None:
        """Let a rule, schedule or alarm (``source``, its ARN) deliver to a target.

        With a role, the role must trust the service; what the role may do is asked when it calls.
        Without one, the target's own policy must admit the service.

        Raises:
            ClientError: as AWS answers when it is not allowed.
        """
        service = source.split(":")[2]
        if service == "scheduler":  # names the group of its schedule, never the schedule
            group = source.rpartition("/")[0]
            source = group.replace(":schedule/", ":schedule-group/")
        principal = f"{service}.amazonaws.com"
        if role is not None:
            self.assume(role=role, service=principal, source_arn=source)
            return
        action = _DELIVERIES.get(target.split(":")[2])
        if action is None:
            raise NotImplementedError(f"delivery from {source} to {target} without a role")
        self.allow_service(
            principal=principal,
            action=action,
            resource=target,
            context={"aws:SourceArn": source},
        )

    def machine_uses(self, role: str, region: str) -> None:
        """Let a state machine use its role.

        Raises:
            ClientError: the role does not trust any machine that has it.
        """
        machines: Any = stepfunctions_parser_backends[self._aws.account][region].state_machines
        arn = next((one.arn for one in machines if one.roleArn == role), "")
        self.assume(role=role, service="states.amazonaws.com", source_arn=arn)

    def pass_endpoint(self, way: network.Way, *, action: str, resource: str) -> None:
        """Let something pass an endpoint whose caller is nobody of this account.

        Raises:
            ClientError: the endpoint's policy does not.
        """
        if way.endpoint_id is None:
            return
        region = region_of(resource) or self._aws.region
        actor = _Actor(
            principal=Principal(),
            policies=[
                _endpoint_policy(way, region),
                # Whoever signed the address may: that is not for this account to say.
                Policy(kind="resource", where="the address", text=_EVERYBODY),
            ],
            context=_way_context(way),
        )
        ask = Ask(action=action, resource=resource)
        self._ask_or_client_error(actor, ask, action.partition(":")[0], action)

    # -- requests

    def _request(self, response: Any, http: Any) -> None:
        """Let a request pass, or answer it."""
        service: str = _PREFIXES.get(response.service_name, response.service_name or "")
        key, region = _signed(http)
        operation: str = response._get_action() or ""  # noqa: SLF001 - moto's way to know it
        check = CHECKS.get(f"{service}:{operation}")
        if key in _ADMINISTRATORS and service not in ("sns", "sqs", "sts") and check is None:
            return
        try:
            actor = self._actor(key)
        except KeyError:
            answer(
                response,
                "InvalidClientTokenId",
                "The security token included in the request is invalid.",
                403,
            )
        if (service, operation) == ("sts", "GetCallerIdentity"):
            return  # no permission is needed for it
        if not response.automated_parameter_parsing:
            response.parse_parameters(http)
        request = Request(
            service=service,
            operation=operation,
            parameters=response.params,
            account=self._aws.account,
            region=region or response.region,
        )
        if operation == "AssumeRoleWithWebIdentity":
            actor = self._bearer(response, request.parameters["WebIdentityToken"])
        try:
            actor = self._with_way(actor, key, response.service_name, request.region)
            actor = _secured(actor, http)
            for ask in self._asks(actor, request):
                self._ask(actor, ask)
        except DeniedError as denied:
            answer(response, *denied.answer(service))
        if check is not None:
            check(self, response, request)

    def _asks(self, actor: _Actor, request: Request) -> list[Ask]:
        asks = permissions.asks(request)
        if asks is None and not actor.everything:
            asks = deploy_permissions.asks(request)
        if asks is not None and actor.everything:
            # A service delivers by the administrator's hand once :meth:`admit` asked for keys.
            return [ask for ask in asks if not ask.for_service]
        if asks is not None:
            return asks
        if actor.everything or _is_administrator(actor):
            return []
        raise NotImplementedError(
            f"{request.service}:{request.operation} by {actor.principal} is not rehearsed: "
            "say in rehearsal/cloud/permissions.py what it asks for"
        )

    def _s3_request(self, response: Any, bucket: str | None, key: str | None) -> None:
        http = response.normalized_request
        access_key, region = _signed(http)
        named: str = response.data["Action"]
        action = _S3_ACTIONS.get(named, named) if key else _bucket_action(response, named)
        arn = f"arn:aws:s3:::{bucket}" if bucket else permissions.ANY
        try:
            actor = _secured(
                self._with_way(self._actor(access_key), access_key, "s3", region), http
            )
            for ask in _s3_asks(response, action, f"{arn}/{key}" if key else arn):
                self._ask(actor, ask)
        except KeyError:
            answer(
                response,
                "InvalidAccessKeyId",
                "The AWS Access Key Id you provided does not exist in our records.",
                403,
            )
        except DeniedError as denied:
            answer(response, *denied.answer("s3"))

    # -- who calls

    def _actor(self, key: str) -> _Actor:
        """Return whose key this is.

        Raises:
            KeyError: nobody's.
        """
        account = self._aws.account
        if not key:
            return _Actor(principal=Principal(), context={"aws:principaltype": ["Anonymous"]})
        if key in _ADMINISTRATORS:
            return _Actor(
                principal=Principal(account=account, arn=f"arn:aws:iam::{account}:root"),
                context=_of_account(account, f"arn:aws:iam::{account}:root", "Account"),
                everything=True,
            )
        if key not in self._sessions:
            assumed = sts_backends[account]["aws"].get_assumed_role_from_access_key(key)
            if assumed is None:
                return self._user(key)
            self._sessions[key] = assumed
        assumed = self._sessions[key]
        return self._of_role(assumed.role_arn, assumed.session_name, assumed.policy)

    def _bearer(self, response: Any, token: str) -> _Actor:
        """Return who holds a token, or answer that it is not taken."""
        try:
            principal, context = web_identity.bearer(self._aws.account, token)
        except web_identity.InvalidTokenError as error:
            answer(response, "InvalidIdentityToken", str(error), 400)
        return _Actor(principal=principal, context=context)

    def _of_role(self, arn: str, session: str, session_policy: str | None) -> _Actor:
        account, name = self._aws.account, arn.rsplit("/", 1)[-1]
        agent = network.agent()
        if agent is not None:
            session = agent.place.task_id
        role = find_role(account, name)
        policies: list[Policy] = []
        if role is not None:
            policies += _inline("role", name, role.policies)
            policies += _managed(role.managed_policies)
            if role.permissions_boundary_arn:
                boundary = Document(kind="boundary", owner=role.permissions_boundary_arn)
                # A boundary that does not exist bounds everything.
                text = self.documents.read(boundary) or _NOTHING
                policies.append(Policy(kind="boundary", where=boundary, text=text))
        if session_policy:
            where = Document(kind="session", owner=name)
            policies.append(Policy(kind="session", where=where, text=session_policy))
        tags = {tag["Key"]: tag["Value"] for tag in getattr(role, "tags", None) or []}
        return _Actor(
            principal=Principal(
                account=account,
                arn=arn,
                session_arn=f"arn:aws:sts::{account}:assumed-role/{name}/{session}",
            ),
            policies=policies,
            context=_of_account(account, arn, "AssumedRole")
            | {"aws:userid": [f"{role.id if role else 'AROA'}:{session}"]}
            | {f"aws:principaltag/{key}".lower(): [value] for key, value in tags.items()},
        )

    def _user(self, key: str) -> _Actor:
        account = self._aws.account
        iam: Any = iam_backends[account]["aws"]
        for user in iam.users.values():
            if any(one.access_key_id == key for one in user.access_keys):
                policies = [
                    *_inline("user", user.name, user.policies),
                    *_managed(user.managed_policies),
                ]
                for group in iam.groups.values():
                    if user in group.users:
                        policies += _inline("group", group.name, group.policies)
                        policies += _managed(group.managed_policies)
                return _Actor(
                    principal=Principal(account=account, arn=user.arn),
                    policies=policies,
                    context=_of_account(account, user.arn, "User")
                    | {"aws:username": [user.name], "aws:userid": [user.id]},
                )
        raise KeyError(key)

    def _with_way(self, actor: _Actor, key: str, service: str, region: str) -> _Actor:
        """Add how the call comes: the endpoint that it passes, with its policy."""
        agent = network.agent()
        place = agent.place if agent else self._aws.network.place_of(key)
        if place is None:
            return actor
        endpoint = (agent.endpoint if agent else None) or service
        way = self._aws.network.reach(place, endpoint, region or None)
        if way.endpoint_id is None:
            return actor
        return replace(
            actor,
            policies=[*actor.policies, _endpoint_policy(way, place.region)],
            context={**actor.context, **_way_context(way)},
        )

    # -- decisions

    def _ask_or_client_error(self, actor: _Actor, ask: Ask, service: str, operation: str) -> None:
        try:
            self._ask(actor, ask)
        except DeniedError as denied:
            code, message, status = denied.answer(service)
            answer: Any = {
                "Error": {"Code": code, "Message": message},
                "ResponseMetadata": {"HTTPStatusCode": status},
            }
            raise ClientError(answer, operation.rpartition(":")[2]) from denied

    def _ask(self, actor: _Actor, ask: Ask) -> None:
        """Decide, and keep what the decision rested on.

        Raises:
            DeniedError: no.
        """
        now = self._aws.clock.now()
        call = Call(
            principal=actor.principal,
            action=ask.action,
            resource=ask.resource,
            context={
                "aws:securetransport": ["true"],
                "aws:currenttime": [now.isoformat()],
                "aws:epochtime": [str(int(now.timestamp()))],
                "aws:requestedregion": [region_of(ask.resource) or self._aws.region],
                "aws:resourceaccount": [self._aws.account],
                "aws:viaawsservice": ["true" if ask.for_service else "false"],
                **actor.context,
                **ask.context,
            },
        )
        asked = Asked(
            call=call,
            policies=(*actor.policies, *self._policies_of(ask)),
            resource_must_allow=_has_the_last_word(ask),
            everything=actor.everything,
        )
        decision = asked.decide()
        for grant in decision.used:
            if isinstance(grant.where, Document):
                self.used.setdefault(grant, asked)
        if not decision.allowed:
            self._deny(actor, ask, decision)

    def _deny(self, actor: _Actor, ask: Ask, decision: Decision) -> NoReturn:
        nearest = decision.nearest
        role = actor.principal.session_arn and find_role(
            self._aws.account, (actor.principal.arn or "").rsplit("/", 1)[-1]
        )
        if actor.principal.session_arn and role is None:
            nearest = f"role {actor.principal.arn} does not exist"
        denial = Denial(
            actor=str(actor.principal),
            action=ask.action,
            resource=ask.resource,
            reason=decision.reason,
            nearest=nearest,
        )
        self.denials.append(denial)
        raise DeniedError(denial, ask)

    def _policies_of(self, ask: Ask) -> list[Policy]:
        """Return the policies that the resource itself has."""
        return [
            Policy(kind="resource", where=document, text=text)
            for document in documents_of(ask.action, ask.resource, self._aws.account)
            if (text := self.documents.read(document))
        ]


_DELIVERIES = {"sns": "sns:Publish", "sqs": "sqs:SendMessage", "logs": "logs:PutLogEvents"}
"""What a service does to deliver to a target, by the target's service."""

_NO_STS_KEYS: Context = {
    "sts:rolesessionname": [],
    "sts:externalid": [],
    "sts:sourceidentity": [],
    "sts:transitivetagkeys": [],
}
_EVERYBODY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"},
    }
)
_ARN_COLONS = 5
_NOTHING = json.dumps({"Version": "2012-10-17", "Statement": []})

_S3_ACTIONS = {
    "HeadBucket": "ListBucket",
    "ListBuckets": "ListAllMyBuckets",
    "SelectObject": "GetObject",
}
"""Action of what moto calls otherwise (Service Authorization Reference)."""


_S3_SETTINGS = {
    "encryption": "EncryptionConfiguration",
    "publicAccessBlock": "BucketPublicAccessBlock",
    "ownershipControls": "BucketOwnershipControls",
}
"""What comes behind ``Get`` or ``Put`` for what moto takes for another call about a bucket."""


def _bucket_action(response: Any, named: str) -> str:
    """Return the action of a call about a bucket; who deletes a setting needs its ``Put``."""
    for setting, words in _S3_SETTINGS.items():
        if setting in response.querystring:
            return f"{'Get' if response.method == 'GET' else 'Put'}{words}"
    return _S3_ACTIONS.get(named, named)


def _has_the_last_word(ask: Ask) -> bool:
    """Tell whether the resource's own policy must allow: that of a key, the trust in a role.

    A key that is not made yet has none, nor has an alias.
    """
    if ask.action.startswith("kms:"):
        return ":key/" in ask.resource and not ask.resource.endswith("/*")
    return ask.action.startswith("sts:AssumeRole")


def _s3_asks(response: Any, action: str, arn: str) -> Iterator[Ask]:
    query = response.querystring
    context: Context = {
        "s3:prefix": list(query.get("prefix", [])),
        "s3:delimiter": list(query.get("delimiter", [])),
        "s3:max-keys": list(query.get("max-keys", [])),
        "s3:versionid": list(query.get("versionId", [])),
        "s3:authtype": ["REST-HEADER"],
        "s3:signatureversion": ["AWS4-HMAC-SHA256"],
        "s3:x-amz-": [],
        "s3:resourceaccount": [],
        "s3:existingobjecttag/": [],
        "s3:requestobjecttag/": [],
    }
    headers = {name.lower(): value for name, value in response.headers.items()}
    context |= {
        f"s3:{name}": [value] for name, value in headers.items() if name.startswith("x-amz-")
    }
    yield Ask(action=f"s3:{action}", resource=arn, context=context)
    source = headers.get("x-amz-copy-source")
    if source:
        copied = unquote(source).lstrip("/").partition("?")[0]
        yield Ask(action="s3:GetObject", resource=f"arn:aws:s3:::{copied}", context=context)


def _signed(http: Any) -> tuple[str, str]:
    """Return access key and region of a signed request; empty if it is not signed."""
    scope = http.headers.get("Authorization") or unquote(http.args.get("X-Amz-Credential", ""))
    signed = network.SIGNED_BY.search(scope if "Credential=" in scope else f"Credential={scope}")
    return (signed[1], signed[2]) if signed else ("", "")


def _secured(actor: _Actor, http: Any) -> _Actor:
    """Say whether a request came over TLS. Containers' own address stands for one that does."""
    if not http.raw_url.startswith("http://") or http.from_wsgi_server:
        return actor
    return replace(actor, context={**actor.context, "aws:securetransport": ["false"]})


def _of_account(account: str, arn: str, kind: str) -> dict[str, list[str]]:
    return {
        "aws:principalaccount": [account],
        "aws:principalarn": [arn],
        "aws:principaltype": [kind],
        "aws:principalisawsservice": ["false"],
        "aws:sourceowner": [account],
    }


def _endpoint_policy(way: network.Way, region: str) -> Policy:
    where = Document(kind="endpoint", owner=way.endpoint_id or "", region=region)
    return Policy(kind="endpoint", where=where, text=way.endpoint_policy)


def _way_context(way: network.Way) -> dict[str, list[str]]:
    return {"aws:sourcevpce": [way.endpoint_id or ""], "aws:sourcevpc": [way.vpc_id]}


def _inline(
    kind: Literal["role", "user", "group"], owner: str, policies: Mapping[str, str]
) -> list[Policy]:
    return [
        Policy(
            kind="identity",
            where=Document(kind=kind, owner=owner, policy=name),
            text=unquote(text) if text.startswith("%") else text,
        )
        for name, text in policies.items()
    ]


def _managed(policies: Mapping[str, Any]) -> list[Policy]:
    return [
        Policy(
            kind="identity",
            where=Document(kind="managed policy", owner=arn),
            text=default_version(policy).document,
        )
        for arn, policy in policies.items()
    ]


def _is_administrator(actor: _Actor) -> bool:
    """Return whether someone may do everything, so that no operation needs to be mapped."""
    if any(policy.kind != "identity" for policy in actor.policies):
        return False
    statements = [one for policy in actor.policies for one in parse(policy.text)]
    return all(one.effect == "Allow" for one in statements) and any(
        one.allows_everything for one in statements
    )
