import { expect, test } from "vitest";

import { fromBase64url, toHex, utf8 } from "./bytes.ts";
import { answerMessage, authorization, newDeviceKey, publicPoint, requestMessage } from "./sign.ts";

// The same text as DeviceRequestMessage.IsTheTextOfTheProtocol in src/faces/device/signature_test.cc.
test("the request message is the text of the protocol", async () => {
  const parts = {
    method: "GET",
    host: "MFA.example:8443",
    path: "/device/v1/requests",
    query: "wait=25",
    ts: 1700000000,
    body: "",
  };
  expect(await requestMessage(parts)).toBe(
    "countersign-device/1\nGET\nmfa.example:8443\n/device/v1/requests\nwait=25\n1700000000\n" +
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  );
});

test("the request message covers every part", async () => {
  const parts = { method: "GET", host: "a", path: "/b", query: "c", ts: 1, body: "d" };
  const changes = [{ method: "PUT" }, { host: "x" }, { path: "/x" }, { query: "x" }, { ts: 2 }, { body: "x" }];
  const messages = await Promise.all(
    [parts, ...changes.map((change) => ({ ...parts, ...change }))].map(requestMessage),
  );
  expect(new Set(messages).size).toBe(7);
});

// The example of docs/protocols/device.md, as in src/core/factor/push_test.cc.
test("the answer message is each field after its length", () => {
  const expected =
    "001c" +
    toHex(utf8("countersign device answer v1")) +
    "0004" +
    toHex(utf8("6f0c")) +
    "0003" +
    toHex(utf8("482")) +
    "0007" +
    toHex(utf8("approve"));
  expect(toHex(answerMessage("6f0c", "482", "approve"))).toBe(expected);
});

test("an empty number is a field of length 0, and no field flows into the next", () => {
  expect(toHex(answerMessage("a", "", "deny")).endsWith("00016100000004" + toHex(utf8("deny")))).toBe(true);
  expect(answerMessage("a1", "2", "deny")).not.toEqual(answerMessage("a", "12", "deny"));
});

test("the header has id, time and 64 bytes of signature that the public key verifies", async () => {
  const pair = await newDeviceKey();
  const parts = { method: "POST", host: "mfa.example", path: "/device/v1/x", query: "", ts: 1700000000, body: "{}" };
  const header = await authorization(pair.privateKey, "DPABC", parts);
  const found = /^Countersign-Device id="DPABC", ts="1700000000", signature="([A-Za-z0-9_-]{86})"$/.exec(header);
  const verified = await crypto.subtle.verify(
    { name: "ECDSA", hash: "SHA-256" },
    pair.publicKey,
    fromBase64url(found?.[1] ?? ""),
    utf8(await requestMessage(parts)),
  );
  expect(verified).toBe(true);
});

test("the private half cannot be read out, and the public one is an uncompressed point", async () => {
  const pair = await newDeviceKey();
  await expect(crypto.subtle.exportKey("pkcs8", pair.privateKey)).rejects.toThrow();
  const point = fromBase64url(await publicPoint(pair));
  expect([point.length, point[0]]).toEqual([65, 4]);
});
