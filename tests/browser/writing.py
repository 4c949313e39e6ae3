"""Writing into the page's editors."""

from playwright.sync_api import Locator


def write(editor: Locator, text: str) -> None:
    """
    Put `text` in place of what is there.

    Not over a selection: then Chromium itself writes the old words' style into the new ones, which the
    policy refuses and the console tells.
    """
    keyboard = editor.page.keyboard
    editor.click()
    keyboard.press("Control+a")
    keyboard.press("Delete")
    keyboard.insert_text(text)
