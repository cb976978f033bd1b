"""A capture as one page that explains every byte of it, and needs nothing else."""

import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from fakesmb.capture.events import events
from fakesmb.capture.reading import is_capture
from fakesmb.capture.trouble import CaptureError, Trouble
from fakesmb.mistakes import ConfigError
from fakesmb.show import captured
from fakesmb.show.details import details_of
from fakesmb.show.showing import Wanted
from fakesmb.show.source import Source
from fakesmb.web.standalone import page as page_of


def save(file: BinaryIO, name: str, wanted: Wanted, page: str) -> list[str]:
    """Writes the page to the file `page`, `-` for standard output; gives lines about what could not be read.

    Raises `ConfigError` for a log, which keeps no bytes, and OSError where the page cannot be written.
    """
    source = Source(file, lambda: None)
    if not is_capture(source.head):
        raise ConfigError(
            f"{name}: a log keeps no bytes: --html needs a capture, which serve --pcap FILE makes"
        )
    troubles: list[str] = []

    def told() -> Iterator[dict[str, Any]]:
        found = events(io.BufferedReader(source, 1 << 16), ports=wanted.ports)
        number = 1
        for one in captured.followed(found, wanted.filter, context=True):
            if isinstance(one, Trouble):
                troubles.append(f"{name}: {one}")
                continue
            for detail in details_of(*one, number, secrets=wanted.secrets):
                yield detail
                number += 1

    try:
        text = page_of(told(), title=os.path.basename(name))
    except CaptureError as error:
        raise ConfigError(f"{name}: {error}") from None
    if page == "-":
        sys.stdout.write(text)
        sys.stdout.flush()
    else:
        try:
            Path(page).write_text(text, encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"cannot write the page {page}: {error.strerror}") from None
    return troubles
