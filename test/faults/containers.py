"""Opens what Mote wrote with other people's readers: one JSON object a file, on stdout.

Usage: containers.py KIND FILE... ; prints {"frames": [crc32 of each frame's pixels], "rows": [detections of each frame]},
with null for what the container does not hold, or {"error": why} for a file that its reader does not open.
"""
import json
import re
import sys
import zlib
from collections import Counter
from pathlib import Path


def crc(image):
    return zlib.crc32(image.tobytes())


def counted(frames):
    """Detections of the frames 0, 1, ... up to the last that has any."""
    counts = Counter(int(f) for f in frames)
    return [counts.get(f, 0) for f in range(max(counts, default=-1) + 1)]


def read_csv(path):
    import pandas
    table = pandas.read_csv(path)
    assert list(table.columns)[:4] == ["frame", "particle_id", "x", "y"], list(table.columns)
    assert table["x"].notna().all() and table["y"].notna().all()
    return {"frames": None, "rows": counted(table["frame"])}


def read_parquet(path):
    import pyarrow.parquet
    return {"frames": None, "rows": counted(pyarrow.parquet.read_table(path)["frame"].to_pylist())}


def read_arrow(path):
    """Up to the last whole batch, as the stream that a file has in it, too."""
    import pyarrow.ipc
    frames = []
    with open(path, "rb") as f:
        if f.read(8)[:6] != b"ARROW1":
            f.seek(0)
        reader = pyarrow.ipc.open_stream(f)
        while True:
            try:
                frames += reader.read_next_batch().column("frame").to_pylist()
            except (StopIteration, OSError, ValueError):
                return {"frames": None, "rows": counted(frames)}


def read_ndjson(path):
    text = Path(path).read_text("utf8")
    assert text.endswith("\n"), "the last line is cut"
    events = [json.loads(line) for line in text.splitlines()]
    rows = []
    for event in events:
        data = event["doc"].get("data", {})
        if isinstance(data.get("x"), list):
            rows.append(len(data["x"]))
    return {"frames": None, "rows": rows}


def read_h5(path):
    import h5py
    import hdf5plugin  # noqa: F401
    with h5py.File(path) as f:
        frames = [crc(image) for image in f["images/frames"]]
        rows = None
        if "tracks" in f:
            lengths = {len(f["tracks"][name]) for name in f["tracks"]}
            rows = counted(f["tracks/frame"][: min(lengths)])
        return {"frames": frames, "rows": rows}


def read_tif(path):
    import tifffile
    with tifffile.TiffFile(path) as f:
        return {"frames": [crc(page.asarray()) for page in f.pages], "rows": None}


def read_tifs(path):
    import tifffile
    files = sorted(file for file in Path(path).rglob("*") if re.search(r"\.tiff?$", file.name))
    return {"frames": [crc(tifffile.imread(f)) for f in files if not f.name.startswith(".")], "rows": None}


def read_jxls(path):
    import imagecodecs
    files = sorted(Path(path).glob("*.jxl"))
    return {"frames": [crc(imagecodecs.jpegxl_decode(f.read_bytes())) for f in files], "rows": None}


def read_zarr(path):
    import zarr
    group = zarr.open_group(path, mode="r")
    level = group["0"]
    frames = []
    for t in range(level.shape[0]):
        image = level[t]
        frames.append(crc(image.reshape(image.shape[-2:])))
    return {"frames": frames, "rows": None}


def read_mote(path):
    sys.path.insert(0, str(Path(__file__).parents[2] / "docs/frame-stream"))
    import mote_stream
    frames, rows = [], []
    try:
        with open(path, "rb") as stream:
            for kind, fields, payload in mote_stream.messages(stream):
                if kind == "frame":
                    frames.append(crc(payload))
                if kind == "detections":
                    rows.append(fields["rows"])
    except EOFError:
        pass
    return {"frames": frames, "rows": rows}


readers = {name[5:]: value for name, value in list(globals().items()) if re.match("read_", name)}
for path in sys.argv[2:]:
    try:
        found = readers[sys.argv[1]](path)
    except Exception as error:  # whatever a reader throws is its verdict
        found = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(found))
