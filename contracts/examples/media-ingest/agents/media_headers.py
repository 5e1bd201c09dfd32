"""What an MP4 or WAV file is, read from the bytes of its own headers."""
import os
import struct


class NotMedia(Exception):
    """The bytes are not those of an MP4 or WAV file with something to see or hear in it."""


def read_headers(file):
    """Kind ("video" or "audio"), format, duration and, of a video, dimensions. Raises NotMedia."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    start = file.read(12)
    file.seek(0)
    try:
        if start[4:8] == b"ftyp":
            return _mp4(file, size)
        if start[:4] == b"RIFF" and start[8:] == b"WAVE":
            return _wav(file, size)
    except struct.error:
        raise NotMedia("its headers are cut off") from None
    raise NotMedia("it is neither MP4 nor WAV")


def _mp4(file, size):
    duration, width, height, kinds = None, 0, 0, set()
    for kind, payload in _boxes(file, 0, size, depth=0):
        wide = payload[:1] == b"\x01"  # version 1: times are of 64 bits
        if kind == b"mvhd":
            scale, length = struct.unpack_from(">IQ" if wide else ">II", payload, 20 if wide else 12)
            duration = length / scale if scale else None
        elif kind == b"tkhd":  # 16.16 fixed point; zero for a track without a picture
            w, h = struct.unpack_from(">II", payload, 88 if wide else 76)
            width, height = max(width, w >> 16), max(height, h >> 16)
        elif kind == b"hdlr":
            kinds.add(payload[8:12])
    if duration is None:
        raise NotMedia("an MP4 without a movie header")
    if b"vide" in kinds:
        return {"kind": "video", "format": "mp4", "durationSeconds": duration, "width": width, "height": height}
    if b"soun" in kinds:
        return {"kind": "audio", "format": "mp4", "durationSeconds": duration}
    raise NotMedia("an MP4 without picture and sound")


def _boxes(file, position, end, depth):
    """The boxes from `position` to `end` and those inside the containers of interest, each with its first bytes."""
    while position + 8 <= end:
        file.seek(position)
        length, kind = struct.unpack(">I4s", file.read(8))
        header = 8
        if length == 1:
            length, header = struct.unpack(">Q", file.read(8))[0], 16
        elif length == 0:  # to the end
            length = end - position
        if length < header or position + length > end:
            raise NotMedia("an MP4 with a box that does not fit into the file")
        if kind in (b"moov", b"trak", b"mdia") and depth < 3:
            yield from _boxes(file, position + header, position + length, depth + 1)
        else:
            yield kind, file.read(min(length - header, 128))
        position += length


def _wav(file, size):
    position, bytes_per_second = 12, 0
    while position + 8 <= size:
        file.seek(position)
        kind, length = struct.unpack("<4sI", file.read(8))
        if kind == b"fmt ":
            bytes_per_second = struct.unpack_from("<HHIIHH", file.read(16))[3]
        elif kind == b"data" and bytes_per_second:
            length = min(length, size - position - 8)  # a recorder that was cut off left a wrong length
            return {"kind": "audio", "format": "wav", "durationSeconds": length / bytes_per_second}
        position += 8 + length + length % 2
    raise NotMedia("a WAV without format and sound")
