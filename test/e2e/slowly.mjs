/**
 * Copies stdin to stdout at a rate, bytes a second, as a slow link or program between two stages does. Interrupts do not
 * end it: it has to deliver what is in it. Given a number of bytes, it goes away after so many.
 */
import { readSync, writeSync } from "node:fs";

for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => {});
const rate = Number(process.argv[2]);
const most = Number(process.argv[3] ?? Number.POSITIVE_INFINITY);
const piece = new Uint8Array(Math.max(1024, Math.ceil(rate / 50)));
const clock = new Int32Array(new SharedArrayBuffer(4));
const start = performance.now();
let copied = 0;
function again(work) {
  for (;;) {
    try {
      return work();
    } catch (error) {
      if (error.code === "EPIPE") process.exit(0);
      if (error.code === "EOF") return 0;
      if (error.code !== "EAGAIN") throw error;
      Atomics.wait(clock, 0, 0, 1);
    }
  }
}
while (copied < most) {
  const got = again(() => readSync(0, piece, 0, Math.min(piece.length, most - copied), null));
  if (got === 0) break;
  for (let at = 0; at < got; ) at += again(() => writeSync(1, piece, at, got - at));
  copied += got;
  const aheadMs = (copied / rate) * 1000 - (performance.now() - start);
  if (aheadMs > 1) Atomics.wait(clock, 0, 0, aheadMs);
}
