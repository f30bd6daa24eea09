"""A plan: what a person reads of the steps of a deployment."""

import json
from typing import Any

from rehearsal.engine import Step
from rehearsal.plan import Change, Planned, plan, summary


def updated(old: Any, new: Any, key: str = "target", **more: Any) -> tuple[Change, ...]:
    (planned,) = plan(
        [
            Step(
                action="update",
                type="t",
                name="n",
                parent="",
                changed=(key,),
                old={key: old, "same": 1},
                new={key: new, "same": 1},
                **more,
            )
        ]
    )
    return planned.changes


def test_only_what_differs_is_shown() -> None:
    old = {"arn": "a", "retryPolicy": {"attempts": 1, "age": 60}}
    new = {"arn": "a", "retryPolicy": {"attempts": 2, "age": 60}}
    assert updated(old, new) == (Change("target.retryPolicy.attempts", "1", "2"),)


def test_a_json_text_is_compared_member_by_member() -> None:
    old = {"States": {"Run": {"TimeoutSeconds": 60}, "End": {"Type": "Succeed"}}}
    new = {"States": {"Run": {"TimeoutSeconds": 90}, "End": {"Type": "Succeed"}}}
    assert updated(json.dumps(old), json.dumps(new, indent=2), "definition") == (
        Change("definition.States.Run.TimeoutSeconds", "60", "90"),
    )


def test_a_text_that_only_looks_like_json_is_shown_as_it_is() -> None:
    assert updated("{a", "{b") == (Change("target", "{a", "{b"),)


def test_a_member_that_comes_or_goes_has_one_side() -> None:
    assert updated({"a": 1}, {"b": [2]}) == (
        Change("target.a", "1", None),
        Change("target.b", None, "[2]"),
    )


def test_an_element_put_in_front_changes_no_other() -> None:
    assert updated(["a", "b"], ["new", "a", "b"]) == (Change("target[0]", None, "new"),)
    assert updated(["a", "b"], ["b"]) == (Change("target[0]", "a", None),)


def test_a_changed_element_is_entered() -> None:
    old = [{"name": "job", "image": "one"}, {"name": "side"}]
    new = [{"name": "job", "image": "two"}, {"name": "side"}]
    assert updated(old, new) == (Change("target[0].image", "one", "two"),)


def test_a_secret_is_masked() -> None:
    assert updated("old-token", "new-token", secret=frozenset({"target"})) == (
        Change("target", "[secret]", "[secret]"),
    )


def test_a_long_value_is_cut() -> None:
    (change,) = updated("a" * 200, "b")
    assert change.old == "a" * 159 + "…"


def test_the_reason_of_a_replacement_is_marked() -> None:
    (change,) = updated("1", "2", replaces=("target",))
    assert change.replaces


def test_tags_are_shown_once() -> None:
    tags: dict[str, Any] = {"tags": {"a": "1"}, "tagsAll": {"a": "1", "stack": "dev"}}
    (planned,) = plan([Step("update", "t", "n", "", changed=("tags", "tagsAll"), old={}, new=tags)])
    assert [change.path for change in planned.changes] == ["tags"]


def test_each_action_has_its_sign_and_is_counted() -> None:
    actions = ("create", "update", "replace", "delete", "retain")
    planned = [Planned(action, "t", "n") for action in actions]
    assert [each.sign for each in planned] == ["+", "~", "±", "-", "-"]
    assert summary(planned) == "1 to create, 1 to change, 1 to replace, 2 to delete"
    assert summary([]) == "nothing to do"
