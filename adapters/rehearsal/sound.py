"""The sound of a recording: a quiet tone as WAV, silence as MP3, both of the asked length."""

from __future__ import annotations

import io
import math
import struct
import wave

RATE_HZ = 8000
TONE_HZ = 440
LOUDNESS = 2000

# MPEG-1 layer III, 128 kbit/s, 44.1 kHz, mono; with its side information all zero a frame decodes to silence.
_MP3_HEADER = b"\xff\xfb\x90\xc0"
_MP3_FRAME_BYTES = 417
_MP3_SAMPLES_PER_FRAME = 1152
_MP3_RATE_HZ = 44_100


def wav(duration_s: int) -> bytes:
    """`duration_s` seconds of tone: mono, 16 bit, 8 kHz, as the carrier's own recordings are."""
    period = [int(LOUDNESS * math.sin(2 * math.pi * TONE_HZ * n / RATE_HZ)) for n in range(RATE_HZ)]
    second = struct.pack(f"<{RATE_HZ}h", *period)
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE_HZ)
        sound.writeframes(second * duration_s)
    return out.getvalue()


def mp3(duration_s: int) -> bytes:
    """At least `duration_s` seconds of silence: the standard library has no MP3 encoder, players take this as one."""
    frames = math.ceil(duration_s * _MP3_RATE_HZ / _MP3_SAMPLES_PER_FRAME)
    return _MP3_HEADER.ljust(_MP3_FRAME_BYTES, b"\0") * frames
