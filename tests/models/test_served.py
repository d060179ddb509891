"""A model on a server, as a model: how it is asked, what is recorded of it, what it refuses."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.chats import KEY, Fake, Reply, fake, said, went_on

import mlake
from mlake.editing import EDITORS
from mlake.editing.edits.context import ContextEdit
from mlake.errors import MlakeError, ModelError, UnknownNameError
from mlake.models.generate import answers, identity, too_long
from mlake.models.served import Served

__all__ = ["fake"]

Start = Callable[..., Fake]
LLAMA = {
    "/v1/models": {
        "data": [{"id": "/srv/a.gguf", "owned_by": "llamacpp", "created": 7, "meta": {"size": 9}}]
    },
    "/props": {"build_info": "b1", "model_path": "/srv/a.gguf", "chat_template": "{{ x }}" * 99},
}


def loaded(server: Fake, name: str = "m", **options: Any) -> Any:
    return mlake.load_model(f"openai:{server.url}#{name}", **options)


def echo(prompt: str, _: int) -> Reply:
    return said(f" you said {prompt}\nand more ", cut=prompt == "long")


def test_it_is_asked_in_its_own_conversation(fake: Start) -> None:
    server = fake(echo)
    lm = loaded(server)
    done: list[int] = []
    found = answers(lm, ["a", "long", "a"], max_new_tokens=5, progress=done.append)
    assert [one.text for one in found[:2]] == ["you said a\nand more", "you said long\nand more"]
    assert found[2] == found[0]
    assert [one.stopped for one in found] == [True, False, True] and sum(done) == 3
    bodies = [body for _, _, body in server.seen]
    assert bodies[0]["max_tokens"] == 1  # to see that it answers
    assert sorted(body["messages"][0]["content"] for body in bodies[1:]) == ["a", "long"]
    for body in bodies:
        assert body["temperature"] == 0 and "stop" not in body
        assert body["chat_template_kwargs"] == {"enable_thinking": False}


def test_a_template_is_sent_as_it_is_and_its_answers_end_at_the_line(fake: Start) -> None:
    server = fake(lambda *_: went_on(" Paris\nQ: and"))
    lm = loaded(server, template="Q: {question}\nA:")
    assert mlake.ask(lm, ["Where?"], max_new_tokens=4) == ["Paris"]
    path, _, body = server.seen[-1]
    assert path == "/v1/completions" and body["prompt"] == "Q: Where?\nA:" and body["stop"] == ["\n"]
    assert "chat_template_kwargs" not in body


def test_answers_of_a_conversation_may_end_at_the_line(fake: Start) -> None:
    assert mlake.ask(loaded(fake(echo), stop="line"), ["a"]) == ["you said a"]


def test_a_server_that_knows_no_thoughts_is_asked_without_the_setting(fake: Start) -> None:
    def plain(prompt: str, number: int) -> Reply:
        return (400, {}, b"unknown field chat_template_kwargs") if number == 1 else said("yes")

    server = fake(plain)
    lm = loaded(server)
    assert mlake.ask(lm, ["a"]) == ["yes"]
    assert "chat_template_kwargs" not in server.seen[-1][2]
    assert lm.record()["server"]["request"] == {"temperature": 0}


def test_what_the_server_is_is_recorded_without_its_folders(fake: Start) -> None:
    lm = loaded(fake(echo, LLAMA), "/srv/a.gguf")
    record = lm.record()
    assert record["model"] == "openai:a.gguf" and record["dtype"] == "served"
    assert record["server"]["model"] == {"id": "a.gguf", "owned_by": "llamacpp", "meta": {"size": 9}}
    assert record["server"]["/props"].keys() == {"build_info", "chat_template"}
    assert record["server"]["/props"]["chat_template"].startswith("sha256:")
    assert "srv" not in str(record) and KEY not in str(record) and lm.server.url not in str(record)
    assert repr(lm) == f"Served('openai:a.gguf', {lm.revision})"


@pytest.mark.parametrize(
    ("entry", "path", "told", "kept"),
    [
        ({"id": "m", "owned_by": "vllm", "root": "org/m", "max_model_len": 8}, "/version",
         {"version": "0.11"}, {"version": "0.11"}),
        ({"id": "m", "owned_by": "library"}, "/api/tags",
         {"models": [{"name": "x"}, {"name": "m", "digest": "d1"}]}, {"digest": "d1"}),
        ({"id": "m", "owned_by": "sglang"}, "/get_model_info", {"model_path": "org/m", "x": 1},
         {"model_path": "org/m"}),
    ],
    ids=["vllm", "ollama", "sglang"],
)  # fmt: skip
def test_each_kind_of_server_tells_what_it_can(
    fake: Start, entry: dict[str, Any], path: str, told: Any, kept: dict[str, Any]
) -> None:
    record = loaded(fake(echo, {"/v1/models": {"data": [{"id": "other"}, entry]}, path: told})).record()
    assert record["server"]["model"] == entry
    assert record["server"][path] == kept


@pytest.mark.parametrize("told", [None, [], {"data": 3}, {"data": [3, "x"]}, {"data": [{"id": ["deep"]}]}])
def test_a_server_that_tells_nothing_of_use(fake: Start, told: Any) -> None:
    lm = loaded(fake(echo, {"/v1/models": told}))
    assert lm.record()["server"].get("model", {}) in ({}, {"id": "m"})


def test_another_model_behind_the_name_has_another_revision_and_answers(fake: Start) -> None:
    other = {**LLAMA, "/props": {"build_info": "b2"}}
    first, again, second = (loaded(fake(echo, tells)) for tells in (LLAMA, LLAMA, other))
    assert first.revision == again.revision != second.revision
    assert (
        identity(first, 8)["url"] != identity(again, 8)["url"]
    )  # of two servers nothing tells that they are one
    assert identity(first, 8) == identity(loaded_again(first), 8) != identity(first, 9)
    assert identity(first, 8) != identity(replace(first, style=first.style.behind(["x"])), 8)


def loaded_again(lm: Served) -> Served:
    found = mlake.load_model(f"openai:{lm.server.url}#{lm.server.model}")
    assert isinstance(found, Served)
    return found


def test_a_memory_shows_its_facts_to_it(fake: Start) -> None:
    server = fake(echo)
    lm = loaded(server)
    with ContextEdit(("Bonn is in Peru.",)).applied(lm) as edited:
        assert answers(edited, ["Where?"], max_new_tokens=9)[0].text.startswith(
            "you said Bonn is in Peru.\nWhere?"
        )


@pytest.mark.parametrize("name", [name for name, row in EDITORS.items() if not row.only_asks])
def test_methods_that_need_weights_refuse_it(fake: Start, name: str) -> None:
    lm = loaded(fake(echo))
    with pytest.raises(ModelError, match=f"^{name} needs weights, and those of 'openai:m' are out of reach"):
        mlake.editor(name, lm)


def test_memories_take_it_but_not_its_hidden_states(fake: Start) -> None:
    lm = loaded(fake(echo))
    assert {name for name, row in EDITORS.items() if row.only_asks} == {"ice", "ike", "remake", "serac"}
    with pytest.raises(MlakeError, match=r"out of reach.*take retriever=tfidf or use"):
        mlake.editor("ice", lm, retriever="hidden")


def test_its_weights_are_out_of_reach_wherever_they_are_looked_for(fake: Start) -> None:
    lm = loaded(fake(echo))
    for look in (
        lambda: lm.layers,
        lambda: lm.dtype,
        lambda: lm.device,
        lambda: lm.tokenizer("a"),
        lambda: lm.pad_id,
    ):
        with pytest.raises(ModelError, match="needs weights"):
            look()
    assert too_long(lm, ["a" * 10**6], 9) == frozenset()
    assert not lm.understood and not lm.at_hand


@pytest.mark.parametrize("option", [{"dtype": "bf16"}, {"device": "cpu"}, {"revision": "main"}])
def test_how_it_is_loaded_is_the_servers_affair(fake: Start, option: dict[str, str]) -> None:
    server = fake(echo)
    with pytest.raises(ModelError, match="as its server loads it"):
        loaded(server, **option)
    assert server.seen == [] and server.got == []


def test_what_cannot_be_asked_is_told_in_one_line(fake: Start) -> None:
    with pytest.raises(ModelError, match="status 404"):
        loaded(fake(lambda *_: (404, {}, b"no such model")))
    with pytest.raises(ModelError, match="status 400"):
        loaded(fake(lambda *_: (400, {}, b"no")))
    with pytest.raises(ModelError, match="exactly once"):
        loaded(fake(echo), template="no question")
    with pytest.raises(UnknownNameError, match="stop rule"):
        loaded(fake(echo), stop="never")
    with pytest.raises(ModelError, match="openai:URL#NAME"):
        mlake.load_model("openai:http://127.0.0.1:1/v1")
