"""Reads Mote's frame stream (docs/frame-stream.md) with nothing but the standard library; numpy if it is there.

    mote acquire run.tif | python3 mote_stream.py          prints a line for every message
    from mote_stream import messages                       for kind, header, payload in messages(file): ...
"""
import json, struct, sys, zlib

try:
    import numpy
except ImportError:
    numpy = None

PREAMBLE = bytes([0x89]) + b"MOTE\r\n\x1a\n\x00"
KINDS = {1: "descriptor", 2: "frame", 3: "detections", 4: "event", 5: "end", 6: "index"}
FORMATS = {1: ("uint8", "B", 1), 2: ("uint16", "H", 2), 3: ("float32", "f", 4)}
FRAME = struct.Struct("<IIQqqqIIIBBHHHIIIdiidddd")
FRAME_FIELDS = ("source codec frame device captured_at_ns received_at_ns width height stride format bit_depth binning_x "
                "binning_y _ channel z position exposure_ms roi_x roi_y temperature_c x_um y_um z_um").split()


def exactly(file, count):
    data = b""
    while len(data) < count:
        piece = file.read(count - len(data))
        if not piece:
            raise EOFError(f"the stream was cut: {count - len(data)} bytes are missing")
        data += piece
    return data


def messages(file, max_payload=1 << 30):
    """Yields (kind, header, payload): dicts of fields, pixels as rows, columns as a dict of lists or numpy arrays."""
    head = exactly(file, 16)
    if head[:10] != PREAMBLE or head[10:12] != b"\x01\x00":
        raise ValueError("no frame stream of version 1")
    columns, sequence, kind = [], 0, None
    while kind != "end":
        prefix = exactly(file, 40)
        magic, number, flags, _, header_len, payload_crc, payload_len, got, header_crc, _ = struct.unpack("<4sBBHIIQQII", prefix)
        if magic != b"MTMS" or got != sequence or header_len > 65536 or payload_len > max_payload:
            raise ValueError(f"message {sequence} is corrupt")
        header = exactly(file, header_len)
        if zlib.crc32(header, zlib.crc32(prefix[:32])) != header_crc:
            raise ValueError(f"message {sequence}: its header does not match its checksum")
        payload = exactly(file, payload_len)
        if flags & 1 and zlib.crc32(payload) != payload_crc:
            raise ValueError(f"message {sequence}: its payload does not match its checksum")
        sequence, kind = sequence + 1, KINDS.get(number, "unknown")
        if kind in ("descriptor", "event", "end"):
            fields, payload = json.loads(payload), None
            if kind == "descriptor":
                columns = (fields["detections"] or {}).get("columns", [])
        elif kind == "frame":
            fields = dict(zip(FRAME_FIELDS, FRAME.unpack(header[: FRAME.size])))
            name, code, size = FORMATS[fields["format"]]
            height, width, stride = fields["height"], fields["width"], fields["stride"]
            if numpy:
                payload = numpy.frombuffer(payload, "<" + numpy.dtype(name).str[1:]).reshape(height, stride // size)[:, :width]
            else:
                payload = [struct.unpack_from(f"<{width}{code}", payload, y * stride) for y in range(height)]
        elif kind == "detections":
            source, rows, frame, device, captured, count, _ = struct.unpack("<IIQqqII", header[:40])
            fields = {"source": source, "rows": rows, "frame": frame, "device": device, "captured_at_ns": captured}
            payload = {name: list(struct.unpack_from(f"<{rows}d", payload, i * rows * 8)) for i, name in enumerate(columns)}
        else:
            fields = {"bytes": payload_len}
        yield kind, fields, payload


if __name__ == "__main__":
    for kind, fields, payload in messages(sys.stdin.buffer):
        if kind == "frame":
            total = int(payload.sum(dtype="f8")) if numpy else int(sum(map(sum, payload)))
            print("frame", fields["frame"], f"{fields['width']}x{fields['height']}", FORMATS[fields["format"]][0], "sum", total)
        elif kind == "detections":
            print("detections of frame", fields["frame"], "rows", fields["rows"])
        else:
            print(kind, json.dumps(fields))
