// firefox_push.js FIREFOX: a real Firefox without a screen, and a push service of one's own for it on 127.0.0.1 that
// speaks Mozilla's protocol over a WebSocket (hello, register, notification, ack) and takes messages over HTTP.
// Prints {"service": PORT}; then reads one JSON object a line and answers each on one line.
'use strict'
const crypto = require('crypto')
const fs = require('fs')
const http = require('http')
const os = require('os')
const path = require('path')
const readline = require('readline')
const { WebSocketServer } = require('ws')

const page = `<!doctype html><title>push</title><script>
const got = []
navigator.serviceWorker.onmessage = event => got.push(event.data)
async function subscribe (key) {
  await navigator.serviceWorker.register('/worker.js')
  const registration = await navigator.serviceWorker.ready
  return (await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key })).toJSON()
}
</script>`
const worker = `
self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', event => event.waitUntil(self.clients.claim()))
self.addEventListener('push', event => event.waitUntil((async () => {
  for (const client of await self.clients.matchAll({ includeUncontrolled: true })) client.postMessage(event.data.text())
})()))`

const serve = handler => new Promise(resolve => {
  const server = http.createServer(handler)
  server.listen(0, '127.0.0.1', () => resolve(server))
})

let socket          // the browser's
const acknowledged = []
const headersSeen = []

function answer (message) {
  const say = reply => socket.send(JSON.stringify({ messageType: message.messageType, status: 200, ...reply }))
  switch (message.messageType) {
    case 'hello': return say({ uaid: message.uaid || crypto.randomUUID().replaceAll('-', ''), use_webpush: true })
    case 'register':
      return say({ channelID: message.channelID, pushEndpoint: `http://127.0.0.1:${service.address().port}/push/${message.channelID}` })
    case 'unregister': return say({ channelID: message.channelID })
    case 'ack': return acknowledged.push(...message.updates.map(update => update.code))
  }
}

function take (request, response) {
  const pieces = []
  request.on('data', piece => pieces.push(piece))
  request.on('end', () => {
    headersSeen.push(request.headers)
    const version = crypto.randomUUID()
    socket.send(JSON.stringify({
      messageType: 'notification', channelID: request.url.split('/').pop(), version,
      data: Buffer.concat(pieces).toString('base64url'), headers: { encoding: request.headers['content-encoding'] }
    }))
    response.writeHead(201, { location: `/message/${version}` }).end()
  })
}

let service
async function main () {
  const { default: puppeteer } = await import('puppeteer-core')
  service = await serve(take)
  const site = await serve((request, response) => {
    const script = request.url === '/worker.js'
    response.writeHead(200, { 'content-type': script ? 'text/javascript' : 'text/html' }).end(script ? worker : page)
  })
  new WebSocketServer({ server: service }).on('connection', one => {
    socket = one
    one.on('message', data => answer(JSON.parse(data.toString())))
  })
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'cs-firefox-'))
  process.on('exit', () => fs.rmSync(profile, { recursive: true, force: true }))
  const browser = await puppeteer.launch({
    browser: 'firefox', executablePath: process.argv[2], headless: true, userDataDir: profile,
    extraPrefsFirefox: {
      'dom.push.enabled': true,
      'dom.push.connection.enabled': true,
      'dom.push.serverURL': `ws://localhost:${service.address().port}/`,
      'dom.push.testing.allowInsecureServerURL': true,
      'dom.serviceWorkers.enabled': true,
      'permissions.default.desktop-notification': 1,
      // Whatever a browser asks of the world by itself goes to a port where nobody listens.
      'network.proxy.type': 1,
      'network.proxy.http': '127.0.0.1',
      'network.proxy.http_port': 9,
      'network.proxy.ssl': '127.0.0.1',
      'network.proxy.ssl_port': 9,
      'network.proxy.no_proxies_on': 'localhost, 127.0.0.1',
      'network.proxy.allow_hijacking_localhost': false
    }
  })
  const tab = await browser.newPage()
  await tab.goto(`http://localhost:${site.address().port}/`)
  process.stdout.write(JSON.stringify({ service: service.address().port, version: await browser.version() }) + '\n')
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { word, key } = JSON.parse(line)
    const out = word === 'subscribe'
      ? await tab.evaluate(key => subscribe(key), key).catch(error => ({ error: error.message }))
      : { got: await tab.evaluate(() => got), acknowledged, headers: headersSeen }
    process.stdout.write(JSON.stringify(out) + '\n')
  }
  await browser.close()
  process.exit(0)
}
main().catch(error => { console.error(error); process.exit(1) })
