"""The bodies of the three endpoints in JSON Schema."""

from __future__ import annotations

from colonnade.guard.protocol.openapi.shapes import (
    ANYTHING,
    BASE64,
    CALL,
    CALL_ID,
    CUSTOM,
    CUSTOM_CALL,
    DETAIL,
    EFFORT,
    FLAG,
    FUNCTION,
    LEVEL,
    MEDIA,
    MODEL,
    NAME,
    NOTHING,
    SCHEMA,
    STOP,
    SURROUNDINGS,
    TEXT,
    UNSET,
    Schema,
    content,
    either,
    integer,
    keys,
    listed,
    nullable,
    texts,
    word,
)
from colonnade.guard.protocol.requests.feedback import ANSWER, MOST_CHARACTERS, SAID
from colonnade.guard.protocol.requests.parameters import TEMPLATE_FLAGS
from colonnade.guard.protocol.requests.responses import SEALED_REASONING


def _chosen(kind: str, wrapped: bool) -> Schema:
    named = {"name": NAME}
    return keys({"type": word(kind), **({kind: keys(named)} if wrapped else named)})


def _choices(wrapped: bool) -> Schema:
    one = either(_chosen("function", wrapped), _chosen("custom", wrapped))
    some = keys({"tools": listed(one, most=1024)}, mode=word("auto", "required"))
    outer = keys({"type": word("allowed_tools"), "allowed_tools": some})
    inner = keys({"type": word("allowed_tools"), "tools": listed(one, most=1024)}, mode=word("auto", "required"))
    return either(word("none", "auto", "required"), one, outer if wrapped else inner)


def _chat_messages() -> Schema:
    text = content(texts("text"))
    image = keys({"type": word("image_url"), "image_url": keys({"url": MEDIA}, detail=DETAIL)})
    sound = keys({"type": word("input_audio"), "input_audio": keys({"data": BASE64}, format=word("wav", "mp3"))})
    file = keys({"type": word("file"), "file": keys({"file_data": MEDIA}, filename=TEXT, file_id=NOTHING)})
    call = either(
        keys({"id": CALL_ID, "function": CALL}, type=word("function"), index=ANYTHING),
        keys({"id": CALL_ID, "type": word("custom"), "custom": CUSTOM_CALL}, index=ANYTHING),
    )
    said: dict[str, Schema] = {
        "content": content(texts("text"), texts("refusal", "refusal")),
        "refusal": TEXT,
        "tool_calls": listed(call, most=1024),
        "function_call": CALL,
    }
    aside: dict[str, Schema] = {"name": TEXT, "reasoning_content": TEXT, "reasoning": TEXT}
    assistant = [
        keys(
            {"role": word("assistant"), key: schema},
            **{other: inner for other, inner in said.items() if other != key},
            **aside,
            annotations=ANYTHING,
            parsed=ANYTHING,
            audio=NOTHING,
        )
        for key, schema in said.items()
    ]
    return listed(
        either(
            keys({"role": word("system", "developer"), "content": text}, name=TEXT),
            keys({"role": word("user"), "content": content(texts("text"), image, sound, file)}, name=TEXT),
            *assistant,
            keys({"role": word("tool"), "tool_call_id": CALL_ID, "content": text}, name=TEXT),
            keys({"role": word("function"), "name": TEXT, "content": text}),
        ),
        least=1,
    )


def chat() -> Schema:
    """The body of /v1/chat/completions."""
    tool = either(
        keys({"type": word("function"), "function": keys({"name": NAME}, **FUNCTION)}),
        keys({"type": word("custom"), "custom": keys({"name": NAME}, **CUSTOM)}),
    )
    answer = either(
        keys({"type": word("text", "json_object")}),
        keys({"type": word("json_schema"), "json_schema": keys({"name": NAME}, **SCHEMA)}),
    )
    body = keys(
        {"model": MODEL, "messages": _chat_messages()},
        **SURROUNDINGS,
        n=integer(1, 128),
        max_tokens=integer(1, 2**31),
        max_completion_tokens=integer(1, 2**31),
        reasoning_effort=EFFORT,
        verbosity=LEVEL,
        modalities={"enum": [["text"]]},
        audio=NOTHING,
        web_search_options=NOTHING,
        functions=listed(keys({"name": NAME}, **FUNCTION), most=1024),
        tools=listed(tool, most=1024),
        parallel_tool_calls=FLAG,
        chat_template_kwargs=keys(None, **dict.fromkeys(TEMPLATE_FLAGS, FLAG)),
        function_call=either(word("none", "auto"), keys({"name": NAME})),
        tool_choice=_choices(wrapped=True),
        response_format=answer,
        stop=STOP,
        prediction=keys({"type": word("content"), "content": content(texts("text"))}),
    )
    return _streamed(body, include_usage=FLAG, include_obfuscation=ANYTHING)


def completions() -> Schema:
    """The body of /v1/completions."""
    body = keys(
        {"model": MODEL, "prompt": either(TEXT, listed(TEXT, least=1, most=128))},
        **SURROUNDINGS,
        n=integer(1, 128),
        best_of=integer(1, 128),
        max_tokens=integer(0, 2**31),
        stop=STOP,
        suffix=TEXT,
    )
    return _streamed(body, include_usage=FLAG, include_obfuscation=ANYTHING)


def _items() -> Schema:
    side: dict[str, Schema] = {"id": ANYTHING, "status": ANYTHING, "phase": ANYTHING}
    image = keys({"type": word("input_image"), "image_url": MEDIA}, detail=DETAIL, file_id=NOTHING)
    file = [
        keys({"type": word("input_file"), "file_data": MEDIA}, file_url=MEDIA, filename=TEXT, file_id=NOTHING),
        keys({"type": word("input_file"), "file_url": MEDIA}, file_data=MEDIA, filename=TEXT, file_id=NOTHING),
    ]
    heard = content(texts("input_text"), image, *file)
    said = content(
        texts("output_text", annotations=ANYTHING, logprobs=ANYTHING, parsed=ANYTHING),
        texts("refusal", "refusal"),
    )
    return listed(
        either(
            keys({"role": word("user", "system", "developer"), "content": heard}, type=word("message"), **side),
            keys({"role": word("assistant"), "content": said}, type=word("message"), **side),
            keys(
                {"type": word("reasoning")},
                summary=listed(texts("summary_text")),
                content=listed(texts("reasoning_text")),
                encrypted_content=NOTHING,
                **side,
            ),
            keys(
                {"type": word("function_call"), "call_id": CALL_ID, "name": NAME, "arguments": TEXT},
                parsed_arguments=ANYTHING,
                **side,
            ),
            keys({"type": word("function_call_output"), "call_id": CALL_ID, "output": heard}, **side),
            keys(
                {"type": word("custom_tool_call"), "call_id": CALL_ID, "name": NAME, "input": TEXT},
                parsed_arguments=ANYTHING,
                **side,
            ),
            keys({"type": word("custom_tool_call_output"), "call_id": CALL_ID, "output": heard}, **side),
        ),
        least=1,
    )


def responses() -> Schema:
    """The body of /v1/responses."""
    tool = either(
        keys({"type": word("function"), "name": NAME}, **FUNCTION),
        keys({"type": word("custom"), "name": NAME}, **CUSTOM),
    )
    answer = either(
        keys({"type": word("text", "json_object")}),
        keys(
            {"type": word("json_schema"), "name": NAME, "schema": SCHEMA["schema"]},
            description=TEXT,
            strict=FLAG,
        ),
    )
    summary = word("auto", "concise", "detailed")
    body = keys(
        {"model": MODEL, "input": either(TEXT, _items())},
        **SURROUNDINGS,
        previous_response_id=NOTHING,
        conversation=NOTHING,
        prompt=NOTHING,
        context_management=NOTHING,
        background=UNSET,
        include=listed(word(SEALED_REASONING), most=64),
        max_output_tokens=integer(1, 2**31),
        max_tool_calls=NOTHING,
        truncation=word("auto", "disabled"),
        reasoning=keys(None, effort=EFFORT, summary=summary, generate_summary=summary),
        tools=listed(tool, most=1024),
        parallel_tool_calls=FLAG,
        tool_choice=_choices(wrapped=False),
        text=keys(None, format=answer, verbosity=LEVEL),
        instructions=TEXT,
        stream_options=keys(None, include_obfuscation=ANYTHING),
    )
    return {**body, "title": "A request for a response that keeps no state on the server behind"}


def _streamed(body: Schema, **options: Schema) -> Schema:
    """The same with options of a stream, which stand beside a stream only."""
    wanted = nullable(body, stream_options=keys(None, **options))
    beside = {"required": ["stream"], "properties": {"stream": {"const": True}}}
    none = {"properties": {"stream_options": {"anyOf": [NOTHING, {"not": {"required": ["include_usage"]}}]}}}
    unset = {"properties": {"stream_options": {"properties": {"include_usage": NOTHING}}}}
    return {**wanted, "anyOf": [beside, none, unset]}


def feedback() -> Schema:
    """The body of /v1/feedback."""
    answer: Schema = {"type": "string", "pattern": f"^{ANSWER.pattern}$"}
    return keys({"id": answer, "what": {"type": "string", "pattern": SAID.pattern, "maxLength": MOST_CHARACTERS}})
