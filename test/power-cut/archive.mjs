// Stores frames by the library, synced by a plan, and says between the recorded operations which are durable. Frame n has
// the pixels of test/power-cut/frame-pixels.mjs. Arguments: paths, with commas between them, plan (JSON), frames, rows a frame,
// settings (JSON). Says on stdout what came of it.
import { openClaimedStore } from "../../dist/core/storage/archive/claimed-store.js";
import { StoreSet } from "../../dist/core/storage/archive/store-set.js";
import { containerFor } from "../../dist/core/storage/container-for.js";
import { compression } from "../../dist/core/storage/formats/registry.js";
import { SyncedFolder } from "../../dist/core/storage/sync/synced-folder.js";
import { epochNow, msSince, now } from "../../dist/core/time.js";
import { columns, trackedFrame } from "../core/storage/tracked-frame.mjs";
import { fillPixels, side } from "./frame-pixels.mjs";

const [pathText, planText, framesText, rowsText, settingsText] = process.argv.slice(2);
const plan = JSON.parse(planText);
const rows = Number(rowsText);
const { geometry, descriptor: tracked, frame } = trackedFrame(side, rows);
const paths = pathText.split(",");
const [path] = paths;
const isFolder = path.endsWith("/");
const isJxl = path.endsWith(".jxl/");
const descriptor = isFolder || /\.tif$/.test(path) ? { ...tracked, detections: null, isLinked: false } : tracked;
const durable = [];
const onDurable = (first, count) => {
  durable.push([first, count]);
  globalThis.recordMark?.({ op: "durable", first, count });
};
const warnings = [];
const warn = (text) => warnings.push(text);
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
  const stores = [];
  for (const out of paths) {
    const where = `archive, --out ${out}`;
    const request = { path: out, where, what: "archive", isForced: false, settings, isSynced: plan !== "close" };
    const store = await openClaimedStore({ ...request, descriptor, geometry, warn });
    stores.push({ path: out, store, keepsFrames: containerFor(where, out).keepsFrames });
  }
  const disk = { policy: "stop", minFreeBytes: 0, isChosen: true };
  const set = new StoreSet(stores, disk, context, { plan, onDurable });
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
let failure = null;
try {
  await stores.close();
} catch (error) {
  failure = error.message;
}
process.stdout.write(JSON.stringify({ ...stores.counts(), durable, warnings, failure }));
