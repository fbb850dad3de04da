// Stores frames by the library, synced by a plan, and says between the recorded operations which are durable. Frame n has
// the pixels of test/power-cut/frame-pixels.mjs. Arguments: path, plan (JSON), frames, rows a frame, settings (JSON).
import { openClaimedStore } from "../../dist/core/storage/archive/claimed-store.js";
import { StoreSet } from "../../dist/core/storage/archive/store-set.js";
import { compression } from "../../dist/core/storage/formats/registry.js";
import { SyncedFolder } from "../../dist/core/storage/sync/synced-folder.js";
import { epochNow, msSince, now } from "../../dist/core/time.js";
import { columns, trackedFrame } from "../core/storage/tracked-frame.mjs";
import { fillPixels, side } from "./frame-pixels.mjs";

const [path, planText, framesText, rowsText, settingsText] = process.argv.slice(2);
const plan = JSON.parse(planText);
const rows = Number(rowsText);
const { geometry, descriptor: tracked, frame } = trackedFrame(side, rows);
const isFolder = path.endsWith("/");
const isJxl = path.endsWith(".jxl/");
const descriptor = isFolder || /\.tif$/.test(path) ? { ...tracked, detections: null, isLinked: false } : tracked;
const onDurable = (first, count) => globalThis.recordMark({ op: "durable", first, count });
const warn = (text) => process.stderr.write(`${text}\n`);
const context = {
  input: descriptor,
  clock: { now, nowNs: epochNow, sleepMs() {} },
  warn,
  isDraining: () => false,
  isStopped: () => false,
  isAborted: () => false,
  foreseeFullDisk() {},
  endRun() {},
  stopQuietly() {},
};
const end = { isComplete: true, lost: 0, stages: [] };

async function openStores() {
  const settings = settingsText ? JSON.parse(settingsText) : {};
  const request = { path, where: `archive, --out ${path}`, what: "archive", isForced: false, settings };
  const store = await openClaimedStore({ ...request, descriptor, geometry, warn, isSynced: plan !== "close" });
  const disk = { policy: "stop", minFreeBytes: 0, isChosen: true };
  const set = new StoreSet([{ path, store, keepsFrames: true }], disk, context, { plan, onDurable });
  return {
    put: (one) => set.append([one]),
    dueAt: () => set.commit.dueAt(),
    sync: () => set.commit.sync(),
    close: () => set.close(end),
    counts: () => set.commit.counts,
  };
}

async function openFolder() {
  const compressor = await (await compression()).load();
  const own = { out: path, root: null, nameTemplate: "frame_{frame:06}.jxl", run: null, resume: false, effort: 1 };
  const folder = compressor.open(
    { ...own, encoder: "libjxl", verifyEvery: 0, deleteSource: false, disk: {}, sync: plan },
    { descriptor, startedAtNs: epochNow(), warn, mayTryAgain: () => false },
  );
  const synced = new SyncedFolder(folder, plan, warn, onDurable);
  return {
    async put(one) {
      await folder.store(one);
      await synced.stored(one.header.frameNumber);
    },
    dueAt: () => synced.dueAt(),
    sync: () => synced.run(),
    async close() {
      folder.end(end);
      await synced.end();
      folder.close();
    },
    counts: () => synced.counts,
  };
}

const stores = await (isJxl ? openFolder() : openStores());
// A plan by time has had some syncs, however quick this machine is.
const isEnough = (number) =>
  number >= Number(framesText) && (plan.withinMs === undefined || stores.counts().syncs >= 4);
for (let number = 0; !isEnough(number); number++) {
  frame.header.reset("uint8", side, side, side, 8);
  frame.header.frameNumber = number;
  fillPixels(frame.pixels, number);
  frame.pixelsCrc32 = -1;
  for (let at = 0; at < rows * columns.length; at++) frame.detections[at] = number + at / 1000;
  frame.rowCount = descriptor.detections ? rows : -1;
  await stores.put(frame);
  const due = stores.dueAt();
  if (due !== undefined && msSince(due) >= 0) await stores.sync();
}
await stores.close();
process.stdout.write(JSON.stringify(stores.counts()));
