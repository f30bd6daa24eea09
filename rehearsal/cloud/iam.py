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
from moto.core import errors
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse
from moto.ec2.models import ec2_backends
from moto.ecr.models import ecr_backends
from moto.iam.access_control import PermissionResult
from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.s3.models import FakeBucket, s3_backends
from moto.s3.responses import S3Response
from moto.secretsmanager.models import secretsmanager_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from moto.stepfunctions.parser.models import stepfunctions_parser_backends
from moto.sts.models import sts_backends
from werkzeug.exceptions import HTTPException

from rehearsal.cloud import network, permissions
from rehearsal.cloud.permissions import Ask, Context, Request
from rehearsal.cloud.policy_evaluation import (
    Call,
    Decision,
    Grant,
    Policy,
    Principal,
    decide,
    parse,
)
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
class _Spelling:
    """How a service refuses what IAM does not allow."""

    code: str = "AccessDeniedException"
    status: int = 400
    prefix: str = ""
    """How its message writes the action's prefix, where that differs."""
    lower: bool = False
    """Whether its message writes actions in lower case."""
    key_code: str = "AccessDeniedException"
    """Code if it is the key of a resource that the caller may not use."""


_SPELLINGS = {
    "s3": _Spelling(code="AccessDenied", status=403, key_code="AccessDenied"),
    "sts": _Spelling(code="AccessDenied", status=403),
    "iam": _Spelling(code="AccessDenied", status=403),
    "cloudwatch": _Spelling(code="AccessDenied", status=403),
    "sns": _Spelling(
        code="AuthorizationError", status=403, prefix="SNS", key_code="KMSAccessDenied"
    ),
    "sqs": _Spelling(
        code="AccessDenied", status=403, lower=True, key_code="KMS.AccessDeniedException"
    ),
    "ec2": _Spelling(code="UnauthorizedOperation", status=403),
    "xray": _Spelling(status=403),
    "scheduler": _Spelling(status=403),
}
_USUAL = _Spelling()


@dataclass(frozen=True, kw_only=True)
class Document:
    """Where a policy document stands in the account."""

    kind: Literal[
        "role",
        "managed policy",
        "boundary",
        "trust",
        "session",
        "user",
        "group",
        "topic",
        "queue",
        "bucket",
        "key",
        "repository",
        "secret",
        "endpoint",
    ]
    owner: str
    """Name of the role, user or bucket; ARN of the policy, topic, queue, key, repository, secret;
    id of the endpoint."""
    policy: str = ""
    """Name of an inline policy."""
    region: str = ""
    """Of an endpoint, whose id does not say it."""

    def __str__(self) -> str:
        """Return the words for an explanation."""
        if self.policy:
            return f"policy {self.policy} of {self.kind} {self.owner}"
        if self.kind == "trust":
            return f"the trust policy of role {self.owner}"
        return f"the policy of {self.kind} {self.owner}"


@dataclass(frozen=True, kw_only=True)
class Denial:
    """What was not allowed to whom, and why."""

    actor: str
    action: str
    resource: str
    reason: str
    """AWS's words: ``because no identity-based policy allows the … action``."""
    nearest: str
    """Which statements came close and why they did not help, or which denies."""

    def __str__(self) -> str:
        """Return one line for a person."""
        return f"{self.actor} may not {self.action} on {self.resource}: {self.nearest}"


@dataclass(frozen=True, kw_only=True)
class _Actor:
    """Who calls, and the documents that say what they may do."""

    principal: Principal
    policies: Sequence[Policy] = ()
    context: Mapping[str, list[str]]
    everything: bool = False


class _DeniedError(Exception):
    """IAM says no."""

    def __init__(self, denial: Denial, ask: Ask) -> None:
        super().__init__(str(denial))
        self.ask = ask
        self.denial = denial

    def answer(self, service: str) -> tuple[str, str, int]:
        """Return error code, message and HTTP status by which a service says it."""
        spelling, denial = _SPELLINGS.get(service, _USUAL), self.denial
        prefix, _, name = denial.action.partition(":")
        action = denial.action.lower() if spelling.lower else f"{spelling.prefix or prefix}:{name}"
        if self.ask.for_service:
            action = denial.action
        message = (
            f"User: {denial.actor} is not authorized to perform: {action} on resource: "
            f"{denial.resource} {denial.reason.replace(denial.action, action)}"
        )
        if not self.ask.for_service:
            return spelling.code, message, spelling.status
        return spelling.key_code, f"{message} (Service: Kms, Status Code: 400)", spelling.status


class _ServiceError(ServiceException):
    """An error that moto writes in a service's own protocol; of no package of moto's."""


class _RefusedError(HTTPException):
    """The answer to a request that does not reach its operation."""

    def __init__(self, status: int, headers: Mapping[str, str], body: str | bytes) -> None:
        super().__init__()
        self.code = status
        self._headers = [(name, str(value)) for name, value in headers.items() if name != "status"]
        self._body = body

    def get_headers(self, *_: Any, **__: Any) -> list[tuple[str, str]]:
        return self._headers

    def get_body(self, *_: Any, **__: Any) -> str:
        return self._body if isinstance(self._body, str) else self._body.decode()


class Iam:
    """Decides about the requests and deliveries of one embedded AWS."""

    def __init__(self, aws: "EmbeddedAws") -> None:
        self._aws = aws
        self._sessions: dict[str, Any] = {}
        self.denials: list[Denial] = []
        """What was refused, in order."""
        self.used: set[Grant] = set()
        """What decisions rested on since somebody emptied it; ``where`` is a :class:`Document`.

        A statement whose condition failed is there too, not ``applied``.
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
        # Codes that every service may answer and no model names; moto warns of others.
        common = [*errors.COMMON_ERROR_CODES, "AccessDenied", "AccessDeniedException"]
        common += ["InvalidClientTokenId", "KMS.AccessDeniedException"]
        repairs.put(errors, "COMMON_ERROR_CODES", common)
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
        region, service = _region_of(resource) or self._aws.region, action.partition(":")[0]
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
        actor = self._with_way(self._of_role(role, session, None), "", service, _region_of(role))
        self._ask_or_client_error(actor, ask, service, action)

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
        region = _region_of(resource) or self._aws.region
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

    # -- documents, for whoever proves that each of their parts is needed

    def documents(self) -> list[Document]:
        """Return where every policy document of the account stands."""
        account = self._aws.account
        iam: Any = iam_backends[account]["aws"]
        found = [
            document
            for role in iam.roles.values()
            for document in (
                Document(kind="trust", owner=role.name),
                *(Document(kind="role", owner=role.name, policy=name) for name in role.policies),
            )
        ]
        found += [
            Document(kind="managed policy", owner=arn)
            for arn in iam.managed_policies
            if arn.startswith(f"arn:aws:iam::{account}:")
        ]
        found += [
            Document(kind="bucket", owner=bucket.name)
            for bucket in s3_backends[account]["aws"].buckets.values()
            if bucket.policy
        ]
        for region in list(ec2_backends[account]):
            found += self._regional_documents(region)
        return [document for document in found if self.read(document)]

    def _regional_documents(self, region: str) -> list[Document]:
        account = self._aws.account
        ec2: Any = ec2_backends[account][region]
        topics: Any = sns_backends[account][region].topics
        queues: Any = sqs_backends[account][region].queues.values()
        keys: Any = kms_backends[account][region].keys.values()
        repositories: Any = ecr_backends[account][region].repositories.values()
        secrets: Any = secretsmanager_backends[account][region].secrets.values()
        return [
            *(Document(kind="topic", owner=arn) for arn in topics),
            *(Document(kind="queue", owner=queue.queue_arn) for queue in queues),
            *(Document(kind="key", owner=key.arn) for key in keys),
            *(Document(kind="repository", owner=repository.arn) for repository in repositories),
            *(Document(kind="secret", owner=secret.arn) for secret in secrets),
            *(
                Document(kind="endpoint", owner=endpoint.id, region=region)
                for endpoint in ec2.vpc_end_points.values()
            ),
        ]

    def read(self, document: Document) -> str:
        """Return a document's text; empty if there is none."""
        holder, name = self._holder(document)
        if holder is None:
            return ""
        text: Any = holder.get(name) if isinstance(holder, dict) else getattr(holder, name)
        return text.decode() if isinstance(text, bytes) else text or ""

    def write(self, document: Document, text: str) -> None:
        """Put a text in a document's place at once, unchecked and by nobody's leave."""
        holder, name = self._holder(document)
        if isinstance(holder, dict):
            holder[name] = text
        elif document.kind == "bucket":
            holder.policy = text.encode()
        else:
            setattr(holder, name, text)

    def _holder(self, document: Document) -> tuple[Any, str]:
        """Return the object of moto's, or the dictionary, that holds a document, and its name."""
        account, owner = self._aws.account, document.owner
        iam: Any = iam_backends[account]["aws"]
        region = document.region or _region_of(owner)
        match document.kind:
            case "role":
                role = iam.roles.get(_role_id(iam, owner))
                return (role.policies if role else None), document.policy
            case "trust":
                return iam.roles.get(_role_id(iam, owner)), "assume_role_policy_document"
            case "managed policy" | "boundary":
                policy = iam.managed_policies.get(owner)
                return _default_version(policy), "document"
            case "user":
                user = iam.users.get(owner)
                return (user.policies if user else None), document.policy
            case "group":
                group = iam.groups.get(owner)
                return (group.policies if group else None), document.policy
            case "bucket":
                buckets: Any = s3_backends[account]["aws"].buckets
                return buckets.get(owner), "policy"
            case "topic":
                return sns_backends[account][region].topics.get(owner), "policy"
            case "queue":
                queues: Any = sqs_backends[account][region].queues
                return queues.get(owner.rsplit(":", 1)[-1]), "policy"
            case "key":
                return kms_backends[account][region].keys.get(owner.rsplit("/", 1)[-1]), "policy"
            case "repository":
                repositories: Any = ecr_backends[account][region].repositories
                return repositories.get(owner.split(":repository/")[-1]), "policy"
            case "secret":
                secrets: Any = secretsmanager_backends[account][region].secrets
                return secrets.get(owner), "policy"
            case "endpoint":
                ec2: Any = ec2_backends[account][region]
                return ec2.vpc_end_points.get(owner), "policy_document"
            case "session":
                return None, ""

    # -- requests

    def _request(self, response: Any, http: Any) -> None:
        """Let a request pass, or answer it."""
        service: str = _PREFIXES.get(response.service_name, response.service_name or "")
        key, region = _signed(http)
        operation: str = response._get_action() or ""  # noqa: SLF001 - moto's way to know it
        checked_for_all = f"{service}:{operation}" in _CHECKED_FOR_ALL
        if key in _ADMINISTRATORS and service not in ("sns", "sqs", "sts") and not checked_for_all:
            return
        try:
            actor = self._actor(key)
        except KeyError:
            _answer(
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
        try:
            actor = self._with_way(actor, key, response.service_name, request.region)
            actor = _secured(actor, http)
            for ask in self._asks(actor, request):
                self._ask(actor, ask)
        except _DeniedError as denied:
            _answer(response, *denied.answer(service))
        if checked_for_all:
            self._check_for_all(response, request)

    def _asks(self, actor: _Actor, request: Request) -> list[Ask]:
        asks = permissions.asks(request)
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
        action = _S3_ACTIONS.get(named, named)
        arn = f"arn:aws:s3:::{bucket}" if bucket else permissions.ANY
        try:
            actor = _secured(
                self._with_way(self._actor(access_key), access_key, "s3", region), http
            )
            for ask in _s3_asks(response, action, f"{arn}/{key}" if key else arn):
                self._ask(actor, ask)
        except KeyError:
            _answer(
                response,
                "InvalidAccessKeyId",
                "The AWS Access Key Id you provided does not exist in our records.",
                403,
            )
        except _DeniedError as denied:
            _answer(response, *denied.answer("s3"))

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

    def _of_role(self, arn: str, session: str, session_policy: str | None) -> _Actor:
        account, name = self._aws.account, arn.rsplit("/", 1)[-1]
        agent = network.agent()
        if agent is not None:
            session = agent.place.task_id
        role = _find_role(account, name)
        policies: list[Policy] = []
        if role is not None:
            policies += _inline("role", name, role.policies)
            policies += _managed(role.managed_policies)
            if role.permissions_boundary_arn:
                boundary = Document(kind="boundary", owner=role.permissions_boundary_arn)
                # A boundary that does not exist bounds everything.
                text = self.read(boundary) or _NOTHING
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
        except _DeniedError as denied:
            code, message, status = denied.answer(service)
            answer: Any = {
                "Error": {"Code": code, "Message": message},
                "ResponseMetadata": {"HTTPStatusCode": status},
            }
            raise ClientError(answer, operation.rpartition(":")[2]) from denied

    def _ask(self, actor: _Actor, ask: Ask) -> None:
        """Decide, and keep what the decision rested on.

        Raises:
            _DeniedError: no.
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
                "aws:requestedregion": [_region_of(ask.resource) or self._aws.region],
                "aws:resourceaccount": [self._aws.account],
                "aws:viaawsservice": ["true" if ask.for_service else "false"],
                **actor.context,
                **ask.context,
            },
        )
        resource = self._policy_of(ask)
        decision = decide(
            call,
            [*actor.policies, *([resource] if resource else [])],
            resource_must_allow=ask.action.startswith(("kms:", "sts:AssumeRole")),
            everything=actor.everything and not ask.action.startswith("sts:AssumeRole"),
        )
        self.used.update(decision.used)
        if not decision.allowed:
            self._deny(actor, ask, decision)

    def _deny(self, actor: _Actor, ask: Ask, decision: Decision) -> NoReturn:
        nearest = decision.nearest
        role = actor.principal.session_arn and _find_role(
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
        raise _DeniedError(denial, ask)

    def _policy_of(self, ask: Ask) -> Policy | None:
        document = _document_of(ask)
        text = self.read(document) if document is not None else ""
        if not text:
            return None
        return Policy(
            kind="resource", where=document, text=unquote(text) if text[0] == "%" else text
        )

    # -- what a service checks of its own accord, whoever calls

    def _check_for_all(self, response: Any, request: Request) -> None:
        if request.service == "states":
            self._check_machine(response, request)
        elif request.service == "scheduler":
            self._check_schedule(response, request)
        elif request.service == "logs":
            self._check_log_key(response, request)

    def _check_machine(self, response: Any, request: Request) -> None:
        """Step Functions looks at the role of a machine that is made or changed."""
        parameters, existing = request.parameters, None
        if request.operation == "UpdateStateMachine":
            backends: Any = stepfunctions_parser_backends[request.account]
            machines = backends[request.region].state_machines
            arn = parameters["stateMachineArn"]
            existing = next((machine for machine in machines if machine.arn == arn), None)
            if existing is None:
                return  # refused as unknown by Step Functions itself
        else:
            arn = request.arn(f"stateMachine:{parameters['name']}")
        role = parameters.get("roleArn") or getattr(existing, "roleArn", "")
        definition = parameters.get("definition") or getattr(existing, "definition", "")
        try:
            self.assume(role=role, service="states.amazonaws.com", source_arn=arn)
        except ClientError:
            _answer(
                response,
                "AccessDeniedException",
                "Neither the global service principal states.amazonaws.com, nor the regional one "
                "is authorized to assume the provided role.",
                400,
            )
        for rule in _managed_rules(definition):
            for action in ("PutTargets", "PutRule", "DescribeRule"):
                self._machine_may(
                    response,
                    role,
                    f"events:{action}",
                    request.arn(f"rule/{rule}", "events"),
                    f"'{role}' is not authorized to create managed-rule.",
                )
        logging = parameters.get("loggingConfiguration") or {}
        if logging.get("level", "OFF") != "OFF":
            for action in LOG_DELIVERY_ACTIONS:
                self._machine_may(
                    response,
                    role,
                    f"logs:{action}",
                    permissions.ANY,
                    "The state machine IAM Role is not authorized to access the Log Destination",
                )

    def _machine_may(self, response: Any, role: str, action: str, resource: str, said: str) -> None:
        keys = {"events:source": [], "events:detail-type": [], "events:creatoraccount": []}
        try:
            self.allow_role(
                role=role, action=action, resource=resource, context=dict[str, list[str]](keys)
            )
        except ClientError:
            _answer(response, "AccessDeniedException", said, 400)

    def _check_schedule(self, response: Any, request: Request) -> None:
        """Scheduler looks at the trust of a schedule's role."""
        group = request.parameters.get("GroupName") or "default"
        try:
            self.assume(
                role=request.parameters["Target"]["RoleArn"],
                service="scheduler.amazonaws.com",
                source_arn=request.arn(f"schedule-group/{group}"),
            )
        except ClientError:
            _answer(
                response,
                "ValidationException",
                "The execution role you provide must allow AWS EventBridge Scheduler to assume "
                "the role.",
                400,
            )

    def _check_log_key(self, response: Any, request: Request) -> None:
        """CloudWatch Logs tries the key of a log group, as the guide asks the key to be open."""
        key, group = request.parameters.get("kmsKeyId"), request.parameters.get("logGroupName")
        if not key:
            return
        arn = request.arn(f"log-group:{group}")
        try:
            for action in LOG_KEY_ACTIONS:
                self.allow_service(
                    principal=f"logs.{request.region}.amazonaws.com",
                    action=f"kms:{action}",
                    resource=key,
                    context={"kms:EncryptionContext:aws:logs:arn": arn},
                )
        except ClientError:
            _answer(
                response,
                "InvalidParameterException",
                "The specified KMS key does not exist or is not allowed to be used with "
                f"LogGroup '{arn}'",
                400,
            )


LOG_DELIVERY_ACTIONS = (
    "CreateLogDelivery",
    "GetLogDelivery",
    "UpdateLogDelivery",
    "DeleteLogDelivery",
    "ListLogDeliveries",
    "PutResourcePolicy",
    "DescribeResourcePolicies",
    "DescribeLogGroups",
)
"""What a machine that logs must be able to do (Step Functions guide, "Logging using CloudWatch
Logs"). Which of them CreateStateMachine really tries, no page says."""
LOG_KEY_ACTIONS = (
    "Encrypt",
    "Decrypt",
    "ReEncryptFrom",
    "ReEncryptTo",
    "GenerateDataKey",
    "DescribeKey",
)
"""What CloudWatch Logs does with a key (CloudWatch Logs guide, "Encrypt log data")."""
_CHECKED_FOR_ALL = frozenset(
    {
        "states:CreateStateMachine",
        "states:UpdateStateMachine",
        "scheduler:CreateSchedule",
        "scheduler:UpdateSchedule",
        "logs:CreateLogGroup",
        "logs:AssociateKmsKey",
    }
)

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
_NOTHING = json.dumps({"Version": "2012-10-17", "Statement": []})

_MANAGED_RULES = {
    "arn:aws:states:::ecs:runTask.sync": "StepFunctionsGetEventsForECSTaskRule",
    "arn:aws:states:::states:startExecution.sync": (
        "StepFunctionsGetEventsForStepFunctionsExecutionRule"
    ),
    "arn:aws:states:::states:startExecution.sync:2": (
        "StepFunctionsGetEventsForStepFunctionsExecutionRule"
    ),
    "arn:aws:states:::batch:submitJob.sync": "StepFunctionsGetEventsForBatchJobsRule",
}
"""Rule by which Step Functions hears of the end of what a task started."""


def _managed_rules(definition: str) -> list[str]:
    return sorted({rule for task, rule in _MANAGED_RULES.items() if f'"{task}"' in definition})


_S3_ACTIONS = {
    "HeadBucket": "ListBucket",
    "ListBuckets": "ListAllMyBuckets",
    "SelectObject": "GetObject",
}
"""Action of what moto calls otherwise (Service Authorization Reference)."""


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


def _answer(response: Any, code: str, message: str, status: int) -> NoReturn:
    """Answer a request in its service's own protocol."""
    _, headers, body = response.serialized(ActionResult(_ServiceError(code, message)))
    raise _RefusedError(status, headers, body)


def _document_of(ask: Ask) -> Document | None:
    """Return the document of a resource that may have a policy of its own."""
    _, _, service, _, _, rest = (ask.resource + ":::::").split(":", 5)
    rest = rest.rstrip(":")
    if ask.action.startswith("sts:AssumeRole"):
        return Document(kind="trust", owner=rest.rsplit("/", 1)[-1])
    if service == "s3":
        return Document(kind="bucket", owner=rest.partition("/")[0])
    if service == "sns":
        return Document(kind="topic", owner=ask.resource)
    if service == "sqs":
        return Document(kind="queue", owner=ask.resource)
    if service == "kms" and rest.startswith("key/"):
        return Document(kind="key", owner=ask.resource)
    if service == "ecr":
        return Document(kind="repository", owner=ask.resource)
    if service == "secretsmanager":
        return Document(kind="secret", owner=ask.resource)
    return None


def _region_of(arn: str) -> str:
    parts = arn.split(":")
    return parts[3] if len(parts) > 3 else ""


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
            text=_default_version(policy).document,
        )
        for arn, policy in policies.items()
    ]


def _default_version(policy: Any) -> Any:
    if policy is None:
        return None
    return next(one for one in policy.versions if one.version_id == policy.default_version_id)


def _role_id(iam: Any, name: str) -> str:
    return next((key for key, role in iam.roles.items() if role.name == name), "")


def _find_role(account: str, name: str) -> Any:
    iam: Any = iam_backends[account]["aws"]
    return next((role for role in list(iam.roles.values()) if role.name == name), None)


def _is_administrator(actor: _Actor) -> bool:
    """Return whether someone may do everything, so that no operation needs to be mapped."""
    if any(policy.kind != "identity" for policy in actor.policies):
        return False
    statements = [one for policy in actor.policies for one in parse(policy.text)]
    return all(one.effect == "Allow" for one in statements) and any(
        one.allows_everything for one in statements
    )
