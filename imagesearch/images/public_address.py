"""Whether an IP address belongs to the public internet, whatever way it is wrapped."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

# IPv6 that a gateway turns into IPv4: the last 32 bits are the address that is really reached.
NAT64 = IPv6Network("64:ff9b::/96")
# Private in fact, though not always by what ipaddress knows: Azure's metadata service, Oracle's, and the old site-local range.
REFUSED = (IPv4Network("168.63.129.16/32"), IPv4Network("192.0.0.0/24"), IPv6Network("fec0::/10"))


def is_public(address: str) -> bool:
    """Say whether a stranger may have us connect there: not this host, a private network, multicast or cloud metadata.

    Raises ValueError for what is not an IP address.
    """
    ip = ip_address(address)
    if isinstance(ip, IPv6Address):
        inner = _wrapped(ip)
        if inner is not None:
            return is_public(str(inner))
    refused = ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_loopback or ip.is_link_local or ip.is_private
    return ip.is_global and not refused and not any(ip in network for network in REFUSED)


def _wrapped(ip: IPv6Address) -> IPv4Address | None:
    if ip in NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour
