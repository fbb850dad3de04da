import { expect, test } from "vitest";
import { asMoteError, MoteError } from "../../src/core/errors.js";
import { own } from "../../src/core/model/own.js";
import { decodeOptions } from "../../src/core/option/decode-options.js";
import { option } from "../../src/core/option/option.js";
import { optionsIn, parseOptionFile } from "../../src/core/option/option-file.js";
import { parseRunFile } from "../../src/core/pipeline/run-file.js";

test.each([
  ['{"a":1,"a":2}', "a"],
  ['{"a":[{"b":1,"c":{"b":2}},{"b":3,"b" : 4}]}', "b"],
  ['{"a":1,"\\u0061":2}', "a"],
  ['{"x\\"}":1,"x\\"}":2}', 'x\\"}'],
])("a key that an object has twice is refused: %s", (text, key) => {
  expect(() => parseOptionFile("f", text)).toThrow(`has the key "${key}" twice`);
});

test.each(['{"a":{"a":1},"b":["a","a",{"a":"a"}]}', '["a","a"]', '{"a":"{\\"a\\":1,\\"a\\":2}"}'])(
  "the same word at another place is no second key: %s",
  (text) => {
    expect(parseOptionFile("f", text)).toEqual(JSON.parse(text));
  },
);

test("an option in both of its spellings is refused", () => {
  expect(() => optionsIn("f", { "min-free": 1, minFree: 2 })).toThrow("min-free and as minFree");
});

test.each(["constructor", "toString", "__proto__", "hasOwnProperty", "valueOf"])(
  "%s is no option and no stage, in a run file and in a table",
  (name) => {
    const specs = { frames: option.count({ doc: "Frames." }) };
    const raw = JSON.parse(`{"${name}":1}`) as Record<string, unknown>;
    expect(decodeOptions("acquire", specs, optionsIn("f", raw as never)).problems).toHaveLength(1);
    expect(() => parseRunFile("f", `{"version":1,"stages":[{"stage":"${name}"}]}`, ["acquire"])).toThrow(MoteError);
    expect(() => parseRunFile("f", `{"version":1,"${name}":1,"stages":[{"stage":"acquire"}]}`, ["acquire"])).toThrow(
      "there is no such key",
    );
    expect(own({ acquire: 1 }, name)).toBeUndefined();
  },
);

test("a refusal of the operating system is a failure at its path, with what to do; a defect is none", () => {
  const refused = Object.assign(new Error("ENOTDIR: not a directory, open 'a/b'"), {
    code: "ENOTDIR",
    syscall: "open",
    path: "a/b",
  });
  const error = asMoteError("verify", refused)!;
  expect([error.exitCode, error.problems]).toEqual([
    1,
    [
      {
        code: "wrong-kind-of-file",
        where: "verify, a/b",
        what: "ENOTDIR: not a directory, open",
        hint: "Check the path: something on it is a file and not a folder.",
      },
    ],
  ]);
  expect(asMoteError("verify", new TypeError("x is not a function"))).toBeUndefined();
});
