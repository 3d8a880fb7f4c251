"""An answer is a record: its fields in order, its kinds, and what it says beside its values."""

import copy
import pickle
from decimal import Decimal

import pytest

from perpcalc.answer import Answer, Coin, Explained, Gain, Identified, Kind, Price, kinds_of


class Example(Answer):
    """A record of each sort of field."""

    title = "Example"
    never = frozenset({"price"})

    price: Price | None
    amount: Coin
    from_: Gain | None
    word: str


class Longer(Example):
    """One field more."""

    extra: bool


class Twin(Example):
    """Another record of the same fields."""


def example(word: str = "x") -> Example:
    return Example(price=None, amount=Decimal(2), **{"from": None}, word=word)


def test_fields_stand_in_the_order_of_the_class_after_those_of_its_base() -> None:
    assert Example._fields == ("price", "amount", "from", "word")
    assert Longer._fields == (*Example._fields, "extra")
    assert Identified._fields[:4] == ("name", "account", "venue", "instrument")
    assert Answer._fields == ()


def test_the_kind_of_a_field_is_the_one_it_is_annotated_with_else_a_text() -> None:
    assert kinds_of(Longer) == {
        "price": Kind("price", "USD"),
        "amount": Kind("coin", "coin"),
        "from": Kind("gain", "coin"),
        "word": Kind("text"),
        "extra": Kind("text"),
    }


def test_values_are_read_and_never_set() -> None:
    made = example()
    assert (made.amount, list(made)) == (Decimal(2), [None, Decimal(2), None, "x"])
    with pytest.raises(AttributeError, match="Example is a record: use _replace"):
        made.amount = Decimal(3)  # type: ignore[misc]
    assert made._replace(amount=Decimal(3)).amount == 3
    assert made.amount == 2
    made._asdict()["amount"] = None
    assert made.amount == 2


def test_answers_are_equal_where_all_values_are() -> None:
    assert example() == example()
    assert hash(example()) == hash(example())
    assert example() != example("y")
    assert example() != Longer(price=None, amount=Decimal(2), **{"from": None}, word="x", extra=True)
    twin = Twin(price=None, amount=Decimal(2), **{"from": None}, word="x")
    assert (example() == twin, example() != twin, example() != example()) == (False, True, False)
    assert repr(example()) == "Example(price=None, amount=Decimal('2'), from=None, word='x')"


def test_a_copy_is_the_record_itself_and_a_pickle_its_values() -> None:
    made = example().never_where("from")
    assert copy.copy(made) is made
    assert copy.deepcopy([made])[0] is made
    assert pickle.loads(pickle.dumps(made)) == made


def test_nevers_are_those_of_the_class_unless_the_answer_says_which() -> None:
    assert example().nevers == {"price"}
    assert example().never_where().nevers == frozenset()
    assert example().never_where("from").nevers == {"from"}


def test_people_see_other_values_than_machines() -> None:
    assert example().seen() == {}
    made = example().people_see(lambda answer: {"amount": answer.amount and answer.amount - Decimal("0.1")})
    assert made.seen() == {"amount": Decimal("1.9")}
    assert made._asdict()["amount"] == 2


def test_an_answer_says_nothing_more_unless_it_is_told_to() -> None:
    assert example().explained == Explained({}, {}, {})
    assert example().explained_by(Explained({"amount": "why"})).explained.whys == {"amount": "why"}
    assert (example().block(), example().sentence(), Example.summary([]), example().shown_kinds()) == (None, (), (), {})


def test_a_field_that_is_none_is_no_other_value() -> None:
    with pytest.raises(TypeError, match="Example has no field nothing"):
        example()._replace(nothing=None)
    with pytest.raises(TypeError, match="Example has no field nothing"):
        Example.knowing(nothing=None)
    with pytest.raises(TypeError, match="Example has no field nothing"):
        example().__replace__(nothing=None)


def test_what_is_known_alone_leaves_the_others_none() -> None:
    assert Example.knowing(word="x") == example()._replace(amount=None)


def test_another_value_leaves_what_is_said_beside_it() -> None:
    made = example().never_where("price")._replace(word="y")
    assert made.nevers == {"price"}
