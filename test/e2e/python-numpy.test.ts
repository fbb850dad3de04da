import { testWithPython } from "../judges.js";
import { pythonReads } from "./python-reads.js";

testWithPython("the Python reader with numpy prints the same (skipped: needs MOTE_PYTHON)", () =>
  pythonReads(process.env.MOTE_PYTHON!),
);
