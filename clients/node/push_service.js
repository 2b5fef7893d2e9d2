// push_service.js: two push services on 127.0.0.1. One is npm's web-push-testing, unmodified, which checks the token and
// decrypts; of the other only the encryption is somebody else's (http_ece), so that it can answer whatever a test wants.
// Prints {"testing": PORT, "own": PORT}; then reads one JSON object a line and answers each on one line.
'use strict'
const crypto = require('crypto')
const http = require('http')
const readline = require('readline')
const ece = require('http_ece')
const { PushApiModel } = require('web-push-testing/src/PushApiModel')
const WebPushTestingServer = require('web-push-testing/src/server')

const clients = []   // of the own service: {ecdh, auth, received: [{at, headers, text}]}
let answer = { status: 201, headers: {} }

const own = http.createServer((request, response) => {
  const pieces = []
  request.on('data', piece => pieces.push(piece))
  request.on('end', () => {
    const client = clients[Number(request.url.split('/').pop())]
    const text = ece.decrypt(Buffer.concat(pieces), { version: 'aes128gcm', privateKey: client.ecdh, authSecret: client.auth })
    client.received.push({ at: Date.now(), method: request.method, headers: request.headers, text: text.toString() })
    if (answer.status) response.writeHead(answer.status, answer.headers).end()   // else: silence
  })
})

async function ask (path, body) {
  const reply = await fetch(`http://localhost:${testing._port}${path}`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body)
  })
  return reply.headers.get('content-type')?.includes('json') ? reply.json() : { status: reply.status }
}

const words = {
  async subscribe_testing ({ key }) { return (await ask('/subscribe', { applicationServerKey: key, userVisibleOnly: 'true' })).data },
  async messages ({ client }) { return (await ask('/get-notifications', { clientHash: client })).data.messages },
  async expire ({ client }) { return ask(`/expire-subscription/${client}`, {}) },
  async subscribe_own () {
    const ecdh = crypto.createECDH('prime256v1')
    ecdh.generateKeys()
    const auth = crypto.randomBytes(16)
    const id = clients.push({ ecdh, auth, received: [] }) - 1
    const keys = { p256dh: ecdh.getPublicKey('base64url'), auth: auth.toString('base64url') }
    return { client: id, endpoint: `http://127.0.0.1:${own.address().port}/push/${id}`, keys }
  },
  async received ({ client }) { return clients[client].received },
  async answer (how) { answer = { status: how.status, headers: how.headers ?? {} }; return {} }
}

let testing
async function main () {
  await new Promise(resolve => own.listen(0, '127.0.0.1', resolve))
  // It takes a port of its own choice only, and every address; the socket is ours, the handlers are its own.
  const socket = http.createServer((request, response) => testing._app(request, response))
  await new Promise(resolve => socket.listen(0, '127.0.0.1', resolve))
  testing = new WebPushTestingServer(new PushApiModel(), socket.address().port)
  testing.setRequestHandlers()
  process.stdout.write(JSON.stringify({ testing: socket.address().port, own: own.address().port }) + '\n')
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { word, ...rest } = JSON.parse(line)
    process.stdout.write(JSON.stringify(await words[word](rest)) + '\n')
  }
  process.exit(0)
}
main()
