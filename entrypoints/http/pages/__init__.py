"""The pages behind mailed links: small, without a script, and everything on them served by us.

:mod:`~entrypoints.http.pages.flows` says what each page asks for, ``texts`` says it in words
(another language is another table there), and ``rendering`` makes answers of both with the
templates beside it. The routes are in :mod:`entrypoints.http.pages.routes`.
"""
