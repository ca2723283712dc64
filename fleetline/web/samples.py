"""Sample calls in several languages, and a Postman collection of the same calls."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from fleetline.web.describing import Described, Operation

SCHEMA: Final = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP call with values, {{names}} standing for what the reader has to fill in."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: str


def call_of(described: Described, operation: Operation, base: str) -> Call:
    """The example call of an operation: needed parameters only, and the first way in that the document names."""
    path, query, headers = operation.path, dict[str, str](), list[tuple[str, str]]()
    for item in operation.parameters:
        value = item.example if isinstance(item.example, str) else json.dumps(item.example)
        if item.place == "path":
            path = path.replace("{" + item.name + "}", value if value.startswith("{{") else quote(str(value)))
        elif item.needed and item.place == "query":
            query[item.name] = str(value)
        elif item.needed and item.place == "header" and item.name.lower() != "x-api-key":
            headers.append((item.name, str(value)))
    named = any(item.name.lower() == "x-api-key" for item in operation.parameters)
    headers = [*ways_in(described, operation, named), *headers]
    if operation.media:
        headers.append(("Content-Type", operation.media))
    url = base + path + (f"?{urlencode(query, safe='{}')}" if query else "")
    return Call(operation.method, url, tuple(headers), body_of(operation))


def ways_in(described: Described, operation: Operation, named: bool) -> list[tuple[str, str]]:
    """The headers that carry keys and tokens."""
    found = [("X-Api-Key", "{{apiKey}}")] if named or "apiKey" in operation.auth else []
    if any(described.schemes.get(name, {}).get("scheme") == "bearer" for name in operation.auth):
        found.append(("Authorization", "Bearer {{bearerToken}}"))
    return found


def body_of(operation: Operation) -> str:
    if operation.body is None:
        return ""
    if operation.media == FORM and isinstance(operation.body, Mapping):
        return urlencode(operation.body, safe="{}")
    return operation.body if isinstance(operation.body, str) else json.dumps(operation.body, indent=2)


def _curl(call: Call) -> str:
    lines = [f"curl -X {call.method} '{call.url}'"]
    lines += [f"  -H '{name}: {value}'" for name, value in call.headers]
    if call.body:
        lines.append("  --data '" + call.body.replace("'", "'\\''") + "'")
    return " \\\n".join(lines)


def _python(call: Call) -> str:
    lines = ["import requests", "", "answer = requests.request(", f"    {call.method!r},", f"    {call.url!r},"]
    if call.headers:
        lines += ["    headers={", *(f"        {name!r}: {value!r}," for name, value in call.headers), "    },"]
    if call.body:
        lines.append(f'    data="""{call.body}""",')
    return "\n".join([*lines, "    timeout=30,", ")", "answer.raise_for_status()", "print(answer.text)"])


def _javascript(call: Call) -> str:
    options: dict[str, Any] = {"method": call.method, "headers": dict(call.headers)}
    text = json.dumps(options, indent=2)
    if call.body:
        text = text[:-2] + ",\n  \"body\": " + json.dumps(call.body) + "\n}"
    return f"const answer = await fetch({json.dumps(call.url)}, {text});\nif (!answer.ok) throw new Error(await answer.text());\nconsole.log(await answer.text());"


def _go(call: Call) -> str:
    body = f"strings.NewReader({json.dumps(call.body)})" if call.body else "nil"
    lines = [f"request, err := http.NewRequest({json.dumps(call.method)}, {json.dumps(call.url)}, {body})"]
    lines += ["if err != nil {", "\tlog.Fatal(err)", "}"]
    lines += [f"request.Header.Set({json.dumps(name)}, {json.dumps(value)})" for name, value in call.headers]
    lines += ["answer, err := http.DefaultClient.Do(request)", "if err != nil {", "\tlog.Fatal(err)", "}"]
    return "\n".join([*lines, "defer answer.Body.Close()", "io.Copy(os.Stdout, answer.Body)"])


def _java(call: Call) -> str:
    takes_body = call.method not in ("GET", "DELETE")
    body = f"RequestBody.create({json.dumps(call.body)}, null)" if call.body or takes_body else "null"
    lines = ["OkHttpClient client = new OkHttpClient();", "Request request = new Request.Builder()"]
    lines += [f"    .url({json.dumps(call.url)})", f"    .method({json.dumps(call.method)}, {body})"]
    lines += [f"    .addHeader({json.dumps(name)}, {json.dumps(value)})" for name, value in call.headers]
    return "\n".join([*lines, "    .build();", "try (Response answer = client.newCall(request).execute()) {",
                      "    System.out.println(answer.body().string());", "}"])  # fmt: skip


def _csharp(call: Call) -> str:
    lines = ["using var client = new HttpClient();"]
    lines.append(f"var request = new HttpRequestMessage(new HttpMethod({json.dumps(call.method)}), {json.dumps(call.url)});")
    media = dict(call.headers).get("Content-Type", "text/plain")
    lines += [
        f"request.Headers.TryAddWithoutValidation({json.dumps(name)}, {json.dumps(value)});"
        for name, value in call.headers if name != "Content-Type"
    ]  # fmt: skip
    if call.body:
        lines.append(f"request.Content = new StringContent({json.dumps(call.body)}, Encoding.UTF8, {json.dumps(media)});")
    return "\n".join([*lines, "var answer = await client.SendAsync(request);", "answer.EnsureSuccessStatusCode();",
                      "Console.WriteLine(await answer.Content.ReadAsStringAsync());"])  # fmt: skip


def _single(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _php(call: Call) -> str:
    lines = ["<?php", "$call = curl_init();", "curl_setopt_array($call, [", f"    CURLOPT_URL => {_single(call.url)},"]
    lines += [f"    CURLOPT_CUSTOMREQUEST => {_single(call.method)},", "    CURLOPT_RETURNTRANSFER => true,"]
    lines += ["    CURLOPT_HTTPHEADER => [", *(f"        {_single(f'{name}: {value}')}," for name, value in call.headers), "    ],"]
    if call.body:
        lines.append(f"    CURLOPT_POSTFIELDS => {_single(call.body)},")
    return "\n".join([*lines, "]);", "echo curl_exec($call);"])


def _r(call: Call) -> str:
    named = ", ".join(f"{json.dumps(name)} = {json.dumps(value)}" for name, value in call.headers)
    parts = [json.dumps(call.method), json.dumps(call.url)]
    parts += [f"add_headers(.headers = c({named}))"] if named else []
    parts += [f"body = {json.dumps(call.body)}"] if call.body else []
    return "library(httr)\nanswer <- VERB(" + ",\n  ".join(parts) + ")\nstop_for_status(answer)\ncat(content(answer, \"text\"))"


def _http(call: Call) -> str:
    scheme, _, rest = call.url.partition("://")
    host, slash, path = rest.partition("/")
    lines = [f"{call.method} {slash}{path} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in call.headers)]
    if call.body:
        lines.append(f"Content-Length: {len(call.body.encode())}")
    return "\n".join([*lines, "", call.body])


LANGUAGES: Final[Mapping[str, tuple[str, Callable[[Call], str]]]] = {
    "curl": ("cURL", _curl), "python": ("Python, Requests", _python), "javascript": ("JavaScript, Fetch", _javascript),
    "go": ("Go, native", _go), "java": ("Java, OkHttp", _java), "csharp": ("C#, HttpClient", _csharp),
    "php": ("PHP, cURL", _php), "r": ("R, httr", _r), "http": ("HTTP", _http),
}  # fmt: skip


def collection(described: Described, name: str) -> dict[str, Any]:
    """A Postman collection, version 2.1.0: a folder per chapter, {{baseUrl}} and the secrets as variables."""
    folders = [
        {"name": tag, "item": [_item(described, op) for op in described.operations if op.tag == tag]} for tag in described.tags
    ]
    info = {"name": described.title, "description": described.text, "schema": SCHEMA}
    found: dict[str, Any] = {"info": info, "item": folders, "variable": [{"key": "baseUrl", "value": "", "type": "string"}]}
    if name == "fleetview":
        found["auth"] = _client_credentials()
    return found


def _client_credentials() -> dict[str, Any]:
    values: dict[str, Any] = {
        "grant_type": "client_credentials", "accessTokenUrl": "{{baseUrl}}/token", "clientId": "{{clientId}}",
        "clientSecret": "{{clientSecret}}", "accessToken": "{{bearerToken}}", "addTokenTo": "header",
        "tokenRequestParams": [{"key": "X-Api-Key", "value": "{{apiKey}}", "enabled": True, "send_as": "request_header"}],
    }  # fmt: skip
    return {
        "type": "oauth2",
        "oauth2": [{"key": key, "value": value, "type": "any" if isinstance(value, list) else "string"} for key, value in values.items()],
    }  # fmt: skip


def _item(described: Described, operation: Operation) -> dict[str, Any]:
    call = call_of(described, operation, "{{baseUrl}}")
    request: dict[str, Any] = {
        "method": call.method, "header": [{"key": key, "value": value} for key, value in call.headers],
        "url": call.url, "description": operation.text,
    }  # fmt: skip
    if not operation.auth:
        request["auth"] = {"type": "noauth"}
    if operation.media == FORM and isinstance(operation.body, Mapping):
        pairs = [{"key": key, "value": str(value)} for key, value in operation.body.items()]
        request["body"] = {"mode": "urlencoded", "urlencoded": pairs}
    elif call.body:
        request["body"] = {"mode": "raw", "raw": call.body}
    item: dict[str, Any] = {"name": operation.summary, "request": request}
    if script := _after(operation):
        item["event"] = [{"listen": "test", "script": {"type": "text/javascript", "exec": script}}]
    return item


def _after(operation: Operation) -> list[str]:
    """What Postman keeps of an answer for the calls after it."""
    if operation.method == "POST" and operation.path in ("/token", "/refresh"):
        return ["const found = pm.response.json();", "pm.environment.set('bearerToken', found.access_token);",
                "pm.environment.set('refreshToken', found.refresh_token);"]  # fmt: skip
    if operation.method == "POST" and operation.path in ("/v1/resources", "/v1/fleets"):
        name = "resourceId" if operation.path.endswith("resources") else "fleetId"
        return [f"pm.environment.set('{name}', pm.response.json().{name});"]
    if operation.path.endswith("/authenticate"):
        return ["pm.environment.set('bearerToken', pm.response.json().token);"]
    return []
