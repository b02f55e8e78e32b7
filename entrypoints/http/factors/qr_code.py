"""QR codes, drawn by segno, which is loaded when the first one is."""

import io


def qr_svg(text: str) -> str:
    """Return an SVG document of the QR code for the text: dark on white, whatever is behind it."""
    import segno

    drawn = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        drawn, kind="svg", scale=4, border=4, light="#fff", dark="#000", xmldecl=False
    )
    return drawn.getvalue().decode().strip()
