"""What EventBridge calls outside of AWS, and how it proves there who calls."""

import re
from typing import Any

from rehearsal.provider.registry import (
    NAME,
    Arguments,
    Call,
    Found,
    creates,
    deletes,
    known,
    one_of,
    reads,
    updates,
    within,
)

MAX_URL_CHARACTERS = 2_048
MAX_CALLS_PER_SECOND = 300
METHODS = ("POST", "GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE")

_NAME = re.compile(r"[.\-_A-Za-z0-9]{1,64}")
# InvocationEndpoint in botocore's model, which demands https.
_URL = re.compile(r"https://((%[0-9A-Fa-f]{2}|[-()_.!~*';/?:@&=+$,A-Za-z0-9])+)([).!';/?:,])?")
_ADDED = {
    "headers": "HeaderParameters",
    "queryStrings": "QueryStringParameters",
    "bodies": "BodyParameters",
}
"""Argument, and its member of a connection's InvocationHttpParameters."""


CONNECTION = "aws:cloudwatch/eventConnection:EventConnection"
DESTINATION = "aws:cloudwatch/eventApiDestination:EventApiDestination"


@creates(CONNECTION, replaces=NAME)
def create_connection(call: Call) -> str:
    """Make a connection; EventBridge keeps its secrets in Secrets Manager."""
    name = _name(call)
    call.client("events").create_connection(Name=name, **_connection(call))
    return name


@reads(CONNECTION)
def read_connection(call: Call) -> Found:
    """Look at a connection; its secrets are told to nobody."""
    found = call.client("events").describe_connection(Name=call.id)
    return {
        "authorizationType": found["AuthorizationType"],
        "authParameters": _told(found["AuthParameters"]),
        "description": found.get("Description") or None,
    }, {"arn": found["ConnectionArn"], "name": call.id, "secretArn": found["SecretArn"]}


@updates(CONNECTION)
def update_connection(call: Call) -> None:
    """Change how a connection proves who calls."""
    call.client("events").update_connection(Name=call.id, **_connection(call))


@deletes(CONNECTION)
def delete_connection(call: Call) -> None:
    """Delete a connection with its secret."""
    call.client("events").delete_connection(Name=call.id)


@creates(DESTINATION, replaces=NAME)
def create_destination(call: Call) -> str:
    """Make an API destination."""
    name = _name(call)
    call.client("events").create_api_destination(Name=name, **_destination(call))
    return name


@reads(DESTINATION)
def read_destination(call: Call) -> Found:
    """Look at an API destination."""
    found = call.client("events").describe_api_destination(Name=call.id)
    return {
        "connectionArn": found["ConnectionArn"],
        "description": found.get("Description") or None,
        "httpMethod": found["HttpMethod"],
        "invocationEndpoint": found["InvocationEndpoint"],
        "invocationRateLimitPerSecond": found["InvocationRateLimitPerSecond"],
    }, {"arn": found["ApiDestinationArn"], "name": call.id}


@updates(DESTINATION)
def update_destination(call: Call) -> None:
    """Change where an API destination is, and how it is called."""
    call.client("events").update_api_destination(Name=call.id, **_destination(call))


@deletes(DESTINATION)
def delete_destination(call: Call) -> None:
    """Delete an API destination."""
    call.client("events").delete_api_destination(Name=call.id)


def _name(call: Call) -> str:
    name = call.physical_name()
    if not _NAME.fullmatch(name):
        raise ValueError(f"name is {name!r}: letters, digits and .-_, at most 64")
    return name


def _connection(call: Call) -> dict[str, Any]:
    args, parameters = call.args, call.args.part("authParameters")
    if parameters is None:
        raise ValueError("argument 'authParameters' is missing")
    kind = one_of("authorizationType", args.need("authorizationType"), ("API_KEY", "BASIC"))
    key, basic = parameters.part("apiKey"), parameters.part("basic")
    if (key is None) != (kind != "API_KEY") or (basic is None) != (kind != "BASIC"):
        raise ValueError(f"authorizationType is {kind}, but authParameters are of another")
    added = parameters.part("invocationHttpParameters")
    return {
        "AuthorizationType": kind,
        "Description": args.get("description", ""),
        "AuthParameters": known(
            {
                "ApiKeyAuthParameters": key
                and {"ApiKeyName": key.need("key"), "ApiKeyValue": key.need("value")},
                "BasicAuthParameters": basic
                and {"Username": basic.need("username"), "Password": basic.need("password")},
                "InvocationHttpParameters": added
                and known({_ADDED[kind]: _pairs(added, kind) for kind in _ADDED}),
            }
        ),
    }


def _pairs(added: Arguments, kind: str) -> list[dict[str, Any]]:
    return [
        {
            "Key": pair.need("key"),
            "Value": pair.need("value"),
            "IsValueSecret": pair.get("isValueSecret", False),
        }
        for pair in added.parts(kind)
    ]


def _told(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return what AWS tells of a connection, in the words of the arguments."""
    key, basic = parameters.get("ApiKeyAuthParameters"), parameters.get("BasicAuthParameters")
    added = parameters.get("InvocationHttpParameters")
    return known(
        {
            "apiKey": key and {"key": key["ApiKeyName"]},
            "basic": basic and {"username": basic["Username"]},
            "invocationHttpParameters": added
            and {
                kind: [
                    {
                        "key": pair["Key"],
                        "isValueSecret": pair["IsValueSecret"],
                        **({"value": pair["Value"]} if "Value" in pair else {}),
                    }
                    for pair in added[member]
                ]
                for kind, member in _ADDED.items()
                if member in added
            },
        }
    )


def _destination(call: Call) -> dict[str, Any]:
    args, url = call.args, call.args.need("invocationEndpoint")
    if not _URL.fullmatch(url) or len(url) > MAX_URL_CHARACTERS:  # which may be a secret
        raise ValueError(
            f"invocationEndpoint is no https address of at most {MAX_URL_CHARACTERS:,} characters"
        )
    rate = args.get("invocationRateLimitPerSecond", MAX_CALLS_PER_SECOND)
    within("invocationRateLimitPerSecond", rate, 1, MAX_CALLS_PER_SECOND)
    return {
        "ConnectionArn": args.need("connectionArn"),
        "Description": args.get("description", ""),
        "HttpMethod": one_of("httpMethod", args.need("httpMethod"), METHODS),
        "InvocationEndpoint": url,
        "InvocationRateLimitPerSecond": rate,
    }
