/**
 * A preload that lets the wall clock jump, as a time server or a user does: every thread but the first sees it an hour
 * earlier or a day later than the one before, and it steps on with every look. The monotonic clock goes on as it was.
 */
import { threadId } from "node:worker_threads";

const real = Date.now.bind(Date);
let looks = 0;
const hours = threadId === 0 ? 0 : threadId % 2 === 0 ? 24 : -1;
Date.now = () => real() + hours * 3_600_000 + (looks++ % 3) * 60_000;
const origin = performance.timeOrigin + hours * 3_600_000;
Object.defineProperty(performance, "timeOrigin", { get: () => origin });
