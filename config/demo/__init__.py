"""The whole gateway on loopback, with stand-ins for carrier, telephones, mailboxes and relay, and a clock of its own.

`site` makes the folder, `stand_ins` are what the gateway talks to, `running` is the demo in the foreground, `play`
drives the main job through the real doors and says what it saw.
"""
