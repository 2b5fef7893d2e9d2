import { expect, test } from "vitest";

import { codeInHash, parseActivation } from "./link.ts";

const HERE = "mfa.example:8443";
const CODE = "ABCDEFGHJKLMNPQRSTUV";

test("takes the activation link, the authenticator's own form of it, and the code alone", () => {
  const forms = [
    `https://${HERE}/activate/${CODE}`,
    ` https://MFA.example:8443/activate/${CODE}\n`,
    `https://${HERE}/authenticator/#activate=${CODE}`,
    CODE,
  ];
  for (const form of forms) expect(parseActivation(form, HERE)).toEqual({ kind: "here", code: CODE });
});

test("tells another server's link apart, also by the port", () => {
  expect(parseActivation(`https://mfa.example/activate/${CODE}`, HERE)).toEqual({
    kind: "elsewhere",
    host: "mfa.example",
    url: `https://mfa.example/authenticator/#activate=${CODE}`,
  });
});

test("knows nothing else", () => {
  const others = [
    "",
    "hello",
    `http://${HERE}/activate/${CODE}`,
    `https://${HERE}/activate/`,
    `https://${HERE}/activate/${CODE}/more`,
    `https://${HERE}/activate/short`,
    `https://${HERE}/activate/${"A".repeat(65)}`,
    `https://user@${HERE}/activate/${CODE}`,
    `https://${HERE}@evil.example/activate/${CODE}`,
    `https://${HERE}/other/${CODE}`,
    `javascript:alert(1)//activate/${CODE}`,
    `https://${HERE}/activate/${CODE}?${"a".repeat(2048)}`,
  ];
  for (const other of others) expect(parseActivation(other, HERE).kind, other).toBe("unknown");
});

test("reads a code behind the # of our own address and nothing else there", () => {
  expect(codeInHash(`#activate=${CODE}`)).toBe(CODE);
  for (const other of ["", "#/", "#activate=", "#activate=a%ZZ", "#activate=short", `#/activate=${CODE}`]) {
    expect(codeInHash(other), other).toBeUndefined();
  }
});
