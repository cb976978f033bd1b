"""What just happened, in one sentence of plain English: for whoever looks at a conversation for the first time.

The shorthand of the log says it to those who know the protocol; here the client asks and the server answers.
"""

from fakesmb.nt.status import NT, label
from fakesmb.record import describe
from fakesmb.record.events import (
    Connected,
    Disconnected,
    Happening,
    Message,
    Named,
    Part,
    Printed,
    Problem,
    SignedIn,
    SignInRefused,
    Told,
)
from fakesmb.record.words.trans import is_refused_referral
from fakesmb.trace import saying
from fakesmb.trace.commandsentences import SPECIAL, Values, fragment
from fakesmb.wire import names
from fakesmb.wire.commands import Command
from fakesmb.wire.fragments import Fragment


def sentence(event: Told) -> str:
    """One sentence. Never raises; what is not known is left out."""
    if isinstance(event, Message):
        try:
            said = _message(event)
        except Exception:  # a foreign capture holds anything; the shorthand is there in any case
            said = ""
        return said or _general(event)
    return _happening(event)


def _happening(event: Happening) -> str:
    match event:
        case Connected():
            return f"A client connects from {event.peer}: a TCP connection, and nothing of SMB yet."
        case Disconnected():
            who = "The server" if event.by_server else "The client"
            why = f": {event.reason}" if event.reason else ""
            return _ended(f"{who} ends the connection{why}")
        case SignedIn() if event.kind == "anonymous":
            return "The server lets the client in without a name: an anonymous session."
        case SignedIn():
            guest = " as a guest" if event.kind == "guest" else ""
            proof = f"; the password was proved by {event.protection}" if event.protection else ""
            return f"The server has let {event.user} in{guest}{proof}."
        case SignInRefused():
            why = event.reason or label(event.status)
            return _ended(f"The server turns {event.user or 'the client'} away: {why}")
        case Printed() if event.file:
            of_whom = f" of {event.user}" if event.user else ""
            what = f"{event.size} bytes: {event.document!r} waits on {event.printer}"
            return f"The print job{of_whom} is complete, {what}."
        case Printed():
            return _ended(f"The print job {event.document!r} on {event.printer} is removed: {event.reason}")
        case Named():
            return _ended(
                f"Beside the connections, by UDP: {describe.happening(event).removeprefix('names: ')}"
            )
        case Problem() if event.traceback:
            return _ended(f"Something went wrong inside the server: {event.text}")
        case Problem():
            return _ended(f"The server has something to say: {event.text}")


def _message(message: Message) -> str:
    part = message.parts[0]
    said = [_part(message, one) for one in message.parts]
    if message.request:
        chained = [text if at == 0 else text[0].lower() + text[1:] for at, text in enumerate(said) if text]
        return _ended(". In the same message: ".join(chained)) if chained else ""
    if message.status and not _goes_on(message):
        return _refusal(message, message.parts[-1])
    if message.fault:
        return _ended(f"{said[0] or 'The server answers'}; the fault “{message.fault}” acted on it")
    if part.command == Command.LOCKING_ANDX and not message.took and message.header.mid == 0xFFFF:
        return said[0]
    return _ended(". ".join(text for text in said if text)) if any(said) else ""


def _goes_on(message: Message) -> bool:
    return message.status in (NT.MORE_PROCESSING_REQUIRED, NT.BUFFER_OVERFLOW, NT.NOTIFY_ENUM_DIR)


def _refusal(message: Message, part: Part) -> str:
    status = label(message.status)
    if is_refused_referral(part, message.status):
        return (
            "The server answers that this is no DFS namespace (STATUS_NO_SUCH_DEVICE): "
            "the client is to connect to the share directly."
        )
    words = saying.STATUSES.get(message.status)
    title = names.title(part.command)
    text = (
        f"The server refuses {title}: {words} ({status})"
        if words
        else f"The server refuses {title}: {status}"
    )
    if part.problem:
        text += f" – {part.problem}"
    if message.fault:
        text += f"; the fault “{message.fault}” did that"
    return _ended(text)


def _part(message: Message, part: Part) -> str:
    special = SPECIAL.get(part.command)
    if special is not None:
        said = special(message, part)
        if said:
            return said
    if type(part.detail) is Fragment:
        return fragment(part.detail, message)
    table = saying.REQUESTS if message.request else saying.REPLIES
    template = table.get(part.command)
    if template is None:
        return ""
    return template.format_map(Values(message, part))


def _general(message: Message) -> str:
    """For commands that have no sentence of their own."""
    title = names.title(message.parts[0].command) if message.parts else "something"
    problem = message.parts[0].problem if message.parts else ""
    if message.request:
        return _ended(f"The client asks for {title}{f': {problem}' if problem else ''}")
    return _refusal(message, message.parts[-1]) if message.status else f"The server answers {title}."


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
