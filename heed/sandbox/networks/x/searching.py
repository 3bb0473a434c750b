"""A search as a question about a post."""

from __future__ import annotations

import re
from collections.abc import Callable

from heed.sandbox.networks.x.answers import problem

_TOKENS = re.compile(r'-?\w+:"[^"]*"|-?"[^"]*"|[()]|[^\s()]+')


def question(text: str) -> Callable[[dict[str, str]], bool]:
    """A search as a question about a post: a space binds before OR."""
    words = _TOKENS.findall(text)
    test = _either(words)
    if words:
        raise problem(400, "invalid-request", f"cannot parse {words[0]}")
    return test


def _either(words: list[str]) -> Callable[[dict[str, str]], bool]:
    tests = [_all(words)]
    while words and words[0] == "OR":
        words.pop(0)
        tests.append(_all(words))
    return lambda post: any(test(post) for test in tests)


def _all(words: list[str]) -> Callable[[dict[str, str]], bool]:
    tests: list[Callable[[dict[str, str]], bool]] = []
    while words and words[0] not in ("OR", ")"):
        tests.append(_one(words))
    if not tests:
        raise problem(400, "invalid-request", "an empty group")
    return lambda post: all(test(post) for test in tests)


def _one(words: list[str]) -> Callable[[dict[str, str]], bool]:
    word = words.pop(0)
    if word == "(":
        inner = _either(words)
        if not words or words.pop(0) != ")":
            raise problem(400, "invalid-request", "a parenthesis is missing")
        return inner
    if word.startswith("-"):
        wanted = _test(word[1:])
        return lambda post: not wanted(post)
    return _test(word)


def _test(word: str) -> Callable[[dict[str, str]], bool]:
    operator, colon, value = word.partition(":")
    value = value.strip('"').casefold()
    match operator if colon else "":
        case "from":
            return lambda post: post["from"] == value
        case "url":
            return lambda post: value in post["url"]
        case "is":
            return lambda post: False  # reposts are not found
        case _:
            return lambda post: word.strip('"').casefold() in post["text"]
