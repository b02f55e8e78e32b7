"""The pages where a signed-in user looks after the security of their own account.

They work without a script, but for the one of passkeys. No page keeps anything on the server: a
sign-in that is half done is sealed into its form. :mod:`~entrypoints.http.account_pages.places`
says which pages there are and what their forms hold, ``texts`` says it in words,
``visitors`` who is looking, and ``rendering`` makes the answers.
"""
