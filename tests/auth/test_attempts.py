"""Wrong passwords by address: what waits, for how long, and what is remembered."""

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock

from fakesmb.auth.attempts import Attempts, Rules, address_of
from fakesmb.nt.status import NT, SMBError

RULES = Rules(at_once=3, pause=2.0, waiting=4, addresses=5, forgotten=60.0, lock_out_after=10, lock_out=0.0)


class Lab:
    """Attempts with a clock; `looked_at` has the sign-ins that had their turn."""

    def __init__(self, rules: Rules = RULES) -> None:
        self.clock = Clock()
        self.attempts = Attempts(rules, self.clock.seconds, self.clock.callLater)
        self.looked_at: list[str] = []
        self.said: list[str] = []

    def wrong(self, address: str = "10.0.0.1", times: int = 1) -> None:
        self.said += filter(None, (self.attempts.wrong(address) for _ in range(times)))

    def sign_in(
        self, name: str, *, right: bool = False, address: str = "10.0.0.1"
    ) -> "Deferred[None] | None":
        def look(_: object = None) -> None:
            self.looked_at.append(name)
            if not right:
                self.wrong(address)

        turn = self.attempts.turn(address)
        if turn is None:
            look()
            return None
        turn.addCallbacks(look, lambda failure: failure.trap(CancelledError))
        return turn


@pytest.fixture
def lab() -> Lab:
    return Lab()


def test_the_first_wrong_ones_cost_nothing(lab: Lab) -> None:
    for name in "abc":
        lab.sign_in(name)
    assert lab.looked_at == ["a", "b", "c"]
    assert lab.said == [
        "3 wrong passwords from 10.0.0.1: the next sign-ins wait for 2 s after each further one"
    ]


def test_those_in_line_have_their_turns_one_pause_apart(lab: Lab) -> None:
    lab.wrong(times=3)
    for name in "abc":
        lab.sign_in(name)
    assert lab.looked_at == []
    for expected in (["a"], ["a", "b"], ["a", "b", "c"]):
        lab.clock.advance(1.9)
        assert len(lab.looked_at) == len(expected) - 1
        lab.clock.advance(0.1)
        assert lab.looked_at == expected
    assert lab.clock.getDelayedCalls() == []


def test_what_is_right_does_not_hold_up_the_line(lab: Lab) -> None:
    lab.wrong(times=3)
    for name in "abc":
        lab.sign_in(name, right=True)
    lab.sign_in("d")
    lab.clock.advance(2)
    assert lab.looked_at == ["a", "b", "c", "d"]


def test_whoever_waits_by_itself_does_not_wait_longer(lab: Lab) -> None:
    lab.wrong(times=3)
    lab.clock.advance(2)
    lab.sign_in("a")
    assert lab.looked_at == ["a"]


def test_other_addresses_do_not_wait(lab: Lab) -> None:
    lab.wrong(times=9)
    lab.sign_in("a", address="10.0.0.2")
    assert lab.looked_at == ["a"]


def test_the_line_has_an_end(lab: Lab) -> None:
    lab.wrong(times=3)
    waiting = [lab.sign_in(name) for name in "abcd"]
    with pytest.raises(SMBError, match=r"not looked at: 4 sign-ins from .* wait") as caught:
        lab.sign_in("e")
    assert caught.value.status == NT.LOGON_FAILURE
    for one in waiting:
        assert one is not None
        one.cancel()
    assert lab.clock.getDelayedCalls() == []


def test_who_leaves_the_line_is_not_called(lab: Lab) -> None:
    lab.wrong(times=3)
    first = lab.sign_in("a")
    lab.sign_in("b")
    assert first is not None
    first.cancel()
    lab.clock.advance(2)
    assert lab.looked_at == ["b"]


def test_what_cannot_wait_is_refused(lab: Lab) -> None:
    lab.attempts.now("10.0.0.1")
    lab.wrong(times=3)
    with pytest.raises(SMBError, match="not looked at"):
        lab.attempts.now("10.0.0.1")
    lab.clock.advance(2)
    lab.attempts.now("10.0.0.1")


def test_quiet_addresses_are_forgotten(lab: Lab) -> None:
    lab.wrong(times=3)
    lab.clock.advance(60)
    lab.sign_in("a")
    lab.sign_in("b")
    assert lab.looked_at == ["a", "b"]


def test_memory_is_bounded_and_a_line_is_kept(lab: Lab) -> None:
    lab.wrong(times=3)
    lab.sign_in("a")
    for number in range(1000):
        lab.wrong(f"10.0.1.{number}")
    assert len(lab.attempts) == 5
    lab.clock.advance(2)
    assert lab.looked_at == ["a"]


def test_an_address_can_be_locked_out() -> None:
    lab = Lab(Rules(at_once=2, pause=1, waiting=4, addresses=5, forgotten=60, lock_out_after=3, lock_out=300))
    lab.wrong(times=2)
    lab.sign_in("a")
    lab.clock.advance(1)
    assert lab.said[-1] == "3 wrong passwords from 10.0.0.1: locked out for 300 s (timing.lock_out)"
    for _ in range(2):
        with pytest.raises(SMBError, match="locked out") as caught:
            lab.sign_in("b", right=True)
        assert caught.value.status == NT.ACCOUNT_LOCKED_OUT
        lab.clock.advance(299)
    lab.clock.advance(1)
    lab.sign_in("b")
    assert lab.looked_at == ["a", "b"]


def test_no_pause_at_all() -> None:
    lab = Lab(Rules(at_once=2, pause=0, waiting=4, addresses=5, forgotten=60, lock_out_after=3, lock_out=0))
    for name in "abcdef":
        lab.sign_in(name)
    assert lab.looked_at == list("abcdef")


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("10.0.0.1:4321", "10.0.0.1"),
        ("::1:4321", "::1"),
        ("[2001:db8:1:2:3::4]:99", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::4:99", "2001:db8:1:2::/64"),
        ("::ffff:10.0.0.1:4321", "10.0.0.1"),
        ("fe80::1%eth0:4321", "fe80::/64"),
        ("a client:1", "a client"),
    ],
)
def test_addresses(peer: str, address: str) -> None:
    assert address_of(peer) == address
