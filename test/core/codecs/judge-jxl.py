"""Reads every file named in list.json with imagecodecs (libjxl's own decoder) and compares with the raw samples beside it."""

import json
import pathlib
import sys

import imagecodecs
import numpy

folder = pathlib.Path(sys.argv[1])
wrong = []
for name, height, width, bits in json.loads((folder / "list.json").read_text()):
    dtype = "u1" if bits <= 8 else "<u2"
    raw = numpy.fromfile(folder / f"{name}.raw", dtype=dtype).reshape(height, width)
    read = imagecodecs.jpegxl_decode((folder / f"{name}.jxl").read_bytes())
    if read.shape != raw.shape or read.dtype.itemsize != raw.dtype.itemsize or not (read == raw).all():
        wrong.append(name)
print(json.dumps(wrong))
