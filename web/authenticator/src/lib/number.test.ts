import { expect, test } from "vitest";

import { asciiDigits } from "./number.ts";

test("takes digits of every keyboard, and as many as asked for", () => {
  expect(asciiDigits("482", 3)).toBe("482");
  expect(asciiDigits("٤٨٢", 3)).toBe("482");
  expect(asciiDigits("۴۸۲", 3)).toBe("482");
  expect(asciiDigits("４８２", 3)).toBe("482");
  expect(asciiDigits("4 8-2x9", 3)).toBe("482");
  expect(asciiDigits("²½Ⅷ", 3)).toBe("");
});
