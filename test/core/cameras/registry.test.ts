import { expect, test } from "vitest";
import { everyCamera } from "../../../src/core/cameras/camera.js";
import {
  cameraNamed,
  cameraOf,
  cameraOption,
  cameras,
  namedCameras,
  variantOptions,
} from "../../../src/core/cameras/registry.js";
import { decodeOptions } from "../../../src/core/option/decode-options.js";

const specs = { camera: cameraOption, ...everyCamera, ...variantOptions };

test("no two cameras have the same name or an option of the same name, and none has one of those that all have", () => {
  const names = cameras.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  const options = ["camera", ...Object.keys(everyCamera), ...cameras.flatMap((camera) => Object.keys(camera.options))];
  expect(options.filter((name, at) => options.indexOf(name) !== at)).toEqual([]);
});

test("--camera offers the cameras that no option of their own chooses", () => {
  expect(cameraOption.expected).toBe(namedCameras.map(({ name }) => name).join(" or "));
  for (const camera of namedCameras) expect(cameraOf({ camera: camera.name })).toBe(camera);
  for (const camera of cameras) expect(cameraNamed(camera.name)).toBe(camera);
});

test("a value of the option that chooses a camera chooses it; no value chooses none", () => {
  expect(cameraOf({ files: ["a.tif"] })?.name).toBe("replay");
  expect([cameraOf({ files: [] }), cameraOf({})]).toEqual([undefined, undefined]);
});

test.each(cameras.map((camera) => [camera.name, camera] as const))(
  "an option of %s stands under its heading and means nothing with another camera",
  (_, { name, chosenBy, heading, options }) => {
    const others = cameras.filter((camera) => camera.name !== name);
    for (const option of Object.keys(options)) {
      expect(variantOptions[option]?.group).toBe(heading);
      if (option === chosenBy) continue;
      for (const other of others) {
        const camera = other.chosenBy === undefined ? other.name : undefined;
        expect([option, variantOptions[option]?.only.every((rule) => rule.camera === camera)]).toEqual([option, false]);
      }
    }
  },
);

test("one rule has one message, whoever's option it is", () => {
  const broken = (raw: Record<string, unknown>) =>
    decodeOptions("acquire", specs, raw, "files").broken.map(({ where, what }) => `${where}: ${what}`);
  expect(broken({ files: ["a.tif"], beads: 3 })).toEqual(["acquire, --beads: means nothing without --camera sim"]);
  expect(broken({ camera: "sim", start: 3 })).toEqual(["acquire, --start: means nothing with --camera"]);
  expect(broken({ camera: "sim", files: ["a.tif"] })).toEqual(["acquire, --camera: means nothing with files"]);
});
