"""Members through the API: owners take in, promote and remove; anyone may leave; an owner always stays."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from rest_framework.test import APIClient

from photos.models import Membership, Role, Workspace
from tests.workbench import pause_method, together

MEMBERS = "/api/v1/workspaces/main/members/"

MakeUser = Callable[..., Any]
ApiAs = Callable[[Any], APIClient]


@pytest.fixture
def owner(make_user: MakeUser, workspace: Workspace) -> Any:
    return make_user("olga", workspace, Role.OWNER)


@pytest.fixture
def api(api_as: ApiAs, owner: Any) -> APIClient:
    """The owner's API client."""
    return api_as(owner)


def error_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def roles() -> dict[str, str]:
    return dict(Membership.objects.values_list("user__username", "role"))


def test_members_see_each_other_and_their_roles(api: APIClient, editor: Any) -> None:
    listed = api.get(MEMBERS).json()["results"]

    assert {(one["username"], one["role"]) for one in listed} == {("olga", "owner"), ("edith", "editor")}
    assert all(set(one) == {"username", "role", "created_at"} for one in listed)
    assert api.get(f"{MEMBERS}edith/").json() in listed


def test_the_list_asks_a_constant_number_of_times(
    api: APIClient, make_user: MakeUser, workspace: Workspace, django_assert_num_queries: Any
) -> None:
    for number in range(4):
        make_user(f"user{number}", workspace)
        with django_assert_num_queries(5):
            assert len(api.get(MEMBERS).json()["results"]) == number + 2


def test_an_owner_takes_in_a_user_by_name(api: APIClient, api_as: ApiAs, make_user: MakeUser) -> None:
    nora = api_as(make_user("nora@example.org"))

    answer = api.post(MEMBERS, {"username": "nora@example.org", "role": "editor"})

    assert answer.status_code == 201
    assert answer.json().items() >= {"username": "nora@example.org", "role": "editor"}.items()
    assert api.get(answer["Location"]).json() == answer.json()
    assert nora.get("/api/v1/workspaces/main/").status_code == 200


def test_a_new_member_looks_only_unless_a_role_is_named(api: APIClient, make_user: MakeUser) -> None:
    make_user("nora")

    assert api.post(MEMBERS, {"username": "nora"}).json()["role"] == "viewer"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", "nobody"),
        ("username", "gone"),
        ("username", "NORA"),
        ("username", ""),
        ("username", None),
        ("username", ["nora"]),
        ("username", "a\0"),
        ("username", "x" * 151),
        ("role", "king"),
        ("role", ""),
        ("role", None),
        ("role", {}),
    ],
)
def test_a_field_that_is_wrong_is_named(api: APIClient, make_user: MakeUser, field: str, value: Any) -> None:
    make_user("nora")
    make_user("gone", is_active=False)

    answer = api.post(MEMBERS, {"username": "nora", "role": "viewer", field: value})

    assert error_of(answer) == (400, "invalid")
    assert list(answer.json()["error"]["details"]) == [field]
    assert roles() == {"olga": "owner"}


def test_who_is_in_is_not_taken_in_again(api: APIClient, editor: Any) -> None:
    assert error_of(api.post(MEMBERS, {"username": "edith", "role": "owner"})) == (409, "conflict")
    assert roles()["edith"] == "editor"


def test_of_the_same_user_taken_in_several_times_at_once_one_is(api: APIClient, make_user: MakeUser) -> None:
    make_user("nora")

    answers = together(*[partial(api.post, MEMBERS, {"username": "nora"})] * 5)

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]


def test_an_owner_gives_other_roles(api: APIClient, editor: Any) -> None:
    for role in ("owner", "viewer"):
        answer = api.patch(f"{MEMBERS}edith/", {"role": role, "username": "edith", "created_at": "x"})
        assert (answer.status_code, answer.json()["role"]) == (200, role)
        assert roles()["edith"] == role


def test_a_member_does_not_become_another_user(api: APIClient, editor: Any, make_user: MakeUser) -> None:
    make_user("nora")

    answer = api.patch(f"{MEMBERS}edith/", {"username": "nora"})

    assert error_of(answer) == (400, "invalid")
    assert list(answer.json()["error"]["details"]) == ["username"]
    assert error_of(api.put(f"{MEMBERS}edith/", {"role": "viewer"})) == (405, "method_not_allowed")


def test_an_owner_lets_others_go(api: APIClient, api_as: ApiAs, editor: Any) -> None:
    answer = api.delete(f"{MEMBERS}edith/")

    assert (answer.status_code, answer.content) == (204, b"")
    assert error_of(api.delete(f"{MEMBERS}edith/")) == (404, "not_found")
    assert error_of(api_as(editor).get(MEMBERS)) == (404, "not_found")


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_anyone_leaves_by_himself_but_removes_and_promotes_nobody(
    api: APIClient, api_as: ApiAs, make_user: MakeUser, workspace: Workspace, role: Role
) -> None:
    make_user("victim", workspace, Role.VIEWER)
    nora = api_as(make_user("nora", workspace, role))

    assert error_of(nora.delete(f"{MEMBERS}victim/")) == (403, "permission_denied")
    assert error_of(nora.delete(f"{MEMBERS}olga/")) == (403, "permission_denied")
    assert error_of(nora.patch(f"{MEMBERS}nora/", {"role": "owner"})) == (403, "permission_denied")
    assert error_of(nora.post(MEMBERS, {"username": "nora"})) == (403, "permission_denied")
    assert nora.delete(f"{MEMBERS}nora/").status_code == 204
    assert roles() == {"olga": "owner", "victim": "viewer"}


def test_who_is_not_in_is_not_found(api: APIClient, make_user: MakeUser) -> None:
    make_user("nora")

    answers = [call(f"{MEMBERS}{name}/") for name in ("nora", "nobody") for call in (api.get, api.patch, api.delete)]

    assert {(error_of(answer), answer.content) for answer in answers} == {((404, "not_found"), answers[0].content)}


def test_the_last_owner_neither_goes_nor_steps_down(api: APIClient, editor: Any) -> None:
    assert error_of(api.delete(f"{MEMBERS}olga/")) == (409, "conflict")
    assert error_of(api.patch(f"{MEMBERS}olga/", {"role": "viewer"})) == (409, "conflict")
    assert api.patch(f"{MEMBERS}olga/", {"role": "owner"}).status_code == 200
    assert api.patch(f"{MEMBERS}olga/", {}).status_code == 200
    assert roles() == {"olga": "owner", "edith": "editor"}

    api.patch(f"{MEMBERS}edith/", {"role": "owner"})
    assert api.delete(f"{MEMBERS}olga/").status_code == 204
    assert roles() == {"edith": "owner"}


def test_an_owner_who_may_not_sign_in_is_none(api: APIClient, make_user: MakeUser, workspace: Workspace) -> None:
    make_user("gone", workspace, Role.OWNER, is_active=False)

    assert error_of(api.delete(f"{MEMBERS}olga/")) == (409, "conflict")
    assert api.delete(f"{MEMBERS}gone/").status_code == 204


@pytest.mark.parametrize("way", ["leave", "step down", "remove the other", "demote the other"])
def test_of_two_owners_who_go_at_the_same_time_one_stays(
    make_user: MakeUser, api_as: ApiAs, workspace: Workspace, way: str
) -> None:
    for _ in range(5):
        Membership.objects.all().delete()
        first, second = make_user("a", workspace, Role.OWNER), make_user("b", workspace, Role.OWNER)
        jobs = []
        for me, other in ((first, second), (second, first)):
            name = (other if "other" in way else me).username
            client = api_as(me)
            demote = partial(client.patch, f"{MEMBERS}{name}/", {"role": "viewer"})
            remove = partial(client.delete, f"{MEMBERS}{name}/")
            jobs.append(demote if way in {"step down", "demote the other"} else remove)

        answers = together(*jobs)

        assert list(roles().values()).count("owner") == 1
        statuses = sorted(answer.status_code for answer in answers)
        assert statuses[0] in {200, 204}
        assert statuses[1] in {403, 404, 409}
        for user in (first, second):
            user.delete()


def test_nobody_enters_a_workspace_that_is_deleted_meanwhile(
    api: APIClient, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_user("nora")
    found = pause_method(monkeypatch, Workspace, "close")

    delete = partial(api.delete, "/api/v1/workspaces/main/")
    entered: list[Any] = []
    assert found.during(delete, lambda: entered.append(api.post(MEMBERS, {"username": "nora"}))).status_code == 204

    assert error_of(entered[0]) == (404, "not_found")
    assert not Membership.objects.exists()


def test_who_enters_while_the_workspace_is_being_deleted_goes_with_it(
    api: APIClient, api_as: ApiAs, make_user: MakeUser, owner: Any
) -> None:
    nora = make_user("nora")
    for _ in range(5):
        enter = partial(api.post, MEMBERS, {"username": "nora"})
        entered, deleted = together(enter, partial(api.delete, "/api/v1/workspaces/main/"))

        assert entered.status_code in {201, 404}
        assert deleted.status_code == 204
        assert not Membership.objects.exists()
        assert api_as(nora).get("/api/v1/workspaces/").json()["results"] == []
        Workspace.objects.found(owner, slug="main", name="Main")
