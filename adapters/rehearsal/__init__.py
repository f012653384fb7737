"""A carrier, telephones and a mail sink to rehearse with: for the demo, for tests, for operators.

The stand-in carrier speaks Twilio's REST API (2010-04-01: Messages, Calls, Recordings) over HTTP, calls back signed
with code of its own, and walks our TwiML. It never calls anything but the gateway it was given and this machine.

    with Rehearsal(Account("AC" + "0" * 32, "token", "+390701234567"), seconds_scale=0.01) as rehearsal:
        rehearsal.connect(Gateway("https://help.example", connect_url="http://127.0.0.1:8080"))
        carrier, mail = rehearsal.carrier, rehearsal.mail
        carrier.phones["+393331112233"] = answers("1").but(reply="OK {code}")
        ...                                             # the gateway uses rehearsal.base_url and rehearsal.smtp_port
        carrier.place_call("+393401112233", ["1", Leave(8)])
        carrier.send_sms("+393331112233", "OK 482913")
        carrier.wait_idle(timeout=10)

`Rehearsal(account, *, gateway=None, clock=utc_now, seconds_scale=1.0, seed=None, ports=Ports())`
    `start()`, `stop()`, `reset()`, `connect(Gateway)`, `base_url`, `smtp_port`, `carrier`, `mail`. For each second on
    the telephone `seconds_scale` real ones pass, so that time-outs keep their proportions.
`Gateway(public_url, connect_url="", voice_path="/twilio/voice", sms_path="/twilio/sms",
    status_path="/twilio/status")`: signed is the public URL, the connection goes to `connect_url`.

`Carrier`
    What happened: `messages` (texts sent by the gateway), `received_messages`, `calls` (placed by the gateway),
    `received_calls`, `dialled_calls`, `recordings`, `errors` (unknown verbs, HTTP errors, addresses not called).
    A message has `sid sender to body direction status error_code status_callback`; a call `sid caller to direction
    status duration_s answered_by heard verbs pressed`.
    What to do: `place_call(from_, script=(), to="")`, `send_sms(from_, body, to="", *, times=1)`,
    `press(number, *steps)`, `pick_up(number)`, `hang_up(number)`, `post_json(url, body)`, `idle`,
    `wait_idle(timeout=10)`.

`carrier.phones[number]` is a `Phone`: `behaviour`, `inbox` (each `at sender body code`), `calls`, `heard`. Assigning a
    behaviour to `carrier.phones[number]` changes it: `answers(*script, after_s=4)`, `replies(template_or_function,
    after_s=5)`, `rings_out()`, `voicemail(after_s=20)`, `switched_off(call_status="no-answer")`, `busy()`,
    `opted_out()`, each with `.but(reply=..., sms_error=..., talks_s=...)`. Unknown numbers ring out. A text STOP
    makes the carrier refuse the number with 21610 until it texts START.

A script is a list of strings of keys, `Press(keys, after_hearing="")`, `Speak(text)`, `Silence()`, `Leave(seconds,
    key="#")` (`key=""` hangs up after the message) and `HangUp(after_verbs=0, after_s=0)`. Each but the last answers
    one Gather or Record; when the script is over the person only listens.

`carrier.faults.add(...)`, `.clear()`, `.pending`, with what `adapters.rehearsal.faults` makes:
    `too_many(retry_after_s=1)`, `status(503, code=None, acts=False)`,
    `late(seconds)`, `never(acts=False)`, `garbage()`, `cut(acts=True)`, `silent()`, `undelivered(number, code)`,
    `failed(number, code)`, `callbacks("duplicated" | "reversed" | "early")`, each with `times=` (None: until
    cleared); or `Fault(Kind..., times, path, method, number, ...)`.

`MailSink` (`rehearsal.mail`): `messages`, `to(recipient)` (each `at mail_from rcpt_tos raw parsed subject`),
    `clear()`, `refuse(code, text, recipient="", times=1)`, `cut(times=1)`, `slow(seconds, times=1)`, `clear_faults()`,
    `on_mail` (called with each mail before its 250; if it raises, the client gets 451).

`Mailboxes(users, clock, *, host="127.0.0.1", port=0)` is an IMAP server of its own (users: user -> password):
    `start()`, `stop()`, `port`, `uidvalidity`, `deliver(user, raw, at=None, folder="INBOX")` (its UID), `messages(user,
    folder="INBOX")` (each `uid raw at flags`), `clear()`.

`rehearsal.page.show(house, words)` puts a page at `base_url` + `/rehearsal/` on which people hold the telephones in
    their hands; `house` (`adapters.rehearsal.house.House`) says what there is to see of the gateway behind them.

By HTTP, in JSON, on `base_url`, for this machine alone (`same_origin`):
    GET /rehearsal/state
    GET /rehearsal/phones, GET /rehearsal/phones/{number}
    POST /rehearsal/phones/{number}  {"behaviour": "answers|replies|rings_out|voicemail|off|busy|opted_out",
        "script": [...], "reply": "OK {code}", "sms_error": 30003, "answers_after_s": 4}, or at once:
        {"answer": true}, {"answer": "machine"}, {"press": "1"}, {"press": [{"speak": "..."}]},
        {"hang_up": true}, {"send": "OK 482913"}
    POST /rehearsal/calls     {"from": "+39...", "script": ["1", {"leave": 8}, {"hang_up": true}], "to": "+39..."}
    POST /rehearsal/messages  {"from": "+39...", "body": "OK 482913", "to": "+39...", "times": 1}
    POST /rehearsal/pace      {"speech": 8}: what is said takes an eighth of a voice's time
    GET, DELETE /rehearsal/faults; POST /rehearsal/faults  {"kind": "status", "status": 429, "retry_after_s": 2,
        "times": 3, "number": "", "path": "", "acts": false} for the carrier, {"mail": "data" | "recipient",
        "reply": "451 4.3.0 later", "recipient": "", "times": 1, "delay_s": 0, "cut": false} for the sink
    GET /rehearsal/mail, GET /rehearsal/mail/{n} (raw, the first is 0)
"""

from adapters.rehearsal.carrier import Carrier, utc_now
from adapters.rehearsal.courier import Gateway
from adapters.rehearsal.mail_sink import MailFault, MailSink, Stage, SunkMail
from adapters.rehearsal.mailboxes import BoxedMail, Mailboxes
from adapters.rehearsal.phones import (
    Behaviour,
    Phone,
    Ring,
    Text,
    answers,
    busy,
    opted_out,
    replies,
    rings_out,
    switched_off,
    voicemail,
)
from adapters.rehearsal.records import Account, Call, Clock, Message, Recording, Trouble
from adapters.rehearsal.script import HangUp, Leave, Press, Silence, Speak
from adapters.rehearsal.server import Ports, Rehearsal

__all__ = [
    "Account",
    "Behaviour",
    "BoxedMail",
    "Call",
    "Carrier",
    "Clock",
    "Gateway",
    "HangUp",
    "Leave",
    "MailFault",
    "MailSink",
    "Mailboxes",
    "Message",
    "Phone",
    "Ports",
    "Press",
    "Recording",
    "Rehearsal",
    "Ring",
    "Silence",
    "Speak",
    "Stage",
    "SunkMail",
    "Text",
    "Trouble",
    "answers",
    "busy",
    "opted_out",
    "replies",
    "rings_out",
    "switched_off",
    "utc_now",
    "voicemail",
]
