"""Writes TIFFs of many kinds at awkward sizes with tifffile into the folder argv[1], and the pixels it reads back.

Beside name.tif stands name.raw (little-endian frames one after the other) and, at the end, list.json.
"""
import itertools, json, pathlib, sys
import numpy as np, tifffile

out = pathlib.Path(sys.argv[1])
rng = np.random.default_rng(int(sys.argv[2]))
made = []
codecs = {"none": None, "lzw": 5, "deflate": 8, "olddeflate": 32946, "packbits": 32773, "zstd": 50000}
layouts = {"strip": {}, "strips": {"rowsperstrip": 7}, "tiles": {"tile": (32, 48)}}


def scene(dtype, frames, h, w):
    a = np.cumsum(rng.normal(size=(frames, h, w)), axis=2)
    if dtype == "float32":
        a[0, 0, 0] = np.nan
        return a.astype("f4")
    a = (a - a.min()) / np.ptp(a)
    top = np.iinfo(dtype).max
    a = (a * top).astype(dtype)
    a[:, : h // 3] = a[:, :1, :1]
    return a


for (codec, layout, dtype, order, big) in itertools.product(codecs, layouts, ("uint8", "uint16", "float32"), "<>", (False, True)):
    predictors = [1]
    if codec in ("lzw", "deflate", "olddeflate", "zstd"):
        predictors.append(3 if dtype == "float32" else 2)
    for predictor in predictors:
        h, w, n = int(rng.integers(1, 140)), int(rng.integers(1, 170)), int(rng.integers(1, 4))
        name = f"{codec}-{layout}-{dtype}-{'le' if order == '<' else 'be'}-{'big' if big else 'classic'}-p{predictor}"
        a = scene(dtype, n, h, w)
        options = dict(layouts[layout], byteorder=order, bigtiff=big, photometric="minisblack", metadata=None)
        if codecs[codec]:
            options.update(compression=codecs[codec], predictor=predictor)
        with tifffile.TiffWriter(out / f"{name}.tif", bigtiff=big, byteorder=order) as writer:
            for frame in a:
                writer.write(frame, **{k: v for k, v in options.items() if k not in ("bigtiff", "byteorder")})
        back = tifffile.imread(out / f"{name}.tif", key=slice(None)).reshape(a.shape)
        assert np.array_equal(back, a, equal_nan=dtype == "float32"), name
        (out / f"{name}.raw").write_bytes(back.astype(back.dtype.newbyteorder("<")).tobytes())
        made.append({"name": name, "frames": n, "height": h, "width": w, "pixelFormat": dtype})
(out / "list.json").write_text(json.dumps(made))
