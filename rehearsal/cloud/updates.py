"""What changing things and looking at them again needs, and moto lacks."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import inspect
import json
from typing import Any

from moto.core.utils import camelcase_to_underscores
from moto.ec2.exceptions import InvalidSecurityGroupRuleIdNotFoundError
from moto.ec2.models import EC2Backend
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ec2.responses.vpcs import VPCs
from moto.ec2.utils import random_private_ip
from moto.kms.responses import KmsResponse
from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.responses import LogsResponse
from moto.secretsmanager.models import SecretsManagerBackend
from moto.sns.responses import SNSResponse

from rehearsal.cloud.repairs import Repairs


def repair(repairs: Repairs) -> None:
    """Let all be changed and deleted that AWS lets change and delete."""
    _network_acls_go_with_what_they_are_of(repairs)
    _nat_gateways_leave_nothing_behind(repairs)
    _rules_have_descriptions(repairs)
    _rules_change_as_a_whole(repairs)
    _endpoints_change_as_a_whole(repairs)
    _endpoints_go(repairs)
    _keys_of_log_groups_change(repairs)
    _keys_know_how_often_they_rotate(repairs)
    _topics_say_all_that_they_were_told(repairs)
    _secrets_lose_their_description(repairs)


def _network_acls_go_with_what_they_are_of(repairs: Repairs) -> None:
    """Moto keeps the network ACL of a VPC that is deleted, and associations of deleted subnets."""
    delete_subnet, delete_vpc = EC2Backend.delete_subnet, EC2Backend.delete_vpc

    def without_subnet(self: Any, subnet_id: str) -> Any:
        deleted = delete_subnet(self, subnet_id)
        for acl in self.network_acls.values():
            for key in [key for key, each in acl._associations.items() if _is_of(each, subnet_id)]:  # noqa: SLF001 - moto has no other way
                del acl._associations[key]  # noqa: SLF001 - likewise
        return deleted

    def without_vpc(self: Any, vpc_id: str) -> Any:
        deleted = delete_vpc(self, vpc_id)
        for acl_id in [acl.id for acl in self.network_acls.values() if acl.vpc_id == vpc_id]:
            del self.network_acls[acl_id]
        return deleted

    repairs.put(EC2Backend, "delete_subnet", without_subnet)
    repairs.put(EC2Backend, "delete_vpc", without_vpc)


def _nat_gateways_leave_nothing_behind(repairs: Repairs) -> None:
    """Moto keeps the interface of a NAT gateway that is deleted, and its hold on the address."""
    delete = EC2Backend.delete_nat_gateway

    def without_interface(self: Any, nat_gateway_id: str) -> Any:
        deleted = delete(self, nat_gateway_id)
        for address in deleted.address_set:
            if association := address.get("associationId"):
                self.disassociate_address(association_id=association)
            self.delete_network_interface(address["networkInterfaceId"])
        return deleted

    repairs.put(EC2Backend, "delete_nat_gateway", without_interface)


def _is_of(association: Any, subnet_id: str) -> bool:
    return association.subnet_id == subnet_id


def _rules_have_descriptions(repairs: Repairs) -> None:
    """Moto forgets the description of a rule whose source is a group or a prefix list."""
    make = SecurityGroupRule.__init__

    signature = inspect.signature(make)

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        given = signature.bind(self, *args, **kwargs).arguments
        self.prefix_list = given.get("prefix_list_id") or {}
        make(self, *args, **kwargs)

    def description(self: Any) -> str | None:
        sources = (self.ip_range, self.source_group, self.prefix_list)
        return next((each["Description"] for each in sources if each.get("Description")), None)

    repairs.put(SecurityGroupRule, "__init__", init)
    repairs.put(SecurityGroupRule, "description", property(description))


def _rules_change_as_a_whole(repairs: Repairs) -> None:
    """Moto changes ports and an IPv4 range of a rule, and no rule without ports."""

    def modify_security_group_rules(
        self: Any, group_id: str, rules: dict[str, dict[str, Any]]
    ) -> None:
        group = self.get_security_group_by_name_or_id(group_id)
        for rule_id, wanted in rules.items():
            rule = group.get_rule(rule_id)
            if rule is None:
                raise InvalidSecurityGroupRuleIdNotFoundError(rule_id)
            words = {"Description": wanted["Description"]} if wanted.get("Description") else {}
            ranges = {"CidrIp": wanted.get("CidrIpv4"), "CidrIpv6": wanted.get("CidrIpv6")}
            ip_range = {key: value for key, value in ranges.items() if value}
            other = wanted.get("ReferencedGroupId")
            rule.ip_protocol = str(wanted["IpProtocol"])
            rule.from_port, rule.to_port = wanted.get("FromPort"), wanted.get("ToPort")
            rule.ip_range = {**ip_range, **words}
            rule.source_group = (
                {"GroupId": other, "OwnerId": self.account_id, **words} if other else {}
            )
            rule.prefix_list_id = wanted.get("PrefixListId")
            rule.prefix_list = words if rule.prefix_list_id else {}

    repairs.put(EC2Backend, "modify_security_group_rules", modify_security_group_rules)


def _endpoints_go(repairs: Repairs) -> None:
    """Moto lists endpoints for ever that are deleted; EC2 does for some minutes."""
    delete = EC2Backend.delete_vpc_endpoints

    def delete_vpc_endpoints(self: Any, vpce_ids: list[str] | None = None) -> None:
        delete(self, vpce_ids)
        for endpoint in vpce_ids or []:
            self.vpc_end_points.pop(endpoint, None)

    repairs.put(EC2Backend, "delete_vpc_endpoints", delete_vpc_endpoints)


def _endpoints_change_as_a_whole(repairs: Repairs) -> None:
    """Moto changes an endpoint's lists, but not its routes, its interfaces, its private names."""
    modify = VPCs.modify_vpc_endpoint

    def modify_vpc_endpoint(self: Any) -> Any:
        ec2, endpoint_id = self.ec2_backend, self._get_param("VpcEndpointId")
        answer = modify(self)
        endpoint = ec2.vpc_end_points[endpoint_id]
        private_dns = self._get_param("PrivateDnsEnabled")
        if private_dns is not None:
            endpoint.private_dns_enabled = str(private_dns).lower() == "true"
        if str(self._get_param("ResetPolicy")).lower() == "true":
            endpoint.policy_document = _FULL_ACCESS
        for table in self._get_param("AddRouteTableIds", []):
            ec2.create_route(
                table,
                None,
                gateway_id=endpoint_id,
                destination_prefix_list_id=endpoint.destination_prefix_list_id,
            )
        for table in self._get_param("RemoveRouteTableIds", []):
            ec2.delete_route(table, endpoint.destination_prefix_list_id)
        for subnet in self._get_param("AddSubnetIds", []):
            interface = ec2.create_network_interface(ec2.get_subnet(subnet), random_private_ip())
            endpoint.network_interface_ids.append(interface.id)
        for subnet in self._get_param("RemoveSubnetIds", []):
            for interface_id in [
                each for each in endpoint.network_interface_ids if _is_in(ec2, each, subnet)
            ]:
                endpoint.network_interface_ids.remove(interface_id)
                del ec2.enis[interface_id]
        return answer

    repairs.put(VPCs, "modify_vpc_endpoint", modify_vpc_endpoint)


_FULL_ACCESS = (
    '{"Version":"2008-10-17","Statement":'
    '[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}'
)
"""What an endpoint without a policy of its own lets pass (AWS PrivateLink guide)."""


def _is_in(ec2: Any, interface_id: str, subnet_id: str) -> bool:
    subnet = ec2.enis[interface_id].subnet
    return subnet_id in (subnet, getattr(subnet, "id", None))


def _keys_of_log_groups_change(repairs: Repairs) -> None:
    """Moto lacks AssociateKmsKey and DisassociateKmsKey."""

    def associate_kms_key(self: Any) -> str:
        _group(self).kms_key_id = self._get_param("kmsKeyId")
        return ""

    def disassociate_kms_key(self: Any) -> str:
        _group(self).kms_key_id = None
        return ""

    repairs.add(LogsResponse, "associate_kms_key", associate_kms_key)
    repairs.add(LogsResponse, "disassociate_kms_key", disassociate_kms_key)


def _keys_know_how_often_they_rotate(repairs: Repairs) -> None:
    """Moto forgets RotationPeriodInDays; without it a year is meant (EnableKeyRotation)."""
    enable, status = KmsResponse.enable_key_rotation, KmsResponse.get_key_rotation_status

    def enable_key_rotation(self: Any) -> str:
        answer = enable(self)
        _key(self).rotation_period = self._get_param("RotationPeriodInDays") or 365
        return answer

    def get_key_rotation_status(self: Any) -> str:
        answer = json.loads(status(self))
        if answer["KeyRotationEnabled"]:
            answer["RotationPeriodInDays"] = getattr(_key(self), "rotation_period", 365)
        return json.dumps(answer)

    repairs.put(KmsResponse, "enable_key_rotation", enable_key_rotation)
    repairs.put(KmsResponse, "get_key_rotation_status", get_key_rotation_status)


def _key(kms: Any) -> Any:
    key_id = kms._get_param("KeyId")  # noqa: SLF001 - how moto reads a request
    return kms.kms_backend.keys[kms.kms_backend.get_key_id(key_id)]


def _topics_say_all_that_they_were_told(repairs: Repairs) -> None:
    """Moto keeps SignatureVersion and TracingConfig of a topic to itself."""
    get = SNSResponse.get_topic_attributes

    def get_topic_attributes(self: Any) -> Any:
        answer: Any = get(self)
        topic = self.backend.get_topic(self._get_param("TopicArn"))
        for name in ("SignatureVersion", "TracingConfig"):
            if value := getattr(topic, camelcase_to_underscores(name), None):
                answer.result["Attributes"][name] = value
        return answer

    repairs.put(SNSResponse, "get_topic_attributes", get_topic_attributes)


def _secrets_lose_their_description(repairs: Repairs) -> None:
    """Moto keeps the old description where an empty one is given."""
    update = SecretsManagerBackend.update_secret

    def update_secret(self: Any, secret_id: str, *args: Any, **given: Any) -> Any:
        answer = update(self, secret_id, *args, **given)
        if given.get("description") == "":
            self.secrets[secret_id].description = ""
        return answer

    repairs.put(SecretsManagerBackend, "update_secret", update_secret)


def _group(logs: Any) -> Any:
    name = logs._get_param("logGroupName")  # noqa: SLF001 - how moto reads a request
    if name not in logs.logs_backend.groups:
        raise ResourceNotFoundException
    return logs.logs_backend.groups[name]
