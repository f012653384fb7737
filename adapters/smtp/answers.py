"""Every sentence the SMTP door says. Fixed: nothing that a client or an exception said comes back in an answer."""

from __future__ import annotations

GREETING = "ESMTP"
ACCEPTED = "250 2.0.0 Accepted and stored"
HELP = "214 2.0.0 This host takes mail for its own addresses only"
MAY_EXIST = "252 2.5.2 Send the mail and we will see"

CLOSING = "421 4.3.2 Service closing, please come again"
TOO_MANY_CONNECTIONS = "421 4.7.0 Too many connections, please come again later"
TOO_SLOW = "421 4.4.2 Timeout, closing the connection"
TOO_MUCH_TALK = "421 4.7.0 Too many commands, closing the connection"
TOO_MANY_UNKNOWN = "421 4.7.0 Too many unknown recipients, closing the connection"
TOO_MUCH_HELD = "452 4.3.1 Not enough room at the moment, please come again later"
TOO_MANY_RECIPIENTS = "452 4.5.3 Too many recipients, send the others separately"

UNKNOWN_COMMAND = "502 5.5.2 Command not recognised"
NOT_OFFERED = "502 5.5.1 Command not offered"
BAD_CHARACTERS = "501 5.5.2 Control or undecodable characters in a command"
BAD_HELO = "501 5.5.4 Not a host name"
TALKS_TOO_EARLY = "554 5.5.0 Client spoke before its turn, closing the connection"
OUT_OF_ORDER = "503 5.5.1 Commands out of order"
NO_ARGUMENT = "501 5.5.4 This command takes no argument"
NO_UTF8 = "553 5.6.7 A non-ASCII address needs SMTPUTF8"
NO_SUCH_RECIPIENT = "550 5.1.1 No such recipient here"
TOO_BIG = "552 5.3.4 Message too big"
LINE_TOO_LONG = "552 5.3.4 Line too long, closing the connection"
START = "354 End data with <CR><LF>.<CR><LF>"


def fault(reference: str) -> str:
    """Our fault, whatever it was: the sender's server keeps the mail and comes again."""
    return f"451 4.3.0 Temporary fault on our side, please send again later (reference {reference})"
