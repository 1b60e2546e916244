"""Who gives way when clients make a server keep too much."""

from dataclasses import dataclass, field

from groundwork.front.held_bytes import HeldBytes


@dataclass(eq=False)
class Client:
    """Notes whether it had to go; `busy`: a whole request is at work."""

    busy: bool = False
    gone: bool = field(default=False, init=False)

    def give_way(self) -> bool:
        self.gone = not self.busy
        return self.gone


def test_the_one_that_came_first_goes_and_no_more_than_have_to() -> None:
    held = HeldBytes(100)
    first, second, third = Client(), Client(), Client()
    for one in (first, second, third):
        held.hold(one, "a", 40)
    assert [one.gone for one in (first, second, third)] == [True, False, False]
    assert (held.total, held.given_way) == (80, 1)


def test_growing_a_little_makes_nobody_young() -> None:
    held = HeldBytes(100)
    slow, quick = Client(), Client()
    held.hold(slow, "a", 10)
    held.hold(quick, "a", 80)
    held.hold(slow, "a", 11)
    held.hold(Client(), "a", 20)
    assert (slow.gone, quick.gone) == (True, False)


def test_an_address_with_many_connections_makes_room_for_the_others() -> None:
    held = HeldBytes(100)
    honest = Client()
    held.hold(honest, "honest", 30)
    many = [Client() for _ in range(50)]
    for one in many:
        held.hold(one, "many", 20)
    assert not honest.gone
    assert held.total <= 100
    assert sum(not one.gone for one in many) == 3


def test_behind_a_proxy_each_connection_counts_by_itself() -> None:
    held = HeldBytes(100)
    small, large = Client(), Client()
    held.hold(small, "", 10)
    held.hold(large, "", 70)
    held.hold(Client(), "", 30)
    assert (small.gone, large.gone) == (False, True)


def test_what_is_at_work_stays_and_the_newest_goes_instead() -> None:
    held = HeldBytes(100)
    working, newest = Client(busy=True), Client()
    held.hold(working, "a", 90)
    held.hold(newest, "b", 30)
    assert (working.gone, newest.gone) == (False, True)


def test_one_alone_may_be_larger_than_all_together() -> None:
    held = HeldBytes(100)
    one = Client()
    held.hold(one, "a", 500)
    assert not one.gone


def test_what_is_taken_no_longer_counts() -> None:
    held = HeldBytes(100)
    one, two = Client(), Client()
    held.hold(one, "a", 90)
    held.hold(one, "a", 0)
    held.release(two)
    held.hold(two, "a", 90)
    assert (one.gone, two.gone, held.total) == (False, False, 90)
