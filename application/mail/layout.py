"""How the page part of a mail looks: one column, one button, nothing loaded from anywhere.

Mail programs drop style sheets, so the looks stand on each element; the one style element only
turns the colours for those that know a dark mode. They are the colours of our pages.
"""

from collections.abc import Sequence
from html import escape

BRAND = "Doorward"

_FONT = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',sans-serif"
_DOOR = (
    '<span class="button" style="display:inline-block;width:14px;height:18px;margin:0 8px 0 0;'
    'border-radius:7px 7px 0 0;background:#0f6b5c;vertical-align:-3px"></span>'
)
_DARK = (
    "@media (prefers-color-scheme:dark){"
    ".page{background:#141716!important;color:#eceeec!important}"
    ".sheet{background:#1d2120!important;border-color:#323836!important}"
    ".ink{color:#eceeec!important}.soft{color:#b0b7b3!important}"
    ".button{background:#6fd0bb!important;color:#08251f!important}}"
)


def mail_page(
    title: str,
    *,
    before: Sequence[str],
    link: str | None,
    action: str | None,
    after: Sequence[str],
) -> str:
    """Return the mail as HTML with every value escaped.

    The link is there twice: as a button, and as text to copy where buttons do not work.
    """
    parts = [_paragraph(line, "ink", "#1f2422") for line in before]
    if link is not None:
        parts += [_button(link, action or link), _bare(link)]
    parts += [_paragraph(line, "soft", "#5a605d") for line in after]
    heading = escape(title)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        '<meta name="supported-color-schemes" content="light dark">'
        f"<title>{heading}</title><style>{_DARK}</style></head>"
        f'<body class="page" style="margin:0;padding:0;background:#f4f3ef;color:#1f2422;{_FONT}">'
        '<table class="page" role="presentation" width="100%" cellpadding="0" cellspacing="0"'
        ' style="border-collapse:collapse;background:#f4f3ef"><tr>'
        '<td align="center" style="padding:32px 16px">'
        '<div style="max-width:480px;margin:0 auto;text-align:left;overflow-wrap:anywhere">'
        '<div class="ink" style="margin:0 0 16px;font-size:16px;font-weight:600;color:#1f2422">'
        f"{_DOOR}{escape(BRAND)}</div>"
        '<div class="sheet" style="padding:32px;border:1px solid #dedbd2;border-radius:16px;'
        'background:#ffffff">'
        '<h1 class="ink" style="margin:0 0 16px;font-size:24px;line-height:1.25;color:#1f2422">'
        f"{heading}</h1>{''.join(parts)}</div></div></td></tr></table></body></html>\n"
    )


def _paragraph(line: str, role: str, colour: str) -> str:
    style = f"margin:0 0 16px;font-size:16px;line-height:1.55;color:{colour}"
    return f'<p class="{role}" style="{style}">{escape(line)}</p>'


def _button(link: str, words: str) -> str:
    style = (
        "display:inline-block;padding:12px 24px;border-radius:10px;background:#0f6b5c;"
        "color:#ffffff;font-size:16px;font-weight:600;text-decoration:none"
    )
    return (
        '<p style="margin:8px 0 16px">'
        f'<a class="button" href="{escape(link)}" style="{style}">{escape(words)}</a></p>'
    )


def _bare(link: str) -> str:
    style = "margin:0 0 24px;font-size:14px;line-height:1.5;color:#5a605d;word-break:break-all"
    return f'<p class="soft" style="{style}">{escape(link)}</p>'
