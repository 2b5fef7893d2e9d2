// duo_universal.mjs HOST CAFILE: one JSON object a line, {"word", "client": {id, secret, redirect, code_attribute}, …}, each
// answered on one line by {"answer"} or by {"refused"} with the message of the package's exception. The package is the one
// that clients/demo is locked to, unmodified; it has no option for a certificate authority, so its HTTP client is told.
import fs from 'node:fs'
import https from 'node:https'
import { createRequire } from 'node:module'
import readline from 'node:readline'

const demo = createRequire(new URL('../demo/package.json', import.meta.url))
const { Client } = demo('@duosecurity/duo_universal')
const [host, cafile] = process.argv.slice(2)
const agent = new https.Agent({ ca: fs.readFileSync(cafile) })

function clientOf ({ id, secret, redirect, code_attribute: useDuoCodeAttribute }) {
  const client = new Client({ clientId: id, clientSecret: secret, apiHost: host, redirectUrl: redirect, useDuoCodeAttribute })
  client.axios.defaults.httpsAgent = agent
  return client
}

// A thief's way: the assertion is made once and sent again.
function repeating (client) {
  const make = client.createJwtPayload.bind(client)
  let made
  client.createJwtPayload = audience => (made ??= make(audience))
  return client
}

const words = {
  state: client => client.generateState(),
  health: client => client.healthCheck(),
  async health_twice (client) {
    repeating(client)
    await client.healthCheck()
    return client.healthCheck()
  },
  url: (client, { user, state }) => client.createAuthUrl(user, state),
  exchange: (client, { code, user, nonce }) => client.exchangeAuthorizationCodeFor2FAResult(code, user, nonce),
  async exchange_both (client, { codes, users }) {
    repeating(client)
    await client.exchangeAuthorizationCodeFor2FAResult(codes[0], users[0])
    return client.exchangeAuthorizationCodeFor2FAResult(codes[1], users[1])
  }
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line)
  let said
  try {
    said = { answer: await words[asked.word](clientOf(asked.client), asked) }
  } catch (error) {
    said = { refused: error.message }
  }
  process.stdout.write(JSON.stringify(said) + '\n')
}
