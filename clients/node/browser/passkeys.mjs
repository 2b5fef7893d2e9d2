// Chromium's virtual authenticators, of the tab they are put into (WebAuthn §11, over the browser's own protocol).
const DEFAULTS = {
  protocol: 'ctap2',
  transport: 'internal',
  hasResidentKey: true,
  hasUserVerification: true,
  isUserVerified: true,
  automaticPresenceSimulation: true
}

async function session (tab) {
  if (!tab.cdp) {
    tab.cdp = await tab.context.newCDPSession(tab.page)
    await tab.cdp.send('WebAuthn.enable', { enableUI: false })
  }
  return tab.cdp
}

export const words = {
  async add_authenticator ({ options = {} }, tab) {
    const cdp = await session(tab)
    return (await cdp.send('WebAuthn.addVirtualAuthenticator', { options: { ...DEFAULTS, ...options } })).authenticatorId
  },
  async remove_authenticator ({ id }, tab) {
    await (await session(tab)).send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: id })
  },
  async credentials ({ id }, tab) {
    return (await (await session(tab)).send('WebAuthn.getCredentials', { authenticatorId: id })).credentials
  },
  async put_credential ({ id, credential }, tab) {
    await (await session(tab)).send('WebAuthn.addCredential', { authenticatorId: id, credential })
  },
  // Whether its owner is there and recognised.
  async present ({ id, enabled }, tab) {
    await (await session(tab)).send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId: id, enabled })
  },
  async recognised ({ id, isUserVerified }, tab) {
    await (await session(tab)).send('WebAuthn.setUserVerified', { authenticatorId: id, isUserVerified })
  }
}
