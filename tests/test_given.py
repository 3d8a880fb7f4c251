"""What is given of the options: values from every door, the environment, and the rules between options."""

from decimal import Decimal
from typing import Any

import pytest

from perpcalc.errors import PerpcalcError
from perpcalc.given import (
    Excludes,
    Given,
    Needed,
    Needs,
    check,
    check_shape,
    exclusive,
    many,
    one,
    read,
    reader,
    switch,
    text_of,
)

A, B, C = (one(name, str, name.upper(), "") for name in "abc")
FILLED = one("venue", str, "NAME", "", env="PERPCALC_TEST_VENUE")
LIST = many("list", str, "X", "")
FLAG = switch("flag", "")
CHOICE = one("choice", str, "X", "", choices=("long", "short"))


def refused(rules: Any, given: Given) -> str:
    with pytest.raises(PerpcalcError) as caught:
        check(rules, given)
    return caught.value.line(flags=True)


def given(*names: str, filled: tuple[str, ...] = ()) -> Given:
    return Given(dict.fromkeys((*names, *filled), "x"), frozenset(filled))


def test_an_absent_option_is_none_and_a_zero_is_given() -> None:
    some = Given({"a": Decimal(0)})
    assert (some[A], some[B]) == (Decimal(0), None)
    assert (A in some, B in some) == (True, False)
    assert some.written((A, B)) == [A]


def test_what_the_environment_filled_counts_as_written_only_when_it_is_put() -> None:
    some = given("b", filled=("a",))
    assert some.written((A, B)) == [B]
    assert some.put(A, "y").written((A, B)) == [A, B]
    assert some.put(B, "y").written((A, B)) == [B]


def test_a_value_is_put_or_taken_away_and_the_old_one_stays() -> None:
    some = given("a", "b")
    assert some.put(A, "y")[A] == "y"
    assert A not in some.put(A, None)
    assert some.without((A,)).values == {"b": "x"}
    assert some.without((A,)).filled == frozenset()
    assert some.values == {"a": "x", "b": "x"}
    assert given(filled=("a", "b")).without((A,)).filled == {"b"}


def test_values_stand_before_those_that_they_are_put_over() -> None:
    over = Given({"a": "1"}, frozenset(["a"])).over(Given({"a": "2", "b": "3"}))
    assert (over[A], over[B], over.filled) == ("1", "3", {"a"})


def test_the_environment_fills_what_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERPCALC_TEST_VENUE", "bybit")
    assert read(reader([FILLED]), {})[FILLED] == "bybit"
    assert read(reader([FILLED]), {}).filled == {"venue"}
    written = read(reader([FILLED]), {"venue": "okx"})
    assert (written[FILLED], written.filled) == ("okx", frozenset())
    assert read(reader([FILLED], environment=False), {}).values == {}
    monkeypatch.setenv("PERPCALC_TEST_VENUE", "")
    assert read(reader([FILLED]), {}).values == {}


def test_a_mistake_in_the_environment_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    option = CHOICE._replace(env="PERPCALC_TEST_SIDE")
    monkeypatch.setenv("PERPCALC_TEST_SIDE", "up")
    with pytest.raises(PerpcalcError) as caught:
        read(reader([option]), {})
    assert caught.value.line() == "PERPCALC_TEST_SIDE: 'up' is not known: give long or short"


def test_none_false_and_an_empty_list_are_nothing_given() -> None:
    found = read(reader([A, LIST, FLAG]), {"a": None, "list": [], "flag": False})
    assert found.values == {}
    found = read(reader([LIST, FLAG]), {"list": ["1", 2], "flag": True})
    assert found.values == {"list": ("1", "2"), "flag": True}


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        (FLAG, "yes", "flag: is a flag: give true or false"),
        (LIST, "1", "list: takes a list: put the values in brackets"),
        (CHOICE, "up", "choice: 'up' is not known: give long or short"),
        (A, True, "a: is neither a text nor a number: give one"),
        (A, [1], "a: is neither a text nor a number: give one"),
        (A, [1, 2, 3], "a: is neither a text nor a number: give one"),
        (A, {"contracts": 1}, "a: is neither a text nor a number: give one"),
    ],
)
def test_a_value_of_the_wrong_shape_is_refused(option: Any, value: object, message: str) -> None:
    with pytest.raises(PerpcalcError) as caught:
        read(reader([option]), {option.name: value})
    assert caught.value.line() == message


def test_a_choice_may_be_written_in_capitals() -> None:
    assert read(reader([CHOICE]), {"choice": "LONG"})[CHOICE] == "long"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("x", "x"),
        (0, "0"),
        (1e-05, "0.00001"),
        (1e16, "10000000000000000"),
        (Decimal("1E+3"), "1000"),
        (("300", 61000), "300@61000"),
        ([300, "61000"], "300@61000"),
        ({"price": 61000, "contracts": 300}, "300@61000"),
    ],
)
def test_a_value_of_a_program_is_as_people_would_write_it(raw: object, text: str) -> None:
    assert text_of(raw) == text


# Rules


def test_one_of_several_excludes_the_others() -> None:
    rules = exclusive(A, B, C, remedy="give the rate once")
    assert refused(rules, given("b", "c")) == "--c: excludes --b: give the rate once"
    assert refused(rules, given("a", "b", "c")) == "--b: excludes --a: give the rate once"
    check(rules, given("b"))


def test_what_the_environment_filled_conflicts_with_nothing() -> None:
    check([Excludes(A, (B,))], given("b", filled=("a",)))
    check([Excludes(A, (B,))], given("a", filled=("b",)))
    check([Needs(A, (B,), "give it")], given(filled=("a",)))
    assert refused([Excludes(A, (B,))], given("a", "b")) == "--a: excludes --b: give one of them"


def test_an_option_needs_another_unless_a_third_gives_it() -> None:
    rule = Needs(A, (B,), "give it", unless=(C,))
    assert refused([rule], given("a")) == "--a: needs --b: give it"
    for more in ("b", "c"):
        check([rule], given("a", more))
    check([rule], given("b"))
    check([rule], given("a", filled=("b",)))
    assert refused([Needs(A, (B, C), "give one")], given("a")) == "--a: needs --b or --c: give one"


def test_what_is_missing_is_told_all_at_once() -> None:
    rules = (Needed((A, B), "give a or b"), Needed((C,), ("give ", C.key)))
    assert refused(rules, given()) == "--a and --c are missing: --a: give a or b; --c: give --c"
    assert refused(rules, given("b")) == "--c: is missing: give --c"
    check(rules, given("b", "c"))


def test_what_is_needed_may_depend_on_what_is_written() -> None:
    assert refused([Needed((A,), "give it", when=(B,))], given("b")) == "--a: is missing: give it"
    check([Needed((A,), "give it", when=(B,))], given())
    check([Needed((A,), "give it", when=(B,))], given(filled=("b",)))
    check([Needed((A,), "give it", unless=(B,))], given("b"))


def test_a_shape_that_kept_the_rules_is_not_looked_at_again() -> None:
    shapes: Any = set()
    rules = [Excludes(A, (B,))]
    check_shape(rules, given("a"), shapes)
    assert shapes == {(("a",), frozenset())}
    with pytest.raises(PerpcalcError):
        check_shape(rules, given("a", "b"), shapes)
    assert len(shapes) == 1
    check_shape([Needed((C,), "give it")], given("a"), shapes)
