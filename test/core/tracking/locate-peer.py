"""Locates with trackpy what the test wrote: JSON in, JSON out. Arguments: job.json answer.json."""
import json
import sys
import warnings

import numpy as np
import trackpy

warnings.simplefilter("ignore")
job = json.load(open(sys.argv[1]))
answers = []
for case in job:
    pixels = np.fromfile(case["path"], case["dtype"]).reshape(case["shape"])
    table = trackpy.locate(pixels, **case["arguments"])
    answers.append({name: list(map(float, table[name])) for name in table.columns})
json.dump(answers, open(sys.argv[2], "w"))
