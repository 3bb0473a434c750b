"""Pages and API calls: each is answered by one thread from beginning to end, and threads are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.conf import settings
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.exception import convert_exception_to_response
from django.core.signals import request_started
from django.db import close_old_connections
from django.http import HttpResponseBase
from django.urls import set_script_prefix
from django.utils.module_loading import import_string

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

MOST_AT_ONCE = 40
"""Requests that are answered at the same time; more wait. There are as many threads as were needed at once,
and most need no more than two. Each that asks the database holds one of the pool's connections
(`heed.lib.postgres`) until it is answered."""


class Pages(ASGIHandler):
    """Django, without the asynchronous handler's detours.

    That one makes a thread, and with it everything Django knows of a database, for each request, and goes
    back and forth between it and the event loop several times. All our views and middleware are synchronous.
    Only what is streamed (a file, an export) leaves piece by piece from the event loop.
    """

    def __init__(self, threads: ThreadPoolExecutor | None = None) -> None:
        self.load_middleware(is_async=False)
        self.threads = threads or ThreadPoolExecutor(MOST_AT_ONCE, "page")

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        with body:
            # A context of its own, as a new thread would have: nothing of this request is left to the next.
            answer = copy_context().run
            response = await asyncio.get_running_loop().run_in_executor(
                self.threads, answer, self._answer, scope, body
            )
            if response.streaming:
                await self._stream(response, receive, send)
            else:
                await self.send_response(response, send)

    def _answer(self, scope: dict[str, Any], body: Any) -> HttpResponseBase:
        """The response; when this returns, nothing of the thread's is held any more."""
        set_script_prefix(get_script_prefix(scope))
        request_started.send(sender=self.__class__, scope=scope)
        request, refusal = self.create_request(scope, body)
        response = self.get_response(request) if request is not None else refusal
        assert response is not None
        if response.streaming:
            close_old_connections()
        else:
            response.close()
        return response

    async def _stream(self, response: HttpResponseBase, receive: Receive, send: Send) -> None:
        """Send it piece by piece, until its end or until the one who asked has gone."""
        async with ThreadSensitiveContext():
            sending = asyncio.create_task(self.send_response(response, send))
            gone = asyncio.ensure_future(receive())
            try:
                await asyncio.wait((sending, gone), return_when=asyncio.FIRST_COMPLETED)
                if sending.done():
                    sending.result()
            finally:
                sending.cancel()
                gone.cancel()
                await asyncio.gather(sending, gone, return_exceptions=True)
                await sync_to_async(response.close)()


class Programs(Pages):
    """The API: programs show a token at each request, so what keeps sessions, forms and messages for people
    is left out, which is half of all middleware. What is left is that of the pages, in its order."""

    def load_middleware(self, is_async: bool = False) -> None:
        own: Any = self
        own._view_middleware, own._template_response_middleware, own._exception_middleware = [], [], []
        chain = convert_exception_to_response(own._get_response)
        for path in reversed(settings.MIDDLEWARE):
            if path not in settings.ONLY_FOR_PEOPLE:
                chain = convert_exception_to_response(import_string(path)(chain))
        own._middleware_chain = chain
