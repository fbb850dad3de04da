"""Links scenes with trackpy, for link-peer.test.ts.

Reads from standard input a JSON list of {parameters, frames: [{frame, y, x}]}, with Mote's link parameters; writes a list of
{"particles": [...]} in the order of the rows, or {"oversize": true} where trackpy gave up. Checked with trackpy 0.6.4 and 0.7.
"""
import json
import sys
import warnings

import pandas as pd
import trackpy

warnings.simplefilter("ignore")
trackpy.quiet()


def link(parameters, frames):
    table = pd.concat([pd.DataFrame(frame) for frame in frames], ignore_index=True)
    search = (parameters["searchRange"]["y"], parameters["searchRange"]["x"])
    options = {"memory": parameters.get("memory", 0)}
    if "adaptiveStop" in parameters:
        options.update(adaptive_stop=parameters["adaptiveStop"], adaptive_step=parameters.get("adaptiveStep", 0.95))
    predictor = parameters.get("predictor")
    if predictor == "drift":
        linked = trackpy.predict.DriftPredict().link_df(table, search, **options)
    elif predictor == "nearest-velocity":
        linked = trackpy.predict.NearestVelocityPredict().link_df(table, search, **options)
    else:
        linked = trackpy.link(table, search, **options)
    return linked.sort_index()["particle"].tolist()


answers = []
for scene in json.load(sys.stdin):
    try:
        answers.append({"particles": link(scene["parameters"], scene["frames"])})
    except trackpy.SubnetOversizeException:
        answers.append({"oversize": True})
json.dump(answers, sys.stdout)
