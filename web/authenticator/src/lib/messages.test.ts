import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const FOLDER = new URL("../../messages/", import.meta.url);
const files = readdirSync(FOLDER);

function read(file: string): Record<string, string> {
  return JSON.parse(readFileSync(new URL(file, FOLDER), "utf8")) as Record<string, string>;
}

function places(text: string | undefined): string[] {
  return [...(text ?? "").matchAll(/\{(\w+)\}/g)].map((found) => found[1] ?? "").sort();
}

test("there are six languages", () => {
  expect(files.sort()).toEqual(["ar.json", "de.json", "en.json", "es.json", "fr.json", "ja.json"]);
});

test("every language says everything that English says, with the same places filled", () => {
  const english = read("en.json");
  for (const file of files) {
    const messages = read(file);
    expect(Object.keys(messages).sort(), file).toEqual(Object.keys(english).sort());
    for (const [key, text] of Object.entries(english)) {
      expect(places(messages[key]), `${file} ${key}`).toEqual(places(text));
      expect(messages[key]?.trim(), `${file} ${key}`).not.toBe("");
    }
  }
});
