"""Reads rendered network policies as Kubernetes does: may this pod open a connection to that pod, or that address?

A pod that some policy selects for a direction may do there what one of those policies allows, and nothing else; an
absent or empty list of peers means everybody. Both ends have a say.
"""

from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

# The namespace that the chart is rendered into.
NAMESPACE = "duck"


@dataclass(frozen=True)
class End:
    """A pod by its labels and namespace, or something outside by its address."""

    labels: dict[str, str] = field(default_factory=dict)
    namespace: str = NAMESPACE
    address: str = ""


def may_connect(policies: list[dict[str, Any]], source: End, target: End, port: int) -> bool:
    return _allows(policies, source, target, port, "Egress") and _allows(policies, target, source, port, "Ingress")


def _allows(policies: list[dict[str, Any]], this: End, other: End, port: int, direction: str) -> bool:
    ours = [policy["spec"] for policy in policies if _selects(policy["spec"], this, direction)]
    if not ours:
        return True
    rules = [rule for spec in ours for rule in spec.get(direction.lower()) or ()]
    peers = "to" if direction == "Egress" else "from"
    return any(_port_fits(rule, port) and _peer_fits(rule.get(peers), other) for rule in rules)


def _selects(spec: dict[str, Any], end: End, direction: str) -> bool:
    if end.address or end.namespace != NAMESPACE:
        return False
    return direction in spec["policyTypes"] and _labels_fit(spec["podSelector"], end.labels)


def _port_fits(rule: dict[str, Any], port: int) -> bool:
    ports = rule.get("ports")
    return not ports or any(one["port"] == port for one in ports)


def _peer_fits(peers: list[dict[str, Any]] | None, end: End) -> bool:
    return not peers or any(_one_peer_fits(peer, end) for peer in peers)


def _one_peer_fits(peer: dict[str, Any], end: End) -> bool:
    if "ipBlock" in peer:
        return bool(end.address) and _block_has(peer["ipBlock"], end.address)
    if end.address:
        return False
    if "namespaceSelector" in peer:
        if not _labels_fit(peer["namespaceSelector"], {"kubernetes.io/metadata.name": end.namespace}):
            return False
    elif end.namespace != NAMESPACE:
        return False
    return _labels_fit(peer.get("podSelector", {}), end.labels)


def _block_has(block: dict[str, Any], address: str) -> bool:
    def inside(network: str) -> bool:
        return ip_address(address) in ip_network(network)

    return inside(block["cidr"]) and not any(inside(hole) for hole in block.get("except") or ())


def _labels_fit(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    return dict(selector.get("matchLabels") or {}).items() <= labels.items()
