import { decode, encode } from "./base64url.ts";
import { leave, noticeLinks } from "./leaving.ts";

interface Described {
  id: string;
  type: "public-key";
  transports?: AuthenticatorTransport[];
}

// WebAuthn Level 3, §5.1.8 and §5.1.9: options as JSON. Browsers that know the methods for this are younger than those
// that know passkeys.
export interface RequestJson {
  challenge: string;
  allowCredentials?: Described[];
  [other: string]: unknown;
}
export interface CreationJson {
  challenge: string;
  user: { id: string; name: string; displayName: string };
  excludeCredentials?: Described[];
  [other: string]: unknown;
}

const described = (list: Described[] | undefined): PublicKeyCredentialDescriptor[] =>
  (list ?? []).map((one) => ({ ...one, id: decode(one.id) }));

export function requestOptions(json: RequestJson): PublicKeyCredentialRequestOptions {
  return { ...json, challenge: decode(json.challenge), allowCredentials: described(json.allowCredentials) };
}

export function creationOptions(json: CreationJson): PublicKeyCredentialCreationOptions {
  return {
    ...json,
    challenge: decode(json.challenge),
    user: { ...json.user, id: decode(json.user.id) },
    excludeCredentials: described(json.excludeCredentials),
  } as unknown as PublicKeyCredentialCreationOptions;
}

// AuthenticationResponseJSON or RegistrationResponseJSON.
export function responseJson(credential: PublicKeyCredential): string {
  const response: Record<string, unknown> = { clientDataJSON: encode(credential.response.clientDataJSON) };
  if ("signature" in credential.response) {
    const assertion = credential.response as AuthenticatorAssertionResponse;
    response.authenticatorData = encode(assertion.authenticatorData);
    response.signature = encode(assertion.signature);
    if (assertion.userHandle) response.userHandle = encode(assertion.userHandle);
  } else {
    const attestation = credential.response as AuthenticatorAttestationResponse;
    response.attestationObject = encode(attestation.attestationObject);
    response.transports = attestation.getTransports?.() ?? [];
  }
  return JSON.stringify({
    id: credential.id,
    rawId: encode(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: {},
    response,
  });
}

async function ceremony(form: HTMLFormElement): Promise<PublicKeyCredential | null> {
  const options: unknown = JSON.parse(form.dataset.options ?? "{}");
  const made =
    form.dataset.passkey === "create"
      ? await navigator.credentials.create({ publicKey: creationOptions(options as CreationJson) })
      : await navigator.credentials.get({ publicKey: requestOptions(options as RequestJson) });
  return made as PublicKeyCredential | null;
}

function offer(form: HTMLFormElement): void {
  const notDone = document.querySelector<HTMLElement>("[data-not-done]");
  const reason = notDone?.matches("[data-reason]") ? notDone : notDone?.querySelector<HTMLElement>("[data-reason]");
  const field = form.querySelector<HTMLInputElement>("input[name=response]");
  const button = form.querySelector("button");
  if (!field || !button) return;
  if (!("PublicKeyCredential" in window)) {
    if (reason) reason.textContent = reason.dataset.unsupported ?? "";
    if (notDone) notDone.hidden = false;
    return;
  }
  form.hidden = false;

  let running = false;
  const run = async (asked: boolean): Promise<void> => {
    if (running) return;
    running = true;
    if (notDone) notDone.hidden = true;
    try {
      const credential = await ceremony(form);
      if (!credential) throw new Error("no credential");
      field.value = responseJson(credential);
      leave();
      form.submit();
    } catch {
      running = false;
      // What nobody has asked for did not fail: some browsers want a press of the button first.
      if (asked && notDone) notDone.hidden = false;
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void run(true);
  });

  // By itself at the first view only: who comes back has seen the browser's window and closed it.
  const visit = form.dataset.auto;
  if (!visit || document.visibilityState !== "visible") return;
  try {
    if (sessionStorage.getItem("passkey") === visit) return;
    sessionStorage.setItem("passkey", visit);
  } catch {
    return;
  }
  void run(false);
}

export function offerPasskeys(): void {
  document.querySelectorAll<HTMLFormElement>("form[data-passkey]").forEach(offer);
}

// A second press of the same button sends nothing, and the first is not overtaken by a page that is read again.
export function confirmOnce(): void {
  noticeLinks();
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    if (form.dataset.passkey) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    leave();
  });
}
