"""Who may call: what keeps pages of other sites, and others on the network, from commanding the server.

A page of any site can have a browser on this machine send requests here. It is told by what browsers say of it (Host,
Origin, Sec-Fetch-Site), which a page cannot change; a name of the attacker's that leads to 127.0.0.1 (DNS rebinding)
by the Host, which then is that name.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Collection, Iterable
from ipaddress import IPv6Address, ip_address
from typing import Final
from urllib.parse import parse_qsl, urlencode

from fakesmb.web.answer import JSON, Answer, RefusedError

Header = Callable[[str], list[str]]
"""The values of a header of a request, by its name."""

POLICY: Final = (
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
)
SAFETY: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Headers of every answer."""
OPEN: Final = frozenset({"/readyz", "/healthz", "/", "/favicon.ico"})
"""What is told without a token: whether the server is there, and the page, which asks for the token."""
PAGE: Final = "/page/"
"""The files of the page, likewise."""
SIMPLE: Final = frozenset({"application/x-www-form-urlencoded", "multipart/form-data", "text/plain", ""})
"""Content types that a page may send to other sites without asking them."""
_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:/@\[\]]+)(?::(\d{0,5}))?")
_ORIGIN: Final = re.compile(r"https?://(.+)")
_TOKEN: Final = re.compile(r"(?:^|&)token=")
_READS: Final = frozenset({"GET", "HEAD"})


class Guard:
    """What is refused before anything else is looked at. `token` is empty where none is asked for."""

    def __init__(self, token: str, hosts: Iterable[str], session_key: bytes) -> None:
        """`hosts` are names beside those of loopback; with `session_key`, random, cookies are made of the token."""
        self._token = token
        self.cookie = "fakesmb"
        """The name of the cookie of a browser that has shown the token; servers on other ports have others."""
        self._hosts: Collection[str] = frozenset(_plain(host) for host in hosts)
        self._session = hmac.new(session_key, token.encode(), hashlib.sha256).hexdigest() if token else ""

    def check(self, method: str, path: str, query: str, header: Header, own_address: str) -> Answer | None:
        """Raises `RefusedError`; gives an answer where the call is a browser's that came with a token in its address.

        `own_address` is the one that the client reached.
        """
        host = self._check_host(header("host"), own_address)
        _check_origin(header("origin"), host)
        _check_site(method, header)
        if not self._token or path.startswith(PAGE) or (path in OPEN and not _TOKEN.search(query)):
            return None
        return self._check_token(method, path, query, header)

    def _check_host(self, given: list[str], own_address: str) -> str:
        """The Host, which is a name of this machine to itself, or one that was listed."""
        if len(given) != 1 or not (found := _HOST.fullmatch(given[0])):
            raise RefusedError(
                400, "a request has one header Host, a name or an address with or without a port"
            )
        name = _plain(found[1])
        if not (
            name in self._hosts
            or _is_loopback(name)
            or (not _is_loopback(own_address) and name == own_address)
        ):
            raise RefusedError(
                403,
                f"{found[1]} is no name of a loopback address, and not listed: [web] hosts lists others by which "
                "browsers may call",
            )
        return given[0].lower()

    def _check_token(self, method: str, path: str, query: str, header: Header) -> Answer | None:
        for given in header("authorization"):
            kind, _, value = given.partition(" ")
            if kind.lower() == "bearer" and _same(value.strip(), self._token):
                return None
        for cookies in header("cookie"):
            for cookie in cookies.split(";"):
                name, _, value = cookie.strip().partition("=")
                if name == self.cookie and _same(value, self._session):
                    return None
        words = parse_qsl(query, keep_blank_values=True)
        shown = [value for name, value in words if name == "token"]
        if shown and method in _READS and _same(shown[0], self._token):
            rest = urlencode([(name, value) for name, value in words if name != "token"])
            return Answer(
                status=303,
                media=JSON,
                headers={
                    "Location": "/" + path.lstrip("/") + (f"?{rest}" if rest else ""),
                    "Set-Cookie": f"{self.cookie}={self._session}; Path=/; HttpOnly; SameSite=Strict",
                },
            )
        raise RefusedError(
            401,
            "who calls shows the token: Authorization: Bearer TOKEN, or in a browser /?token=TOKEN once",
            {"WWW-Authenticate": 'Bearer realm="fakesmb"'},
        )


def _check_origin(given: list[str], host: str) -> None:
    for origin in given:
        found = _ORIGIN.fullmatch(origin.lower())
        if found is None or _authority(found[1]) != _authority(host):
            raise RefusedError(
                403, f"a page of {origin[:200]} may not call: only the page of this server may"
            )


def _check_site(method: str, header: Header) -> None:
    """Refuses what a browser sends for a page of another site; of another port of this machine, but links to here."""
    for site in header("sec-fetch-site"):
        navigates = method in _READS and header("sec-fetch-mode") == ["navigate"]
        if site in ("same-origin", "none") or (
            site == "same-site" and navigates and header("sec-fetch-dest") == ["document"]
        ):
            continue
        raise RefusedError(403, "a page of another site may not call: open the address yourself")


def content_type(given: list[str]) -> str:
    """The content type of a request, without parameters; empty where it has none."""
    return given[0].partition(";")[0].strip().lower() if len(given) == 1 else ""


def _authority(text: str) -> str:
    """Host and port; the port that goes without saying left out."""
    return text.removesuffix(":80").removesuffix(":443")


def _plain(host: str) -> str:
    return host.lower().strip("[]").rstrip(".")


def _is_loopback(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), wanted.encode())
