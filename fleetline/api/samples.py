"""Code samples: one HTTP call as a program in each of nine languages."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode

FORM: Final = "application/x-www-form-urlencoded"
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Call:
    """One call with all of its values; {{names}} may stand for some.

    headers  without the content type, which `media` is
    form     fields of a form, in place of a body
    """

    method: str
    url: str
    headers: Pairs = ()
    media: str = ""
    body: str = ""
    form: Pairs = ()

    @property
    def all_headers(self) -> Pairs:
        return (*self.headers, ("Content-Type", self.media)) if self.media else self.headers


@dataclass(frozen=True, slots=True)
class Language:
    """One choice. key: short and unique; label and variant: as the vendor's page calls them"""

    key: str
    label: str
    variant: str
    write: Callable[[Call], str]


def filled(call: Call, values: Mapping[str, str]) -> Call:
    """The call with values in place of the {{names}} that are known."""

    def fill(text: str) -> str:
        for name, value in values.items():
            text = text.replace("{{" + name + "}}", value)
        return text

    def each(pairs: Pairs) -> Pairs:
        return tuple((name, fill(value)) for name, value in pairs)

    return replace(call, url=fill(call.url), headers=each(call.headers), body=fill(call.body), form=each(call.form))


def samples(call: Call) -> dict[str, str]:
    """The program of each language, by its key."""
    return {language.key: language.write(call) for language in LANGUAGES}


def _quoted(text: str) -> str:
    """A literal between double quotes, as Go, Java, C# and JavaScript read it."""
    return json.dumps(text)


def _shell(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _single(text: str) -> str:
    """A literal between single quotes, over several lines if need be, as PHP and R read it."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _curl(call: Call) -> str:
    words = [f"curl --request {call.method} --url {_shell(call.url)}"]
    words += [f"--header {_shell(f'{name}: {value}')}" for name, value in call.all_headers]
    words += [f"--data-urlencode {_shell(f'{name}={value}')}" for name, value in call.form]
    if call.body:
        words.append(f"--data-binary {_shell(call.body)}")
    return " \\\n  ".join(words)


def _python_text(text: str) -> str:
    return repr(text) if "\\" in text or '"""' in text or "\n" not in text else f'"""{text}"""'


def _python(call: Call) -> str:
    lines = ["import requests", ""]
    given = ""
    if call.headers or call.media:
        lines += ["headers = {", *(f"    {name!r}: {value!r}," for name, value in call.all_headers), "}"]
        given += ", headers=headers"
    if call.form:
        lines += ["fields = {", *(f"    {name!r}: {value!r}," for name, value in call.form), "}"]
        given += ", data=fields"
    elif call.body:
        lines.append(f"body = {_python_text(call.body)}")
        given += ", data=body.encode()"
    lines += [
        f"answer = requests.request({call.method!r}, {call.url!r}{given}, timeout=30)",
        "answer.raise_for_status()",
        "print(answer.text)",
    ]
    return "\n".join(lines)


def _javascript(call: Call) -> str:
    lines = [f"const answer = await fetch({_quoted(call.url)}, {{", f"  method: {_quoted(call.method)},"]
    if call.headers or call.media:
        lines.append("  headers: {")
        lines += [f"    {_quoted(name)}: {_quoted(value)}," for name, value in call.all_headers]
        lines.append("  },")
    if call.form:
        lines.append("  body: new URLSearchParams({")
        lines += [f"    {_quoted(name)}: {_quoted(value)}," for name, value in call.form]
        lines.append("  }),")
    elif call.body:
        escaped = call.body.replace("\\", "\\\\").replace("`", "\\`").replace("${", "\\${")
        lines.append(f"  body: `{escaped}`,")
    lines += [
        "});",
        "if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);",
        "console.log(await answer.text());",
    ]
    return "\n".join(lines)


def _go(call: Call) -> str:
    imports = {"fmt", "io", "log", "net/http"}
    lines, body = list[str](), "nil"
    if call.form:
        imports |= {"net/url", "strings"}
        lines.append("\tfields := url.Values{}")
        lines += [f"\tfields.Set({_quoted(name)}, {_quoted(value)})" for name, value in call.form]
        body = "strings.NewReader(fields.Encode())"
    elif call.body:
        imports.add("strings")
        text = _quoted(call.body) if "`" in call.body else f"`{call.body}`"
        lines.append(f"\tbody := strings.NewReader({text})")
        body = "body"
    lines.append(f"\trequest, err := http.NewRequest({_quoted(call.method)}, {_quoted(call.url)}, {body})")
    lines += ["\tif err != nil {", "\t\tlog.Fatal(err)", "\t}"]
    lines += [f"\trequest.Header.Set({_quoted(name)}, {_quoted(value)})" for name, value in call.all_headers]
    lines += [
        "\tanswer, err := http.DefaultClient.Do(request)", "\tif err != nil {", "\t\tlog.Fatal(err)", "\t}",
        "\tdefer answer.Body.Close()", "\ttext, err := io.ReadAll(answer.Body)",
        "\tif err != nil {", "\t\tlog.Fatal(err)", "\t}", "\tfmt.Println(answer.Status, string(text))",
    ]  # fmt: skip
    head = ["package main", "", "import (", *(f"\t{_quoted(name)}" for name in sorted(imports)), ")", ""]
    return "\n".join([*head, "func main() {", *lines, "}"])


def _java(call: Call) -> str:
    imports = ["okhttp3.OkHttpClient", "okhttp3.Request", "okhttp3.Response"]
    lines, body = ["OkHttpClient client = new OkHttpClient();"], "null"
    if call.form:
        imports += ["okhttp3.FormBody", "okhttp3.RequestBody"]
        lines.append("RequestBody body = new FormBody.Builder()")
        lines += [f"    .add({_quoted(name)}, {_quoted(value)})" for name, value in call.form]
        lines.append("    .build();")
        body = "body"
    elif call.body or call.method in ("POST", "PUT", "PATCH"):
        imports += ["okhttp3.MediaType", "okhttp3.RequestBody"]
        pieces = call.body.splitlines(keepends=True) or [""]
        lines.append("String text = " + "\n    + ".join(_quoted(piece) for piece in pieces) + ";")
        media = f"MediaType.parse({_quoted(call.media)})" if call.media else "null"
        lines.append(f"RequestBody body = RequestBody.create(text, {media});")
        body = "body"
    lines += ["Request request = new Request.Builder()", f"    .url({_quoted(call.url)})"]
    lines.append(f"    .method({_quoted(call.method)}, {body})")
    lines += [f"    .addHeader({_quoted(name)}, {_quoted(value)})" for name, value in call.all_headers]
    lines += [
        "    .build();", "try (Response answer = client.newCall(request).execute()) {",
        '  System.out.println(answer.code() + " " + answer.body().string());', "}",
    ]  # fmt: skip
    inner = "\n".join(lines).replace("\n", "\n    ")
    return "\n".join([
        *(f"import {name};" for name in sorted(imports)), "", "public class Sample {",
        "  public static void main(String[] arguments) throws java.io.IOException {", f"    {inner}", "  }", "}",
    ])  # fmt: skip


def _csharp(call: Call) -> str:
    lines = ["using System.Net.Http;", "using System.Text;", "", "using var client = new HttpClient();"]
    made = f"new HttpMethod({_quoted(call.method)}), {_quoted(call.url)}"
    lines.append(f"using var request = new HttpRequestMessage({made});")
    lines += [
        f"request.Headers.TryAddWithoutValidation({_quoted(name)}, {_quoted(value)});" for name, value in call.headers
    ]
    if call.form:
        lines += ["request.Content = new FormUrlEncodedContent(new Dictionary<string, string>", "{"]
        lines += [f"    [{_quoted(name)}] = {_quoted(value)}," for name, value in call.form]
        lines.append("});")
    elif call.body:
        text = '@"' + call.body.replace('"', '""') + '"'
        lines.append(f"request.Content = new StringContent({text}, Encoding.UTF8);")
        lines.append('request.Content.Headers.Remove("Content-Type");')
        lines.append(f'request.Content.Headers.TryAddWithoutValidation("Content-Type", {_quoted(call.media)});')
    lines += [
        "using var answer = await client.SendAsync(request);", "answer.EnsureSuccessStatusCode();",
        "Console.WriteLine(await answer.Content.ReadAsStringAsync());",
    ]  # fmt: skip
    return "\n".join(lines)


def _php(call: Call) -> str:
    lines = ["<?php", "$call = curl_init();", "curl_setopt_array($call, ["]
    lines += [f"    CURLOPT_URL => {_single(call.url)},", f"    CURLOPT_CUSTOMREQUEST => {_single(call.method)},"]
    lines.append("    CURLOPT_RETURNTRANSFER => true,")
    if call.all_headers:
        lines.append("    CURLOPT_HTTPHEADER => [")
        lines += [f"        {_single(f'{name}: {value}')}," for name, value in call.all_headers]
        lines.append("    ],")
    if call.form:
        lines.append("    CURLOPT_POSTFIELDS => http_build_query([")
        lines += [f"        {_single(name)} => {_single(value)}," for name, value in call.form]
        lines.append("    ]),")
    elif call.body:
        lines.append(f"    CURLOPT_POSTFIELDS => {_single(call.body)},")
    lines += ["]);", "$text = curl_exec($call);", "echo curl_getinfo($call, CURLINFO_RESPONSE_CODE), ' ', $text;"]
    return "\n".join(lines)


def _named(pairs: Sequence[tuple[str, str]]) -> str:
    return ",\n".join(f"    `{name}` = {_single(value)}" for name, value in pairs)


def _r(call: Call) -> str:
    parts = [_single(call.method), _single(call.url)]
    if call.all_headers:
        parts.append(f"add_headers(.headers = c(\n{_named(call.all_headers)}\n  ))")
    if call.form:
        parts.append(f"body = list(\n{_named(call.form)}\n  ),\n  encode = 'form'")
    elif call.body:
        parts.append(f"body = {_single(call.body)}")
    given = ",\n  ".join(parts)
    read = "stop_for_status(answer)\ncat(content(answer, as = 'text', encoding = 'UTF-8'))"
    return f"library(httr)\n\nanswer <- VERB(\n  {given}\n)\n{read}"


def _http(call: Call) -> str:
    body = urlencode(call.form, safe="{}") if call.form else call.body
    _, _, rest = call.url.rpartition("://")
    host, _, path = rest.partition("/")
    lines = [f"{call.method} /{path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in call.all_headers]
    if body:
        lines.append(f"Content-Length: {len(body.encode())}")
    return "\n".join([*lines, "", body]) if body else "\n".join([*lines, "", ""])


LANGUAGES: Final = (
    Language("curl", "cURL", "cURL", _curl),
    Language("python", "Python", "Requests", _python),
    Language("javascript", "JavaScript", "Fetch", _javascript),
    Language("go", "Go", "Native", _go),
    Language("java", "Java", "OkHttp", _java),
    Language("csharp", "C#", "HttpClient", _csharp),
    Language("php", "PHP", "cURL", _php),
    Language("r", "R", "httr", _r),
    Language("http", "HTTP", "HTTP", _http),
)
