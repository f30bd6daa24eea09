"""The provider behind Pulumi's plugin protocol, so that the real CLI deploys to the embedded AWS.

The CLI attaches to plugins that run already: ``PULUMI_DEBUG_PROVIDERS=aws:7501,awsx:7502``. What
each request holds is said in the SDK's ``pulumirpc.ResourceProvider`` (provider.proto).
"""

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from typing import Any

import grpc
from google.protobuf import empty_pb2, message_factory
from google.protobuf.message import Message
from pulumi.runtime.proto import plugin_pb2, provider_pb2, resource_pb2, resource_pb2_grpc

from rehearsal import wire
from rehearsal.engine import Provider
from rehearsal.provider import awsx
from rehearsal.provider.registry import Cloud

_SERVICE = provider_pb2.DESCRIPTOR.services_by_name["ResourceProvider"]
_WORKERS = 8
"""Requests that are taken at once; all but one wait for the provider, which is one."""
_ENGINE_SECONDS = 60
"""Real seconds after which an engine that does not answer is given up: it was killed."""
_NOT_SETTINGS = frozenset({"version", "pluginDownloadURL", "pluginChecksums"})
"""Inputs of a provider resource that are for the engine alone."""

Answer = Callable[[Any, str], Message]
"""Takes a request and the name of the connection that it came by."""


def listen(answers: Mapping[str, Answer], port: int) -> Callable[[], None]:
    """Answer a plugin's requests on this port of 127.0.0.1; return what ends that.

    ``answers`` are by method; the other methods are not implemented. An error becomes the text that
    the CLI shows under the resource.

    Raises:
        RuntimeError: the port is taken.
    """
    server: Any = grpc.server(  # untyped
        ThreadPoolExecutor(_WORKERS, "plugin"),
        # Two servers could share a port, and a large stack's request be over the default of 4 MB.
        options=[("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", -1)],
    )
    handlers = {name: _handler(name, answer) for name, answer in answers.items()}
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler(_SERVICE.full_name, handlers)]
    )
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    return lambda: server.stop(grace=None).wait()


def _handler(name: str, answer: Answer) -> Any:
    def handle(request: Message, context: grpc.ServicerContext) -> Message:
        try:
            return answer(request, context.peer())
        except Exception as error:
            context.abort(grpc.StatusCode.UNKNOWN, wire.reason(error, _secrets(request)))
            raise  # never reached: abort raises

    method = _SERVICE.methods_by_name[name]
    return grpc.unary_unary_rpc_method_handler(
        handle,
        request_deserializer=message_factory.GetMessageClass(method.input_type).FromString,
        response_serializer=message_factory.GetMessageClass(method.output_type).SerializeToString,
    )


def _secrets(request: Any) -> list[str]:
    """Return the texts of a request that must not be shown."""
    structs = [
        value
        for field, value in request.ListFields()
        if field.message_type is not None and field.message_type.full_name.endswith(".Struct")
    ]
    return [text for struct in structs for text in wire.secrets(wire.from_struct(struct))]


def _about(package: str) -> dict[str, Answer]:
    """Return what every plugin answers about itself."""
    version = metadata.version(f"pulumi-{package}")
    schema = json.dumps({"name": package, "version": version})
    return {
        "Handshake": lambda _request, _peer: provider_pb2.ProviderHandshakeResponse(
            accept_secrets=True, accept_resources=True, accept_outputs=True
        ),
        "Attach": lambda _request, _peer: empty_pb2.Empty(),
        "Cancel": lambda _request, _peer: empty_pb2.Empty(),
        "GetPluginInfo": lambda _request, _peer: plugin_pb2.PluginInfo(version=version),
        "GetSchema": lambda _request, _peer: provider_pb2.GetSchemaResponse(schema=schema),
        "CheckConfig": lambda request, _peer: provider_pb2.CheckResponse(inputs=request.news),
        "DiffConfig": _diff_config,
        "Configure": lambda _request, _peer: _configured(),
    }


def _configured() -> Message:
    return provider_pb2.ConfigureResponse(
        acceptSecrets=True, acceptResources=True, acceptOutputs=True, supportsPreview=True
    )


def _diff_config(request: Any, _peer: str) -> Message:
    old, new = _plain(request.old_inputs), _plain(request.news)
    changed = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
    return _difference(changed=changed, replaces=[], delete_first=False)


class AwsPlugin:
    """The plugin ``aws``: resources and functions."""

    def __init__(self, provider: Provider) -> None:
        self._unconfigured = provider
        self._configured: dict[str, Provider] = {}
        """By connection: the engine opens one for each provider of a program."""

    def answers(self) -> dict[str, Answer]:
        """Return what answers each method."""
        return {
            **_about("aws"),
            "Configure": self._configure,
            "Check": self._check,
            "Diff": self._diff,
            "Create": self._create,
            "Read": self._read,
            "Update": self._update,
            "Delete": self._delete,
            "Invoke": self._invoke,
        }

    def _provider(self, peer: str) -> Provider:
        return self._configured.get(peer, self._unconfigured)

    def _configure(self, request: Any, peer: str) -> Message:
        settings = _plain(request.args)
        self._configured[peer] = self._unconfigured.configure(
            {key: value for key, value in settings.items() if key not in _NOT_SETTINGS}
        )
        return _configured()

    def _check(self, request: Any, peer: str) -> Message:
        given = wire.from_struct(request.news)
        checked = self._provider(peer).check(request.type, wire.plain(given))
        # A text that is made of something unknown, a policy for example, is unknown itself.
        known = {
            key: wire.UNKNOWN if isinstance(value, str) and wire.has_unknown(value) else value
            for key, value in checked.items()
        }
        return provider_pb2.CheckResponse(inputs=_struct(known, given))

    def _diff(self, request: Any, peer: str) -> Message:
        found = self._provider(peer).diff(
            request.type,
            request.id,
            _plain(request.old_inputs),
            _plain(request.olds),
            _plain(request.news),
        )
        return _difference(
            changed=found.changed,
            replaces=found.replaces,
            delete_first=found.delete_before_replace,
        )

    def _create(self, request: Any, peer: str) -> Message:
        if request.preview:
            return provider_pb2.CreateResponse(properties=request.properties)
        given = wire.from_struct(request.properties)
        inputs = wire.plain(given)
        made, outputs = self._provider(peer).create(request.type, request.name, inputs)
        return provider_pb2.CreateResponse(
            id=made, properties=_struct({**inputs, **outputs}, given)
        )

    def _read(self, request: Any, peer: str) -> Message:
        given, state = wire.from_struct(request.inputs), wire.from_struct(request.properties)
        found = self._provider(peer).read(
            request.type, request.id, wire.plain(given), wire.plain(state)
        )
        if found is None:
            return provider_pb2.ReadResponse()
        inputs, outputs = found
        like = {**state, **given}
        return provider_pb2.ReadResponse(
            id=request.id,
            inputs=_struct(inputs, like),
            properties=_struct({**inputs, **outputs}, like),
        )

    def _update(self, request: Any, peer: str) -> Message:
        given, state = wire.from_struct(request.news), wire.from_struct(request.olds)
        inputs, old_inputs = wire.plain(given), _plain(request.old_inputs)
        if request.preview:  # an update changes no id and no ARN
            outputs = {key: state[key] for key in state if key not in old_inputs}
        else:
            outputs = self._provider(peer).update(
                request.type, request.id, inputs, old_inputs, wire.plain(state)
            )
        return provider_pb2.UpdateResponse(
            properties=_struct({**inputs, **wire.plain(outputs)}, {**state, **given})
        )

    def _delete(self, request: Any, peer: str) -> Message:
        self._provider(peer).delete(
            request.type, request.id, _plain(request.old_inputs), _plain(request.properties)
        )
        return empty_pb2.Empty()

    def _invoke(self, request: Any, peer: str) -> Message:
        answer = self._provider(peer).invoke(request.tok, _plain(request.args))
        response: Any = provider_pb2.InvokeResponse  # its field is named by a keyword
        return response(**{"return": wire.to_struct(answer)})


class AwsxPlugin:
    """The plugin ``awsx``, whose one component is the image."""

    def __init__(self, provider: Provider, cloud: Cloud) -> None:
        self._provider = provider
        self._cloud = cloud

    def answers(self) -> dict[str, Answer]:
        """Return what answers each method."""
        return {**_about("awsx"), "Construct": self._construct}

    def _construct(self, request: Any, _peer: str) -> Message:
        with grpc.insecure_channel(request.monitorEndpoint) as channel:
            engine: Any = resource_pb2_grpc.ResourceMonitorStub(channel)
            urn = engine.RegisterResource(_component(request), timeout=_ENGINE_SECONDS).urn
            state = wire.to_struct({"imageUri": self._image_uri(request)})
            engine.RegisterResourceOutputs(
                resource_pb2.RegisterResourceOutputsRequest(urn=urn, outputs=state),
                timeout=_ENGINE_SECONDS,
            )
        dependencies = provider_pb2.ConstructResponse.PropertyDependencies(urns=[urn])
        return provider_pb2.ConstructResponse(
            urn=urn, state=state, stateDependencies={"imageUri": dependencies}
        )

    def _image_uri(self, request: Any) -> str:
        inputs = self._provider.check(request.type, _plain(request.inputs))
        if not request.dryRun:
            # An image goes to where its repository is: <account>.dkr.ecr.<region>.amazonaws.com.
            there = self._provider.configure({"region": inputs["repositoryUrl"].split(".")[3]})
            _, outputs = there.create(request.type, request.name, inputs)
            return outputs["imageUri"]
        if wire.has_unknown(inputs):
            return wire.UNKNOWN
        uri = awsx.image_uri(inputs)
        return uri if uri in self._cloud.images else wire.UNKNOWN


def _component(request: Any) -> Message:
    """Return the registration of the component that ``Construct`` is asked for."""
    return resource_pb2.RegisterResourceRequest(
        type=request.type,
        name=request.name,
        parent=request.parent,
        object=request.inputs,
        dependencies=request.dependencies,
        propertyDependencies={
            key: resource_pb2.RegisterResourceRequest.PropertyDependencies(urns=needed.urns)
            for key, needed in request.inputDependencies.items()
        },
        protect=request.protect,
        retainOnDelete=request.retainOnDelete,
        aliases=request.aliases,
        aliasSpecs=True,
        acceptSecrets=True,
        acceptResources=True,
    )


def _difference(*, changed: Any, replaces: Any, delete_first: bool) -> Message:
    response = provider_pb2.DiffResponse
    return response(
        changes=response.DIFF_SOME if changed else response.DIFF_NONE,
        diffs=changed,
        replaces=replaces,
        deleteBeforeReplace=delete_first,
    )


def _plain(struct: Any) -> dict[str, Any]:
    return wire.plain(wire.from_struct(struct))


def _struct(values: dict[str, Any], like: dict[str, Any]) -> Any:
    return wire.to_struct(wire.wrapped_like(values, like))
