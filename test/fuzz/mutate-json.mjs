/** Lies in JSON: values of another type or out of any range, keys that go, come, or are special to JavaScript. */

const odd = [
  ...[null, true, false, 0, -1, 0.5, 1e300, -1e300, 4294967295, 4294967296, 2 ** 53, 65535],
  ...["", "x", "../../x", "/etc/passwd", "\u001b[31m", "NaN", "1e9", "__proto__"],
  ...[[], {}, [null], [[]], { length: 4294967295 }, [1, 2, 3, 4], { x: { y: {} } }],
];
const oddKeys = ["__proto__", "constructor", "toString", "length", "", "x", "then"];

/** Every place in a value: its holder and key. */
function placesOf(value, places = []) {
  if (typeof value !== "object" || value === null) return places;
  for (const key of Object.keys(value)) {
    places.push([value, key]);
    placesOf(value[key], places);
  }
  return places;
}

function change([holder, key], random, places) {
  const value = holder[key];
  switch (random.below(6)) {
    case 0:
      delete holder[key];
      break;
    case 1:
      if (typeof value === "number")
        holder[key] = random.pick([-value, value * 2, value + 1, value * 1e6, value + 0.5, 1 / value]);
      else if (typeof value === "string") holder[key] = value + random.pick(["x", "\u0000", value, "/../..", "*"]);
      else holder[key] = [value, value];
      break;
    case 2:
      holder[random.pick(oddKeys)] = structuredClone(random.pick(odd));
      break;
    case 3:
      holder[key] = structuredClone(random.pick(places)[0]);
      break;
    default:
      holder[key] = structuredClone(random.pick(odd));
  }
}

export function mutateValue(original, random) {
  const holder = { value: structuredClone(original) };
  for (let times = 1 + random.below(3); times > 0; times--) {
    const places = placesOf(holder.value);
    change(places.length === 0 || random.chance(0.03) ? [holder, "value"] : random.pick(places), random, [
      [holder.value],
      ...places,
    ]);
  }
  return holder.value;
}

/** The text of a JSON document, changed as a value; a text that cannot be written any more comes back as it was. */
export function mutateJson(text, random) {
  try {
    // Nested without end, as no stringify would write it.
    if (random.chance(0.01)) return "[".repeat(100_000);
    return JSON.stringify(mutateValue(JSON.parse(text), random)) ?? "";
  } catch {
    return text;
  }
}
