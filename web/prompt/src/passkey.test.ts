import { expect, test } from "vitest";

import { creationOptions, requestOptions, responseJson } from "./passkey.ts";

const bytes = (...of: number[]) => new Uint8Array(of);

test("request options become bytes where the browser wants bytes", () => {
  const options = requestOptions({
    challenge: "AQI",
    rpId: "mfa.example",
    userVerification: "required",
    allowCredentials: [{ id: "Aw", type: "public-key", transports: ["internal"] }],
  });
  expect(options.challenge).toEqual(bytes(1, 2));
  expect(options.rpId).toBe("mfa.example");
  expect(options.allowCredentials).toEqual([{ id: bytes(3), type: "public-key", transports: ["internal"] }]);
});

test("creation options too", () => {
  const options = creationOptions({ challenge: "AQI", user: { id: "BA", name: "ada", displayName: "Ada" } });
  expect(options.user).toEqual({ id: bytes(4), name: "ada", displayName: "Ada" });
  expect(options.excludeCredentials).toEqual([]);
});

const buffer = (...of: number[]) => bytes(...of).buffer;
const credential = (response: object) =>
  ({ id: "AQ", rawId: buffer(1), type: "public-key", authenticatorAttachment: "platform", response }) as unknown as
    PublicKeyCredential;

test("an assertion is written as WebAuthn says", () => {
  const json = JSON.parse(
    responseJson(
      credential({ clientDataJSON: buffer(2), authenticatorData: buffer(3), signature: buffer(4), userHandle: null }),
    ),
  );
  expect(json).toEqual({
    id: "AQ",
    rawId: "AQ",
    type: "public-key",
    authenticatorAttachment: "platform",
    clientExtensionResults: {},
    response: { clientDataJSON: "Ag", authenticatorData: "Aw", signature: "BA" },
  });
});

test("a registration too, also where transports are not told", () => {
  const json = JSON.parse(responseJson(credential({ clientDataJSON: buffer(2), attestationObject: buffer(5) })));
  expect(json.response).toEqual({ clientDataJSON: "Ag", attestationObject: "BQ", transports: [] });
});
