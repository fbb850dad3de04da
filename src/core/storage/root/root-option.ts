/** The option of sinks that know the lab's folders. */
import { option } from "../../option/option.js";

export const rootOption = {
  root: option.path({
    doc: "Folder of all recordings: the files go to a folder of the day the run starts (local time, also past midnight), under the day's next free run number, as in data/2026-11-20/tracking_run_001.h5, tracks_run_001.csv and run_001.tif. Runs that start together get different numbers.",
    metavar: "folder",
  }),
};
