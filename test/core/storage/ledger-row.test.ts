import { expect, test } from "vitest";
import { readLedgerRow } from "../../../src/core/storage/formats/h5/ledger.js";

test("a row of an HDF5 ledger is read with its span, one of an older file as one frame", () => {
  const expected = { fate: "gap", firstFrame: 7, capturedAtNs: 1n, receivedAtNs: 2n, detections: -1 };
  expect(readLedgerRow([7n, -1n, 1n, 2n, -1, 4_294_967_295n, 1])).toEqual({ ...expected, count: 4_294_967_295 });
  expect(readLedgerRow([7n, -1n, 1n, 2n, -1, 1])).toEqual({ ...expected, count: 1 });
  expect(readLedgerRow([7n, -1n, 1n, 2n, -1, 1n, 99]).fate).toBeUndefined();
});
