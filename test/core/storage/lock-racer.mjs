// Takes the lock of argv[3] through the build in argv[2], looks whether it is alone, and dies with it: the next racer finds
// the lock of a dead process. Says "alone" or "together".
import { closeSync, openSync, unlinkSync, writeSync } from "node:fs";

const [, , build, path] = process.argv;
const { takeLock } = await import(build);

process.stdin.once("data", () => {
  for (;;) {
    try {
      takeLock("racer", path, "racer");
      break;
    } catch (error) {
      if (error.name !== "MoteError") throw error;
    }
  }
  let word = "alone";
  try {
    closeSync(openSync(`${path}.critical`, "wx"));
  } catch {
    word = "together";
  }
  // Long enough that one that has the lock wrongly is seen: others try all the time.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
  if (word === "alone") unlinkSync(`${path}.critical`);
  writeSync(1, word);
  process.kill(process.pid, "SIGKILL");
});
process.stdout.write("ready ");
